/** A start as a row of stretches: what took how long. */

import { stepTitle } from "@/features/operations/wording";
import type { Moment } from "@/features/operations/step-times";
import { t } from "@/words";

export interface Stretch {
  readonly title: string;
  /** Seconds since the start began. */
  readonly from: number;
  /** Null: it is under way. */
  readonly to: number | null;
}

/** `end`: how long the whole start took; null while it is under way. */
export function stretchesOf(moments: readonly Moment[], end: number | null): readonly Stretch[] {
  return moments.map((moment, index) => {
    const next = moments[index + 1];
    return {
      title: titleOf(moment, next),
      from: moment.at,
      to: next ? next.at : end,
    };
  });
}

// Within a step, what is said is what has just been reached: the stretch before led to it.
function titleOf(moment: Moment, next: Moment | undefined): string {
  if (next && next.step === moment.step && next.detail) return until(next.detail);
  if (moment.step === "ready" && moment.detail) return t("Until it answers");
  return stepTitle("versions.launch", moment.step);
}

function until(detail: string): string {
  return t("Until {what}", { what: detail });
}

/** The length of the whole, for drawing; never 0. */
export function lengthOf(stretches: readonly Stretch[], now: number): number {
  return Math.max(0.1, ...stretches.map(({ from, to }) => to ?? Math.max(from, now)));
}
