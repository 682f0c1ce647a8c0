import { Check, ChevronRight, Download } from "lucide-react";
import { useId, type Ref } from "react";

import { followInstall, openInstall } from "@/state/install-dialog";
import { Button } from "@/ui/button";
import { classes } from "@/ui/classes";
import { date } from "@/ui/format";
import { Badge } from "@/ui/surfaces";
import { t } from "@/words";

import { NotesView } from "./notes-view";
import type { ReleaseRow as Row } from "./releases";

export interface ReleaseRowProps {
  readonly row: Row;
  readonly open: boolean;
  readonly onToggle: (tag: string) => void;
  /** For the virtual list, which measures what it shows. */
  readonly index?: number;
  readonly ref?: Ref<HTMLLIElement>;
}

/** A release: what it is, how new, its notes on demand, and the way to have it. */
export function ReleaseRow({ row, open, onToggle, index, ref }: ReleaseRowProps) {
  const { release } = row;
  const notes = useId();
  return (
    <li ref={ref} data-row data-index={index} className="border-b last:border-b-0">
      <div className="flex min-h-10 items-center gap-3 pr-3 pl-2 focus-within:bg-hover/50 hover:bg-hover/50">
        <button
          type="button"
          aria-expanded={open}
          aria-controls={notes}
          onClick={() => onToggle(release.tag)}
          className="flex min-w-0 flex-1 items-center gap-2 self-stretch rounded-md py-1 text-left"
        >
          <ChevronRight aria-hidden className={classes("size-4 shrink-0 text-ink-faint transition-transform", open && "rotate-90")} />
          <span className="tabular w-24 shrink-0 truncate font-medium">{release.tag}</span>
          <Marks row={row} />
          <span className="tabular ml-auto hidden shrink-0 text-right text-sm text-ink-faint @xl:block">
            {row.newerBy && <span className="mr-3 text-ink-soft">{row.newerBy}</span>}
            {release.published_at && <span className="inline-block w-24">{date(release.published_at)}</span>}
          </span>
        </button>
        <span className="flex w-24 shrink-0 justify-end">
          <GetButton row={row} />
        </span>
      </div>
      <div id={notes} hidden={!open} className="px-10 pt-1 pb-5">
        {open && <NotesView notes={release.notes} page={release.page} />}
      </div>
    </li>
  );
}

function Marks({ row: { isNew, release } }: { readonly row: Row }) {
  return (
    <span className="flex min-w-0 gap-1.5">
      {isNew && <Badge tone="accent">{t("New")}</Badge>}
      {release.prerelease && <Badge tone="warn">{t("Pre-release")}</Badge>}
    </span>
  );
}

function GetButton({ row: { installed, operation, release } }: { readonly row: Row }) {
  if (operation) {
    return (
      <Button size="small" onClick={() => followInstall(operation.id)}>
        {t("Installing…")}
      </Button>
    );
  }
  if (installed) {
    return (
      <span className="flex h-7 items-center gap-1.5 px-2.5 text-sm text-ink-faint">
        <Check aria-hidden className="size-3.5" />
        {t("Installed")}
      </span>
    );
  }
  return (
    <Button
      size="small"
      icon={<Download aria-hidden />}
      aria-label={t("Install {tag}…", { tag: release.tag })}
      onClick={() => openInstall(release.tag)}
    >
      {t("Install")}
    </Button>
  );
}
