import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { type Fix, fixOf, withoutTerminal } from "@/state/advice";
import { TORCH_BUILDS } from "@/state/torch-builds";

const BACKEND = join(import.meta.dirname, "../../../backend");

// What each advice of the launcher is to do here. A new or a reworded one fails until it is looked at.
const INTENDED: Readonly<Record<string, Fix>> = {
  "Launch it again: it gets a free port.": "launch",
  "Leave that option out.": "launch",
  "Correct that option.": "launch",
  "Launch it with `--cpu`, or install it again with `--torch-backend`.": "launch-on-processor",
  "Update the driver, or launch it with `--cpu`.": "launch-on-processor",
  "Install the version again with one `--torch-backend` for both.": "install-again",
  "`./launcher versions check` says what else is missing; reinstall the version to mend it.": "install-again",
  "`./launcher versions check` looks at the environment.": "look-at-packages",
  "Close what else uses the GPU, or launch it with `--lowvram`.": "launch",
  "Free some room, then launch it again.": "launch",
  "Launch it again: the launcher writes that file anew.": "launch",
  "Stop other ComfyUIs that use the same database.": "launch",
};

// The third string of each `_signature(pattern, reason, advice)`.
function advicesOfTheLauncher(): string[] {
  const source = readFileSync(join(BACKEND, "processes/start_failures.py"), "utf-8");
  const calls = source.split(/^ {4}_signature\(\n/m).slice(1);
  return calls.map((call) => /^ {8}r".*",\n {8}".*",\n {8}"(.*)",$/m.exec(call)?.[1] ?? `cannot be read: ${call}`);
}

test("every advice of the launcher has the press that was meant for it", () => {
  const advices = advicesOfTheLauncher();
  expect(advices.length).toBeGreaterThan(0);
  expect(Object.fromEntries(advices.map((advice) => [advice, fixOf(advice)]))).toEqual(INTENDED);
});

test("advice for a terminal is put for this page", () => {
  const advice = "Read the last lines of its log below. The whole log: `./launcher versions logs v1`.";
  expect(withoutTerminal(advice)).toBe("Its log says more.");
  expect(withoutTerminal(advice, true)).toBe("");
  expect(withoutTerminal("Empty the trash (`./launcher versions empty-trash`), or free some room.")).toBe("Empty the trash, or free some room.");
});

test("the builds of torch are those that the launcher names", () => {
  const named = /description="Build of torch for new versions: (.*) \.\.\."/.exec(readFileSync(join(BACKEND, "config.py"), "utf-8"));
  expect(TORCH_BUILDS.map(({ name }) => name).toSorted()).toEqual(named?.[1]?.split(", ").toSorted());
});
