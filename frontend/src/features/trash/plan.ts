/** What deleting would do to the disk, in words and as a bar. */

import type { EmptyingPlan } from "@/transport/contract.generated";
import { bytes, count } from "@/ui/format";
import { t } from "@/words";

/** What the plan of a removal and the plan of an emptying have in common. */
export type DeletionPlan = Omit<EmptyingPlan, "entries">;

/** Of what it takes on the disk now, what comes back, 0..1. */
export function shareThatComesBack({ frees_bytes: frees, shared_bytes: shared }: DeletionPlan): number {
  const all = frees + shared;
  return all > 0 ? frees / all : 1;
}

export function sharedWords({ shared_bytes: shared }: DeletionPlan): string {
  if (shared === 0) return t("Nothing of it is shared with other versions.");
  return t("{size} more stays, shared with other versions or the cache.", { size: bytes(shared) });
}

/** `41,207 files deleted, 37 links unlinked; what they lead to stays.` */
export function filesWords({ files, links }: DeletionPlan): string {
  const deleted = files === 1 ? t("1 file deleted") : t("{count} files deleted", { count: count(files) });
  if (links === 0) return t("{deleted}.", { deleted });
  const unlinked = links === 1 ? t("1 link unlinked; what it leads to stays") : t("{count} links unlinked; what they lead to stays", { count: count(links) });
  return t("{deleted}, {unlinked}.", { deleted, unlinked });
}

export function outsideWords({ outside_bytes: outside }: DeletionPlan): string {
  if (outside === 0) return t("0 bytes outside: nothing else is touched.");
  return t("{size} outside would go too.", { size: bytes(outside) });
}

/** For how long the trash keeps what is removed. */
export function keptWords(days: number): string {
  if (days === 0) return t("until you empty it");
  return days === 1 ? t("for a day") : t("for {days} days", { days: count(days) });
}
