import { ArchiveRestore, Trash2 } from "lucide-react";

import { restoreAll } from "@/state/changes";
import { useAnswer } from "@/state/launcher";
import { useRunning } from "@/state/operations";
import { toAddress } from "@/state/route";
import type { TrashedVersion, TrashList } from "@/transport/contract.generated";
import { ActButton } from "@/ui/act-button";
import { Button } from "@/ui/button";
import { ProblemNotice } from "@/ui/problems";
import { Screen } from "@/ui/screen";
import { Empty, ErrorCard, SkeletonRows } from "@/ui/states";
import { Card } from "@/ui/surfaces";
import { t } from "@/words";

import { askToDelete } from "./asking";
import { DeleteDialog } from "./delete-dialog";
import { sumWords } from "./entries";
import { keptWords } from "./plan";
import { TrashTable } from "./trash-table";
import { useChosen } from "./use-chosen";
import { useListCommands } from "./use-trash-commands";

const idsOf = (entries: readonly TrashedVersion[]) => entries.map(({ entry }) => entry);

/** What was removed and waits: to be taken back, or to be deleted for good. */
export function Trash() {
  const { data, error, refetch } = useAnswer("versions.trash", {});
  const emptying = useRunning().some(({ kind }) => kind === "versions.empty_trash");
  const entries = data?.entries ?? [];
  return (
    <Screen
      title={t("Trash")}
      actions={
        entries.length > 0 && (
          <Button icon={<Trash2 aria-hidden />} busy={emptying} onClick={() => askToDelete(idsOf(entries))}>
            {t("Empty the trash…")}
          </Button>
        )
      }
    >
      {error && <ErrorCard error={error} onRetry={() => void refetch()} />}
      {!data && !error && (
        <Card>
          <SkeletonRows count={4} />
        </Card>
      )}
      {data && <ProblemNotice problems={data.problems} title={t("A part of the trash cannot be read")} missing={t("What it tells of stays where it is, and is not deleted.")} />}
      {data && (entries.length > 0 ? <Entries of={data} /> : <NothingInIt days={data.kept_days} />)}
    </Screen>
  );
}

function Entries({ of: { entries, kept_days: days } }: { readonly of: TrashList }) {
  const chosen = useChosen(entries);
  useListCommands(entries, chosen);
  const those = entries.filter(({ entry }) => chosen.ids.has(entry));
  const picking = those.length > 0;
  return (
    <div className="flex flex-col gap-3">
      <div className="tabular flex min-h-8 flex-wrap items-center gap-x-3 gap-y-1">
        <h2 className="font-semibold">
          <span role="status">{picking ? t("{sum} chosen", { sum: sumWords(those) }) : sumWords(entries)}</span>
        </h2>
        {picking ? <WithChosen those={those} onNone={() => chosen.chooseAll(false)} /> : <HowLong days={days} />}
      </div>
      <TrashTable entries={entries} chosen={chosen} />
      <DeleteDialog entries={entries} />
    </div>
  );
}

function HowLong({ days }: { readonly days: number }) {
  return (
    <p className="text-ink-soft">
      {t("Each stays {how_long} and can be taken back.", { how_long: keptWords(days) })}{" "}
      <a href={toAddress({ place: "settings", part: "disk" })} className="rounded-sm text-accent underline decoration-transparent underline-offset-2 hover:decoration-current">
        {t("Change that")}
      </a>
    </p>
  );
}

function WithChosen({ those, onNone }: { readonly those: readonly TrashedVersion[]; readonly onNone: () => void }) {
  return (
    <span className="ml-auto flex flex-wrap gap-1">
      <Button size="small" kind="quiet" onClick={onNone}>
        {t("Choose none")}
      </Button>
      <ActButton size="small" icon={<ArchiveRestore aria-hidden />} act={() => restoreAll(idsOf(those))}>
        {t("Take back")}
      </ActButton>
      <Button size="small" icon={<Trash2 aria-hidden />} onClick={() => askToDelete(idsOf(those))}>
        {t("Delete for good…")}
      </Button>
    </span>
  );
}

function NothingInIt({ days }: { readonly days: number }) {
  return (
    <Card>
      <Empty icon={<Trash2 aria-hidden />} title={t("The trash is empty")}>
        {t("A version that you remove waits here {how_long}, whole, and can be taken back. Its room is free again once it is deleted for good.", { how_long: keptWords(days) })}
      </Empty>
    </Card>
  );
}
