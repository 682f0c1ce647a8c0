import { Trash2 } from "lucide-react";

import { emptyTrash } from "@/state/changes";
import { useAnswer } from "@/state/launcher";
import type { TrashedVersion } from "@/transport/contract.generated";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { ago } from "@/ui/format";
import { ErrorCard } from "@/ui/states";
import { t } from "@/words";

import { stopAsking, useAsked } from "./asking";
import { InTheWay, PlanView } from "./plan-view";

/** There is no way back from this one: so it is asked for, with all that it does to the disk. */
export function DeleteDialog({ entries }: { readonly entries: readonly TrashedVersion[] }) {
  const asked = useAsked((state) => state.entries);
  const meant = entries.filter(({ entry }) => asked?.includes(entry));
  const names = meant.map(({ entry }) => entry);
  const { data, error, refetch } = useAnswer("versions.plan_empty_trash", { entries: names }, { enabled: names.length > 0 });
  const go = () => {
    stopAsking();
    void emptyTrash(names);
  };
  return (
    <Dialog
      open={names.length > 0}
      onClose={stopAsking}
      title={titleOf(meant)}
      description={t("What is deleted cannot be taken back, only installed again. Models, outputs and settings lie elsewhere and stay.")}
      actions={
        <>
          <Button autoFocus onClick={stopAsking}>
            {t("Keep")}
          </Button>
          {/* Nothing is deleted before it is known what that does. */}
          <Button kind="danger" icon={<Trash2 aria-hidden />} disabled={!data || data.in_the_way.length > 0} onClick={go}>
            {t("Delete for good")}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <Names of={meant} />
        {error ? <ErrorCard error={error} title={t("It could not be looked at")} onRetry={() => void refetch()} /> : <PlanView plan={data} when={t("comes back to the disk")} />}
        {data && <InTheWay plan={data} />}
      </div>
    </Dialog>
  );
}

function titleOf(meant: readonly TrashedVersion[]): string {
  const [first] = meant;
  if (first && meant.length === 1) return t("Delete {tag} for good?", { tag: first.tag });
  return t("Delete {count} versions for good?", { count: meant.length });
}

function Names({ of }: { readonly of: readonly TrashedVersion[] }) {
  return (
    // A region that scrolls has to be reachable by keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <ul tabIndex={0} aria-label={t("What is deleted")} className="tabular max-h-36 overflow-auto rounded-lg border px-4 py-2">
      {of.map(({ entry, tag, trashed_at: at }) => (
        <li key={entry} className="flex h-7 items-center justify-between gap-4">
          <span className="truncate font-medium">{tag}</span>
          <span className="text-sm whitespace-nowrap text-ink-faint">{t("removed {when}", { when: ago(at) })}</span>
        </li>
      ))}
    </ul>
  );
}
