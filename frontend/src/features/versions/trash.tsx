import { ArchiveRestore, Trash2 } from "lucide-react";
import { useRef, useState } from "react";

import { emptyTrash, restore } from "@/state/changes";
import { useAnswer } from "@/state/launcher";
import { useRunning } from "@/state/operations";
import type { TrashedVersion } from "@/transport/contract.generated";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { ago, dateAndTime } from "@/ui/format";
import { useRoving } from "@/ui/roving";
import { Card, Section } from "@/ui/surfaces";
import { t } from "@/words";

import { ActButton } from "./act-button";

/** What was removed and can be taken back. Nothing is shown while that is nothing. */
export function Trash() {
  const { data } = useAnswer("versions.trash", {});
  const emptying = useRunning().some(({ kind }) => kind === "versions.empty_trash");
  const [asking, setAsking] = useState(false);
  const list = useRef<HTMLUListElement>(null);
  useRoving(list);
  const entries = data?.entries ?? [];
  if (entries.length === 0) return null;
  return (
    <Section
      title={entries.length === 1 ? t("1 version in the trash") : t("{count} versions in the trash", { count: entries.length })}
      actions={
        <Button size="small" kind="quiet" busy={emptying} icon={<Trash2 aria-hidden />} onClick={() => setAsking(true)}>
          {t("Empty the trash…")}
        </Button>
      }
    >
      <Card>
        <ul ref={list}>
          {entries.map((entry) => (
            <TrashRow key={entry.entry} entry={entry} />
          ))}
        </ul>
      </Card>
      <EmptyDialog open={asking} entries={entries} onClose={() => setAsking(false)} />
    </Section>
  );
}

function TrashRow({ entry: { entry, tag, trashed_at: at } }: { readonly entry: TrashedVersion }) {
  return (
    <li data-row className="flex h-10 items-center gap-3 border-b pr-3 pl-4 last:border-b-0">
      <span className="min-w-0 flex-1 truncate">
        {tag} <span className="text-sm text-ink-faint">{ago(at)}</span>
      </span>
      <ActButton size="small" kind="quiet" icon={<ArchiveRestore aria-hidden />} aria-label={t("Take back {tag}", { tag })} act={() => restore(entry)}>
        {t("Take back")}
      </ActButton>
    </li>
  );
}

interface EmptyDialogProps {
  readonly open: boolean;
  readonly entries: readonly TrashedVersion[];
  readonly onClose: () => void;
}

// There is no way back from this one, so it is asked for.
function EmptyDialog({ open, entries, onClose }: EmptyDialogProps) {
  const empty = () => {
    onClose();
    void emptyTrash();
  };
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={entries.length === 1 ? t("Delete this version for good?") : t("Delete these versions for good?")}
      description={t("What is deleted cannot be taken back, only installed again. Models, outputs and settings lie elsewhere and stay.")}
      actions={
        <>
          <Button autoFocus onClick={onClose}>
            {t("Keep")}
          </Button>
          <Button kind="danger" icon={<Trash2 aria-hidden />} onClick={empty}>
            {t("Delete for good")}
          </Button>
        </>
      }
    >
      <ul className="flex flex-col gap-1">
        {entries.map(({ entry, tag, trashed_at: at }) => (
          <li key={entry} className="flex flex-wrap items-baseline gap-x-3">
            <span className="font-medium">{tag}</span>
            <span className="tabular text-sm text-ink-faint">{t("in the trash since {when}", { when: dateAndTime(at) })}</span>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
