import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { operationTitle, stateTone, stateWords, stepsOf, stepTitle } from "@/features/operations/wording";

const TRACKER = join(import.meta.dirname, "../../../backend/installation_progress_tracker.py");

// `INSTALL_STEPS: Final = (Step("prepare", 1), ...)`, also over several lines.
function stepsOfTheLauncher(name: string): string[] {
  const source = readFileSync(TRACKER, "utf-8");
  const body = new RegExp(`^${name}: Final = \\(([\\s\\S]*?)\\n?\\)$`, "m").exec(source)?.[1] ?? "";
  return [...body.matchAll(/Step\("(\w+)"/g)].map((match) => match[1] ?? "");
}

test.each([
  ["versions.install", "INSTALL_STEPS"],
  ["versions.launch", "LAUNCH_STEPS"],
  ["versions.stop", "STOP_STEPS"],
  ["versions.uninstall", "UNINSTALL_STEPS"],
  ["versions.empty_trash", "EMPTY_TRASH_STEPS"],
  ["versions.releases", "REFRESH_STEPS"],
])("the steps of %s are those of the launcher, in its order", (kind, name) => {
  const steps = stepsOfTheLauncher(name);
  expect(steps.length).toBeGreaterThan(0);
  expect(stepsOf(kind).map((step) => step.name)).toEqual(steps);
});

test("a title says what is done, and what became of it", () => {
  const of = (state: Parameters<typeof operationTitle>[0]["state"]) =>
    operationTitle({ kind: "versions.install", subject: "v0.3.64", state });
  expect(of("queued")).toBe("Installing v0.3.64");
  expect(of("cancelling")).toBe("Installing v0.3.64");
  expect(of("succeeded")).toBe("Installed v0.3.64");
  expect(of("failed")).toBe("Installing v0.3.64 failed");
  expect(of("cancelled")).toBe("Installing v0.3.64 was cancelled");
  expect(of("interrupted")).toBe("Installing v0.3.64 was interrupted");
});

test("a kind that nobody here knows is named as the launcher names it", () => {
  expect(operationTitle({ kind: "models.fetch", subject: "flux", state: "succeeded" })).toBe("models.fetch flux");
  expect(stepsOf("models.fetch")).toEqual([]);
  expect(stepTitle("models.fetch", "download")).toBe("download");
});

test("a state of another release goes by its own name, and so does a kind with a name of JavaScript", () => {
  expect([stateWords("paused"), stateTone("paused")]).toEqual(["paused", "plain"]);
  expect(stateWords("constructor")).toBe("constructor");
  expect(operationTitle({ kind: "constructor", subject: "x", state: "running" })).toBe("constructor x");
  expect(stepTitle("versions.install", "toString")).toBe("toString");
});
