/** Everything that takes time: what runs, what ran, and what its tools said. */

import { useMemo } from "react";
import { create } from "zustand";

import type { EndpointName, OperationList, OperationSnapshot } from "@/transport/contract.generated";

import { queryClient, refresh, remember, useAnswer } from "./launcher";

const KEPT_LINES = 500;

export function isFinal(operation: OperationSnapshot): boolean {
  return ["succeeded", "failed", "cancelled", "interrupted"].includes(operation.state);
}

/** Every operation on record, the newest first. */
export function useOperations(): readonly OperationSnapshot[] {
  return useAnswer("operations.list", {}).data?.operations ?? [];
}

/** Those at work now. */
export function useRunning(): readonly OperationSnapshot[] {
  const all = useOperations();
  return useMemo(() => all.filter((operation) => !isFinal(operation)), [all]);
}

/** Takes in what an event said about an operation. */
export function learn(told: OperationSnapshot): void {
  if (!queryClient.getQueryData(["operations.list", {}])) refresh("operations.list");
  remember("operations.list", {}, (now) => now && { ...now, operations: [told, ...now.operations] });
  if (isFinal(told)) refresh(...(CHANGED_BY[told.kind] ?? []));
}

// Whatever comes in, an answer or an event, meets what is known: an answer that was on its way while
// events came must not take back what they said.
queryClient.setQueryDefaults(["operations.list"], {
  structuralSharing: (known, next) => merged(known as OperationList | undefined, next as OperationList),
});

/** The newest of each operation, the newest operation first. */
export function merged(known: OperationList | undefined, next: OperationList): OperationList {
  const newest = new Map<string, OperationSnapshot>();
  for (const operation of [...next.operations, ...(known?.operations ?? [])]) {
    const other = newest.get(operation.id);
    if (!other || isAhead(operation, other)) newest.set(operation.id, operation);
  }
  // What `next` does not have began after it was made, or is no longer on record.
  const told = new Set(next.operations.map(({ id }) => id));
  const since = next.operations.at(0)?.created_at ?? "";
  return {
    problems: next.problems,
    operations: [...newest.values()]
      .filter(({ id, created_at }) => told.has(id) || created_at > since)
      .sort((one, other) => compare(other.created_at, one.created_at)),
  };
}

const compare = (one: string, other: string) => (one < other ? -1 : Number(one > other));

// How far a state is on the way to the end.
const RANK: Partial<Record<OperationSnapshot["state"], number>> = { queued: 0, running: 1, cancelling: 2 };
const END = 3;

function isAhead(one: OperationSnapshot, other: OperationSnapshot): boolean {
  const [rank, otherRank] = [RANK[one.state] ?? END, RANK[other.state] ?? END];
  if (rank !== otherRank) return rank > otherRank;
  return one.progress.elapsed_seconds > other.progress.elapsed_seconds;
}

const VERSIONS = ["versions.list", "versions.trash", "versions.check", "versions.constraints", "models.folders", "system.info"] as const;

// What an operation has changed once it has ended, by its kind.
const CHANGED_BY: Readonly<Record<string, readonly EndpointName[]>> = {
  "versions.install": VERSIONS,
  "versions.uninstall": VERSIONS,
  "versions.empty_trash": VERSIONS,
  "versions.launch": ["versions.list", "versions.check"],
  "versions.stop": ["versions.list", "versions.check"],
  "versions.releases": ["versions.releases"],
};

interface OperationLogs {
  readonly lines: Readonly<Record<string, readonly string[]>>;
  add(operationId: string, line: string): void;
}

/** The last lines of the tools behind each operation, as far as this page has heard them. */
export const useOperationLogs = create<OperationLogs>((set) => ({
  lines: {},
  add: (operationId, line) =>
    set(({ lines }) => ({
      lines: { ...lines, [operationId]: [...(lines[operationId] ?? []), line].slice(-KEPT_LINES) },
    })),
}));
