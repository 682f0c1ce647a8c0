import { describe, expect, it } from "vitest";

import { merged } from "@/state/operations";
import type { OperationSnapshot } from "@/transport/contract.generated";

import { jobs, operation } from "../samples";

const progress = operation("x", "x").progress;

function at(elapsed_seconds: number, more: Partial<OperationSnapshot> = {}): OperationSnapshot {
  return operation("versions.install", "v0.3.64", { progress: { ...progress, elapsed_seconds }, ...more });
}

describe("two tales of the same operation", () => {
  it.each<[string, OperationSnapshot, OperationSnapshot, OperationSnapshot]>([
    ["what has ended does not begin again", at(1, { state: "failed" }), at(2), at(1, { state: "failed" })],
    ["what is told of its end counts", at(2), at(1, { state: "succeeded" }), at(1, { state: "succeeded" })],
    ["more progress counts", at(5), at(3), at(5)],
    ["what is being cancelled is not running again", at(3, { state: "cancelling" }), at(4), at(3, { state: "cancelling" })],
    ["of equals the later told", at(3, { subject: "a" }), at(3, { subject: "b" }), at(3, { subject: "b" })],
  ])("%s", (_name, known, next, stays) => {
    expect(merged(jobs(known), jobs(next)).operations).toEqual([stays]);
  });
});

it("problems are those of the newest answer", () => {
  const problem = { path: "/o/x.jsonl", reason: "It is torn.", recovered: false };
  expect(merged({ ...jobs(), problems: [problem] }, jobs()).problems).toEqual([]);
  expect(merged(jobs(), { ...jobs(), problems: [problem] }).problems).toEqual([problem]);
});

describe("an operation that an answer does not have", () => {
  const [old, now, young] = ["2025-10-19", "2025-10-20", "2025-10-21"].map((created_at) => operation("k", created_at, { created_at }));

  it("stays when it began later, and goes when it is no longer on record", () => {
    const known = jobs(...([young, now, old] as OperationSnapshot[]));
    const { operations } = merged(known, jobs(now as OperationSnapshot));
    expect(operations.map(({ subject }) => subject)).toEqual(["2025-10-21", "2025-10-20"]);
  });
});
