/** How far an operation is, in numbers with their units. */

import type { OperationSnapshot, Progress } from "@/transport/contract.generated";
import { isFinal } from "@/state/operations";
import { count, seconds } from "@/ui/format";
import { t } from "@/words";

/** How long it has been at work, or was. */
export function elapsedSeconds(operation: OperationSnapshot, now: number): number {
  const told = operation.progress.elapsed_seconds;
  if (operation.finished_at !== null) {
    const whole = (Date.parse(operation.finished_at) - Date.parse(operation.created_at)) / 1000;
    return told > 0 ? told : Math.max(0, whole);
  }
  // What it told last is as old as its last event; the clock goes on meanwhile.
  return Math.max(told, (now - Date.parse(operation.created_at)) / 1000);
}

/** `About 2 min 10 s left`; null while nobody can say, or while it takes longer than was said. */
export function remainingWords(operation: OperationSnapshot, now: number): string | null {
  const { remaining_seconds: told, elapsed_seconds: whenTold } = operation.progress;
  if (told === null || !Number.isFinite(told) || operation.state !== "running") return null;
  const left = told - Math.max(0, elapsedSeconds(operation, now) - whenTold);
  return left < 1 ? null : t("About {time} left", { time: seconds(rounded(left)) });
}

// An estimate that changes with each event is no easier to read for being exact.
function rounded(value: number): number {
  if (value < 10) return Math.ceil(value);
  if (value < 60) return Math.ceil(value / 5) * 5;
  return Math.ceil(value / 10) * 10;
}

/** `12 of 38`, where a step counts something that people count too. */
export function amountWords({ step, done, total }: Progress): string | null {
  if (step !== "packages" || done === null || total === null) return null;
  return t(total === 1 ? "{done} of 1 package" : "{done} of {total} packages", { done: count(done), total: count(total) });
}

/** `Stage 3 of 7`; null before the first. */
export function stageWords({ step_number: number, step_count: all }: Progress): string | null {
  return number > 0 && all > 1 ? t("Stage {number} of {all}", { number, all }) : null;
}

/** The fraction to draw; null while nothing is known. */
export function drawnFraction(operation: OperationSnapshot): number | null {
  if (isFinal(operation)) return operation.state === "succeeded" ? 1 : operation.progress.fraction;
  return operation.progress.step_number === 0 ? null : operation.progress.fraction;
}
