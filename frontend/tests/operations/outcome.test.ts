import { expect, test } from "vitest";

import { again, resultWords } from "@/features/operations/outcome";
import { useInstallDialog } from "@/state/install-dialog";
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

test("trying again asks for what was asked, which the launcher has on record", async () => {
  const launcher = new FakeTransport().answer("operations.retry", { operation_id: "next", kind: "versions.install", subject: "v1" });
  connect(launcher);
  const failed = operation("versions.install", "v1", { id: "first", state: "failed", request: { reference: "v1" } });
  expect((await again(failed)?.ask())?.operation_id).toBe("next");
  expect(launcher.asked("operations.retry")).toEqual([{ operation_id: "first" }]);
});

test("where it is not on record how it was asked, an installation is asked for in its dialog, with its price", async () => {
  const launcher = new FakeTransport();
  connect(launcher);
  expect(await again(operation("versions.install", "v1", { state: "interrupted" }))?.ask()).toBeNull();
  expect(useInstallDialog.getState()).toMatchObject({ open: true, reference: "v1" });
  expect(launcher.calls).toEqual([]);
});

test("an emptying of the trash that nobody has on record is not guessed at", async () => {
  const launcher = new FakeTransport();
  connect(launcher);
  await again(operation("versions.empty_trash", "trash", { state: "failed" }))?.ask();
  expect(location.hash).toBe("#/trash");
  expect(launcher.calls).toEqual([]);
});

test("what was finished at the next start is not asked for again", () => {
  const recovery = { outcome: "finished", words: "It is installed." } as const;
  expect(again(operation("versions.install", "v1", { state: "interrupted", request: {}, recovery }))).toBeNull();
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
