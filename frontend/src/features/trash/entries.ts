/** What lies in the trash, and what is chosen of it. */

import { isFinal } from "@/state/operations";
import type { OperationSnapshot, TrashedVersion } from "@/transport/contract.generated";
import { ahead, bytes, count } from "@/ui/format";
import { t } from "@/words";

/** What they take together, where all of it is known; `at least 1.9 GB` where a part is not. */
export function sizeWords(entries: readonly TrashedVersion[]): string | null {
  const known = entries.flatMap((entry) => entry.bytes ?? []);
  if (known.length === 0) return null;
  const size = bytes(known.reduce((sum, one) => sum + one, 0));
  return known.length === entries.length ? size : t("at least {size}", { size });
}

/** `3 versions · 5.7 GB`. */
export function sumWords(entries: readonly TrashedVersion[]): string {
  const many = entries.length === 1 ? t("1 version") : t("{count} versions", { count: count(entries.length) });
  return [many, sizeWords(entries)].filter(Boolean).join(" · ");
}

/** When it is deleted for good: `in 12 days`. */
export function endWords({ expires_at: at }: TrashedVersion, now: number = Date.now()): string {
  if (at === null) return t("when you empty it");
  // Its days are over: the launcher takes a second look a day later, and then deletes it.
  return Date.parse(at) <= now ? t("soon") : ahead(at, now);
}

/** Whether it is being deleted now. */
export function isGoing({ entry }: TrashedVersion, operations: readonly OperationSnapshot[]): boolean {
  return operations.some((one) => {
    if (one.kind !== "versions.empty_trash" || isFinal(one)) return false;
    const named = one.request?.["entries"];
    return Array.isArray(named) ? named.includes(entry) : true;
  });
}

/** What an action is about: what is chosen, or else the row that has the focus. */
export function meant(entries: readonly TrashedVersion[], chosen: ReadonlySet<string>, focused: string | null): readonly TrashedVersion[] {
  const picked = entries.filter(({ entry }) => chosen.has(entry));
  return picked.length > 0 ? picked : entries.filter(({ entry }) => entry === focused);
}
