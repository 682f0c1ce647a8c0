import { ArchiveRestore, ListChecks, Trash2 } from "lucide-react";
import { toast } from "sonner";

import { restoreAll } from "@/state/changes";
import { useCommands } from "@/state/commands";
import { useAnswer } from "@/state/launcher";
import { go } from "@/state/route";
import type { TrashedVersion } from "@/transport/contract.generated";
import { ago } from "@/ui/format";
import { t } from "@/words";

import { askToDelete } from "./asking";
import { meant } from "./entries";
import type { Chosen } from "./use-chosen";

/** What the palette can do with the trash, in every place. */
export function useTrashCommands(): void {
  const entries = useAnswer("versions.trash", {}).data?.entries ?? [];
  const group = t("Trash");
  const empty = () => {
    go({ place: "trash" });
    askToDelete(entries.map(({ entry }) => entry));
  };
  useCommands(
    entries.length === 0
      ? []
      : [
          { id: "trash-empty", title: t("Empty the trash…"), group, icon: <Trash2 />, keywords: "delete for good free disk", run: empty },
          ...entries.map(({ entry, tag, trashed_at: at }) => ({
            id: `trash-restore-${entry}`,
            title: t("Take back {tag}, removed {when}", { tag, when: ago(at) }),
            group,
            icon: <ArchiveRestore />,
            keywords: "restore undo",
            run: () => void restoreAll([entry]),
          })),
        ],
  );
}

/** What the keyboard can do in the list: with what is chosen, or with the row that has the focus. */
export function useListCommands(entries: readonly TrashedVersion[], { ids, chooseAll }: Chosen): void {
  const group = t("Trash");
  const withMeant = (act: (entries: readonly string[]) => void) => () => {
    const row = document.activeElement?.closest<HTMLElement>("[data-entry]");
    const those = meant(entries, ids, row?.dataset["entry"] ?? null).map(({ entry }) => entry);
    if (those.length === 0) toast(t("Nothing is chosen yet"), { id: "nothing-chosen" });
    else act(those);
  };
  useCommands([
    { id: "trash-take-back", title: t("Take back what is chosen"), group, shortcut: "u", icon: <ArchiveRestore />, keywords: "restore undo", run: withMeant((those) => void restoreAll(those)) },
    { id: "trash-delete", title: t("Delete what is chosen for good…"), group, shortcut: "delete", icon: <Trash2 />, run: withMeant(askToDelete) },
    { id: "trash-all", title: t("Choose everything, or nothing"), group, shortcut: "mod+a", icon: <ListChecks />, run: () => chooseAll(ids.size < entries.length) },
  ]);
}
