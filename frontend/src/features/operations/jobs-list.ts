/** The history in its order, and what a filter leaves of it. */

import { isFinal } from "@/state/operations";
import type { OperationSnapshot } from "@/transport/contract.generated";

export type JobFilter = "all" | "running" | "done" | "failed";

/** What runs first, then the newest. */
export function inOrder(operations: readonly OperationSnapshot[]): readonly OperationSnapshot[] {
  return operations.toSorted(
    (one, other) =>
      Number(isFinal(one)) - Number(isFinal(other)) ||
      Date.parse(other.created_at) - Date.parse(one.created_at),
  );
}

export function passes(operation: OperationSnapshot, filter: JobFilter): boolean {
  switch (filter) {
    case "all":
      return true;
    case "running":
      return !isFinal(operation);
    case "done":
      return operation.state === "succeeded";
    case "failed":
      return isFinal(operation) && operation.state !== "succeeded";
  }
}
