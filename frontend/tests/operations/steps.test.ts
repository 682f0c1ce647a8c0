import { expect, test } from "vitest";

import { inOrder, passes } from "@/features/operations/jobs-list";
import { stagesOf } from "@/features/operations/stages";
import { type Moments, noted, stepSeconds } from "@/features/operations/step-times";
import type { OperationSnapshot, Progress } from "@/transport/contract.generated";

import { operation } from "../samples";

function at(progress: Partial<Progress>, more: Partial<OperationSnapshot> = {}): OperationSnapshot {
  const plain = operation("versions.launch", "v1", more);
  return { ...plain, progress: { ...plain.progress, ...progress } };
}

test("steps are done, under way or to come", () => {
  const states = stagesOf(at({ step: "start", step_number: 2 })).map(({ state }) => state);
  expect(states).toEqual(["done", "now", "next"]);
});

test("what failed shows where it broke and what was not reached", () => {
  const states = stagesOf(at({ step: "start", step_number: 2 }, { state: "failed" })).map(({ state }) => state);
  expect(states).toEqual(["done", "broken", "skipped"]);
});

test("what worked out has all its steps behind it", () => {
  const states = stagesOf(at({ step: "ready", step_number: 3 }, { state: "succeeded" })).map(({ state }) => state);
  expect(states).toEqual(["done", "done", "done"]);
});

test("an unknown kind shows at least the step that it is at", () => {
  const unknown = { ...at({ step: "mix", step_number: 1 }), kind: "paint.mix" };
  expect(stagesOf(unknown)).toEqual([{ name: "mix", title: "mix", state: "now" }]);
});

test("an unknown kind is at its step, whatever number that has", () => {
  const unknown = { ...at({ step: "mix", step_number: 3, step_count: 4 }), kind: "paint.mix" };
  expect(stagesOf(unknown).map(({ state }) => state)).toEqual(["now"]);
});

test("a step is known by its name, where another release counts otherwise", () => {
  const states = stagesOf(at({ step: "start", step_number: 3, step_count: 4 })).map(({ state }) => state);
  expect(states).toEqual(["done", "now", "next"]);
  expect(stagesOf(at({ step: "warm-up", step_number: 2 })).map(({ state }) => state)).toEqual(["done", "now", "next"]);
});

test("each step is noted once, at the time that it was first heard of", () => {
  let moments: Moments = {};
  for (const [step, elapsed] of [["prepare", 0.1], ["start", 0.4], ["start", 0.9], ["ready", 1.2]] as const) {
    moments = noted(moments, [at({ step, elapsed_seconds: elapsed })]);
  }
  const heard = moments["versions.launch-v1"] ?? [];
  expect(heard.map(({ step, at: when }) => [step, when])).toEqual([["prepare", 0.1], ["start", 0.4], ["ready", 1.2]]);
  const took = stepSeconds(heard, 5.2);
  expect(took.get("start")).toBeCloseTo(0.8);
  expect(took.get("ready")).toBeCloseTo(4);
});

test("while it runs, the length of the step under way is not known", () => {
  expect(stepSeconds([{ step: "prepare", detail: null, at: 0.1 }], null).size).toBe(0);
});

test("the marks of a start are noted, the names of packages are not", () => {
  const ready = noted({}, [at({ step: "ready", detail: "torch is loaded" })]);
  const again = noted(ready, [at({ step: "ready", detail: "ComfyUI is loaded" })]);
  expect(again["versions.launch-v1"]).toHaveLength(2);
  const packages = noted({}, [at({ step: "packages", detail: "downloaded torch" })]);
  expect(noted(packages, [at({ step: "packages", detail: "downloaded numpy" })])).toBe(packages);
});

test("jobs at work come first, then the newest", () => {
  const old = operation("versions.install", "old", { state: "succeeded", created_at: "2025-10-01T00:00:00Z" });
  const late = operation("versions.install", "late", { state: "failed", created_at: "2025-10-03T00:00:00Z" });
  const busy = operation("versions.install", "busy", { created_at: "2025-10-02T00:00:00Z" });
  expect(inOrder([old, late, busy]).map(({ subject }) => subject)).toEqual(["busy", "late", "old"]);
});

test("what was cancelled or interrupted is found among what failed", () => {
  const as = (state: OperationSnapshot["state"]) => operation("versions.install", "v1", { state });
  expect(passes(as("cancelled"), "failed")).toBe(true);
  expect(passes(as("interrupted"), "failed")).toBe(true);
  expect(passes(as("succeeded"), "failed")).toBe(false);
  expect(passes(as("cancelling"), "running")).toBe(true);
  expect(passes(as("succeeded"), "done")).toBe(true);
});
