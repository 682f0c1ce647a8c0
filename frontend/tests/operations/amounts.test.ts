import { expect, test } from "vitest";

import { amountWords, drawnFraction, elapsedSeconds, remainingWords, stageWords } from "@/features/operations/amounts";
import type { OperationSnapshot, Progress } from "@/transport/contract.generated";

import { operation } from "../samples";

const BEGUN = Date.parse("2025-10-20T10:00:00Z");

function at(progress: Partial<Progress>, more: Partial<OperationSnapshot> = {}): OperationSnapshot {
  const plain = operation("versions.install", "v1", more);
  return { ...plain, progress: { ...plain.progress, ...progress } };
}

test("the clock of what is at work goes on between two events", () => {
  expect(elapsedSeconds(at({ elapsed_seconds: 4 }), BEGUN + 9000)).toBe(9);
});

test("the time of what has ended stands still", () => {
  const ended = at({ elapsed_seconds: 4 }, { state: "succeeded", finished_at: "2025-10-20T10:00:05Z" });
  expect(elapsedSeconds(ended, BEGUN + 90_000)).toBe(4);
});

test("what ended without a word took from its begin to its end", () => {
  const ended = at({}, { state: "interrupted", finished_at: "2025-10-20T10:00:05Z" });
  expect(elapsedSeconds(ended, BEGUN)).toBe(5);
});

test("what is left shrinks while nothing new is said, and is no longer told once it is over", () => {
  const going = at({ elapsed_seconds: 10, remaining_seconds: 30 });
  expect(remainingWords(going, BEGUN + 10_000)).toBe("About 30 s left");
  expect(remainingWords(going, BEGUN + 22_000)).toBe("About 20 s left");
  expect(remainingWords(going, BEGUN + 40_000)).toBeNull();
});

test("a long rest is told in round numbers", () => {
  expect(remainingWords(at({ remaining_seconds: 133 }), BEGUN)).toBe("About 2 min 20 s left");
});

test("nothing is said of a rest that nobody knows, or of what is being cancelled", () => {
  expect(remainingWords(at({ remaining_seconds: null }), BEGUN)).toBeNull();
  expect(remainingWords(at({ remaining_seconds: 9 }, { state: "cancelling" }), BEGUN)).toBeNull();
});

test("packages are counted; the marks of a start are no amount", () => {
  expect(amountWords(at({ step: "packages", done: 12, total: 38 }).progress)).toBe("12 of 38 packages");
  expect(amountWords(at({ step: "ready", done: 35, total: 100 }).progress)).toBeNull();
});

test("a stage is told where there are several", () => {
  expect(stageWords(at({ step_number: 3, step_count: 7 }).progress)).toBe("Stage 3 of 7");
  expect(stageWords(at({ step_number: 1, step_count: 1 }).progress)).toBeNull();
  expect(stageWords(at({ step_number: 0, step_count: 7 }).progress)).toBeNull();
});

test("before its first step nobody can say how far it is", () => {
  expect(drawnFraction(at({ step_number: 0 }))).toBeNull();
  expect(drawnFraction(at({ step_number: 2, fraction: 0.4 }))).toBe(0.4);
  expect(drawnFraction(at({ fraction: 0.4 }, { state: "succeeded" }))).toBe(1);
});
