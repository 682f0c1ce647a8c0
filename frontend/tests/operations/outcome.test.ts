import { expect, test } from "vitest";

import { again, resultWords } from "@/features/operations/outcome";
import { connect } from "@/state/launcher";
import type { OperationSnapshot } from "@/transport/contract.generated";

import { FakeTransport } from "../fake-transport";
import { instance, operation, version } from "../samples";

function ended(kind: string, result: object): OperationSnapshot {
  return operation(kind, "v1", { state: "succeeded", result: result as Record<string, unknown> });
}

test("the result of each kind is a sentence", () => {
  expect(resultWords(ended("versions.install", { ...version("v1") }))).toBe(
    "78 packages with torch 2.13.0+cu130, 1.9 GB of its own.",
  );
  expect(resultWords(ended("versions.launch", { instance: instance("v1"), model_count: 3, advice: null }))).toBe(
    "It answers at http://127.0.0.1:8188, after 4.7 s.",
  );
  expect(resultWords(ended("versions.stop", { words: "exit code 0", seconds: 1.2 }))).toBe(
    "It ended after 1.2 s: exit code 0.",
  );
  expect(resultWords(ended("versions.empty_trash", { bytes: 1_900_000_000, entries: 1 }))).toBe("That freed 1.9 GB.");
});

test("a launch without models says what is missing for making pictures", () => {
  const launched = ended("versions.launch", { instance: instance("v1"), model_count: 0, advice: "Add a model." });
  expect(resultWords(launched)).toMatch(/Add a model\.$/);
});

test("what failed and what a newer launcher does have no result in words", () => {
  expect(resultWords(operation("versions.install", "v1", { state: "failed" }))).toBeNull();
  expect(resultWords(ended("models.fetch", {}))).toBeNull();
});

test("trying again asks for the same: by the name of what it was about", async () => {
  const launcher = new FakeTransport().answer("versions.install", {
    operation_id: "next",
    kind: "versions.install",
    subject: "v1",
  });
  connect(launcher);
  const request = again(operation("versions.install", "v1", { state: "failed" }));
  expect((await request?.ask())?.operation_id).toBe("next");
  expect(launcher.asked("versions.install")).toEqual([{ reference: "v1" }]);
});

test("a launch is tried again, and the launcher says whether there is a GPU for it", async () => {
  const launcher = new FakeTransport().answer("versions.launch", { operation_id: "next", kind: "versions.launch", subject: "v1" });
  connect(launcher);
  await again(operation("versions.launch", "v1", { state: "failed" }))?.ask();
  expect(launcher.asked("versions.launch")).toEqual([{ tag: "v1" }]);
});

test.each(["versions.install", "versions.launch", "versions.stop", "versions.empty_trash"])(
  "a result of %s as another release writes it breaks nothing",
  (kind) => {
    for (const result of [{}, { instance: null, torch: "2.13", bytes: "many", words: 3, package_count: null }]) {
      expect(resultWords(ended(kind, result))).toBeNull();
    }
  },
);

test("only what did not work out is tried again", () => {
  expect(again(operation("versions.install", "v1"))).toBeNull();
  expect(again(operation("versions.install", "v1", { state: "succeeded" }))).toBeNull();
  expect(again(operation("models.fetch", "v1", { state: "failed" }))).toBeNull();
  expect(again(operation("versions.releases", "releases", { state: "interrupted" }))).not.toBeNull();
});
