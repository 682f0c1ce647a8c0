/** When the steps of an operation began, as far as this page was there to hear it. */

import { useEffect } from "react";
import { create } from "zustand";

import { useOperations } from "@/state/operations";
import type { OperationSnapshot } from "@/transport/contract.generated";

/** A moment of an operation: the begin of a step, or something that was said within it. */
export interface Moment {
  readonly step: string;
  readonly detail: string | null;
  /** Seconds since the operation began. */
  readonly at: number;
}

export type Moments = Readonly<Record<string, readonly Moment[]>>;

// A detail that counts up, such as the name of each package, would drown what matters.
const DETAILED = new Set(["ready"]);

/** `moments` with what the snapshots add to them; the same object when that is nothing. */
export function noted(moments: Moments, operations: readonly OperationSnapshot[]): Moments {
  const fresh: Record<string, readonly Moment[]> = {};
  for (const { id, state, progress } of operations) {
    if (state !== "running" || progress.step === null) continue;
    const { step } = progress;
    const detail = DETAILED.has(step) ? progress.detail : null;
    const known = moments[id] ?? [];
    if (known.some((one) => one.step === step && one.detail === detail)) continue;
    fresh[id] = known.concat({ step, detail, at: progress.elapsed_seconds });
  }
  return Object.keys(fresh).length === 0 ? moments : { ...moments, ...fresh };
}

const useStepTimes = create<{ readonly moments: Moments }>(() => ({ moments: {} }));

/** Goes on noting while the calling component is shown. */
export function useNoteSteps(): void {
  const operations = useOperations();
  useEffect(() => {
    useStepTimes.setState(({ moments }) => ({ moments: noted(moments, operations) }));
  }, [operations]);
}

const NONE: readonly Moment[] = [];

/** The moments of an operation that were heard. */
export function useMoments(operationId: string | undefined): readonly Moment[] {
  return useStepTimes(({ moments }) => (operationId ? (moments[operationId] ?? NONE) : NONE));
}

/** How long each step took, where its begin and the next one's were heard. */
export function stepSeconds(
  moments: readonly Moment[],
  end: number | null,
): ReadonlyMap<string, number> {
  const begins = moments.filter((moment, index) => moments.findIndex((one) => one.step === moment.step) === index);
  const found = new Map<string, number>();
  begins.forEach((begin, index) => {
    const next = begins[index + 1]?.at ?? end;
    if (next !== null) found.set(begin.step, Math.max(0, next - begin.at));
  });
  return found;
}
