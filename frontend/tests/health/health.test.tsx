import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, test } from "vitest";

import { FilesSection } from "@/features/health/files-section";
import { lineOf, outcomeLook, problemWords, soundWords } from "@/features/health/health";
import { HealthLine } from "@/features/health/health-line";
import type { SystemInfo } from "@/transport/contract.generated";

import { FakeTransport } from "../fake-transport";
import { stateFile } from "../samples";
import { shown } from "../shown";

const SETTINGS = stateFile("/home/ada/launcher-data/settings.json");
const RECOVERED = stateFile("/home/ada/launcher-data/index.json", { outcome: "recovered" });

function info(...notices: string[]): SystemInfo {
  return { launcher: "1", root: "/data/comfy", python: "3.12", platform: "Linux", git: null, uv: null, free_bytes: 70e9, notices };
}

beforeEach(() => {
  location.hash = "";
});

describe("the line about the launcher's files", () => {
  it("is silent while all is well", () => {
    expect(lineOf({ files: 27, problems: [] }, [], [])).toBeNull();
    expect(lineOf(undefined, [], [])).toBeNull();
  });

  it("counts what is wrong once, wherever it was found", () => {
    const besides = [{ path: SETTINGS.path, reason: "Torn.", recovered: false }];
    expect(lineOf({ files: 27, problems: [SETTINGS] }, besides, ["said at the start"])).toEqual({ words: "A file of the launcher does not read as it should.", wrong: true });
    expect(lineOf({ files: 27, problems: [SETTINGS, RECOVERED] }, [], [])?.words).toBe("2 files of the launcher do not read as they should.");
  });

  it("does not alarm about what was made good", () => {
    expect(lineOf({ files: 27, problems: [RECOVERED] }, [], [])).toEqual({
      words: "A file of the launcher was damaged, and is made good.",
      wrong: false,
    });
  });

  it("passes on what was found at the start", () => {
    expect(lineOf({ files: 27, problems: [] }, [], ["Two links were mended."])).toEqual({ words: "Two links were mended.", wrong: false });
    expect(lineOf({ files: 27, problems: [] }, [], ["one", "two"])?.words).toBe("2 things were found at the start.");
  });
});

test("files are counted in words", () => {
  expect(soundWords({ files: 27, problems: [] })).toBe("All 27 files are sound.");
  expect(soundWords({ files: 1, problems: [] })).toBe("The one file is sound.");
  expect(soundWords({ files: 0, problems: [] })).toBe("There is no file yet.");
  expect(problemWords({ files: 27, problems: [SETTINGS] })).toBe("1 of 27 files");
});

test("an outcome of another release goes by its own word", () => {
  expect(outcomeLook("melted")).toMatchObject({ words: "melted", tone: "plain" });
});

test("Home says it in a line, and shows the rest on request", async () => {
  shown(<HealthLine besides={[]} />, new FakeTransport().answer("system.state", { files: 27, problems: [SETTINGS] }).answer("system.info", info()));
  expect(await screen.findByRole("alert")).toHaveTextContent("A file of the launcher does not read as it should.");
  await userEvent.click(screen.getByRole("button", { name: "Show" }));
  expect(location.hash).toBe("#/about/files");
});

test("what was found at the start can be put away", async () => {
  shown(<HealthLine besides={[]} />, new FakeTransport().answer("system.state", { files: 27, problems: [] }).answer("system.info", info("Two links were mended.")));
  expect(await screen.findByRole("note")).toHaveTextContent("Two links were mended.");
  await userEvent.click(screen.getByRole("button", { name: "Put it away" }));
  expect(screen.queryByRole("note")).toBeNull();
});

test("each damaged file is shown with its path, what became of it and what to do; sound ones are counted", async () => {
  const launcher = new FakeTransport("window").answer("system.state", { files: 27, problems: [SETTINGS] }).answer("window.reveal", {});
  shown(<FilesSection named={false} drawn={0} />, launcher);
  const row = await screen.findByRole("listitem");
  for (const words of [SETTINGS.path, "The settings", "Damaged", "Its checksum does not fit.", "Put a copy of it back."]) {
    expect(row).toHaveTextContent(words);
  }
  await userEvent.click(within(row).getByRole("button", { name: "Show in the file manager" }));
  expect(launcher.asked("window.reveal")).toEqual([{ path: "/home/ada/launcher-data" }]);
  launcher.answer("system.state", { files: 27, problems: [] });
  await userEvent.click(screen.getByRole("button", { name: "Look again" }));
  expect(await screen.findByText("All 27 files are sound.")).toBeVisible();
  expect(screen.queryByRole("listitem")).toBeNull();
});
