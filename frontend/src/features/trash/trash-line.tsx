import { ChevronRight, Trash2 } from "lucide-react";

import { useAnswer } from "@/state/launcher";
import { toAddress } from "@/state/route";
import { t } from "@/words";

import { sizeWords } from "./entries";

/** That something waits in the trash, and how much; nothing while nothing does. */
export function TrashLine() {
  const entries = useAnswer("versions.trash", {}).data?.entries ?? [];
  if (entries.length === 0) return null;
  const size = sizeWords(entries);
  return (
    <a href={toAddress({ place: "trash" })} className="tabular flex h-11 items-center gap-3 rounded-xl border bg-surface px-4 text-ink-soft hover:bg-hover hover:text-ink">
      <Trash2 aria-hidden className="size-4 text-ink-faint" />
      <span className="min-w-0 flex-1 truncate">
        {entries.length === 1 ? t("1 version in the trash") : t("{count} versions in the trash", { count: entries.length })}
      </span>
      {size && <span className="text-sm">{size}</span>}
      <ChevronRight aria-hidden className="size-4 text-ink-faint" />
    </a>
  );
}
