/** The steps of an operation as they stand: done, now, next, or where it broke. */

import { isFinal } from "@/state/operations";
import type { OperationSnapshot } from "@/transport/contract.generated";

import { stepsOf, type StepWords, stepTitle } from "./wording";

export type StageState = "done" | "now" | "next" | "broken" | "skipped";

export interface Stage extends StepWords {
  readonly state: StageState;
}

export function stagesOf(operation: OperationSnapshot): readonly Stage[] {
  const { kind, progress } = operation;
  const steps = known(kind, progress.step);
  // By its name: another release may have more steps or fewer, and then numbers tell another one.
  const named = steps.findIndex(({ name }) => name === progress.step);
  const at = named >= 0 ? named : progress.step_number - 1;
  return steps.map((step, index) => ({ ...step, state: stateOf(operation, index - at) }));
}

// Of a kind that nobody here knows there is at least the step that it is at.
function known(kind: string, at: string | null): readonly StepWords[] {
  const steps = stepsOf(kind);
  if (steps.length > 0 || at === null) return steps;
  return [{ name: at, title: stepTitle(kind, at) }];
}

/** `ahead`: how many steps it lies ahead of the one that the operation is at. */
function stateOf(operation: OperationSnapshot, ahead: number): StageState {
  if (operation.state === "succeeded" || ahead < 0) return "done";
  if (ahead > 0) return isFinal(operation) ? "skipped" : "next";
  return isFinal(operation) ? "broken" : "now";
}
