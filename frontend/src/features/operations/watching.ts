/** What began and what ended between two looks at the list, and what of it is news to the user. */

import { isFinal } from "@/state/operations";
import type { Route } from "@/state/route";
import type { OperationSnapshot, OperationState } from "@/transport/contract.generated";

import { isQuiet } from "./wording";

export type Seen = ReadonlyMap<string, OperationState>;

// What appears in the list already ended is news only if that was just now.
const JUST_MS = 15_000;

export function seen(operations: readonly OperationSnapshot[]): Seen {
  return new Map(operations.map(({ id, state }) => [id, state]));
}

/** Those that began since `before`; none at the first look. */
export function begunSince(
  before: Seen | null,
  operations: readonly OperationSnapshot[],
): readonly OperationSnapshot[] {
  if (before === null) return [];
  return operations.filter((one) => !isFinal(one) && !before.has(one.id));
}

/** Those that ended since `before`; none at the first look. */
export function endedSince(
  before: Seen | null,
  operations: readonly OperationSnapshot[],
  now: number,
): readonly OperationSnapshot[] {
  if (before === null) return [];
  return operations.filter((one) => {
    if (!isFinal(one)) return false;
    const was = before.get(one.id);
    if (was === undefined) return now - Date.parse(one.finished_at ?? "") < JUST_MS;
    return !isFinal({ ...one, state: was });
  });
}

/** Where the user's eyes are, as far as a page can tell. */
export interface Attention {
  readonly route: Route;
  readonly trayOpen: boolean;
  /** The operation that a dialog follows to its end. */
  readonly followed: string | null;
  readonly pageVisible: boolean;
}

/** Whether the end of an operation is something to tell: not asked for away, and not in sight. */
export function isNews(operation: OperationSnapshot, attention: Attention): boolean {
  if (isQuiet(operation) || operation.state === "cancelled") return false;
  return !isInSight(operation, attention);
}

function isInSight(operation: OperationSnapshot, attention: Attention): boolean {
  const { route, trayOpen, followed, pageVisible } = attention;
  if (!pageVisible) return false;
  if (trayOpen || followed === operation.id) return true;
  if (route.place === "jobs") return route.part === operation.id;
  if (route.place === "version") return route.subject === operation.subject;
  // Home shows every version as it stands, but not why a start of another one failed.
  return route.place === "home" && operation.state === "succeeded";
}
