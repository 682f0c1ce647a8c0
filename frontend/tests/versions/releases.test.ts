import { expect, test } from "vitest";

import { comingOf, newCount, newerWords, newestRelease, rowsOf } from "@/features/versions/releases";

import { operation, release, version } from "../samples";

const RELEASES = [
  release("v0.4.0-rc1", "2025-10-20T00:00:00Z", { prerelease: true }),
  release("v0.3.64", "2025-10-08T00:00:00Z", { notes: "Faster VAE decoding" }),
  release("v0.3.63", "2025-10-06T00:00:00Z"),
  release("v0.3.62", "2025-09-30T00:00:00Z"),
];
const ALL = { search: "", prereleases: true };
const mine = version("v0.3.63", { released_at: "2025-10-06T00:00:00Z" });

test("what came out after the newest installed one is new, with how much newer it is", () => {
  const rows = rowsOf(RELEASES, [mine, version("v0.3.62", { released_at: "2025-09-30T00:00:00Z" })], [], ALL);
  expect(rows.map(({ isNew }) => isNew)).toEqual([true, true, false, false]);
  expect(rows.map(({ newerBy }) => newerBy)).toEqual(["2 weeks newer", "2 days newer", null, null]);
  expect(newCount(rows)).toBe(1);
});

test("beside a branch the dates decide what is new", () => {
  const branch = version("master-1283fb31", { kind: "branch", released_at: "2025-10-07T00:00:00Z" });
  const rows = rowsOf(RELEASES, [branch], [], ALL);
  expect(rows.map(({ isNew }) => isNew)).toEqual([true, true, false, false]);
});

test("with nothing installed nothing is new", () => {
  expect(newCount(rowsOf(RELEASES, [], [], ALL))).toBe(0);
});

test("pre-releases are hidden unless asked for or installed", () => {
  const tags = (versions: Parameters<typeof rowsOf>[1]) =>
    rowsOf(RELEASES, versions, [], { search: "", prereleases: false }).map((row) => row.release.tag);
  expect(tags([])).not.toContain("v0.4.0-rc1");
  expect(tags([version("v0.4.0-rc1")])).toContain("v0.4.0-rc1");
});

test("the search finds tags, and words of the notes", () => {
  const found = (search: string) => rowsOf(RELEASES, [], [], { search, prereleases: true }).map((row) => row.release.tag);
  expect(found(".62")).toEqual(["v0.3.62"]);
  expect(found("vae DECODING")).toEqual(["v0.3.64"]);
  expect(found("nothing like it")).toEqual([]);
});

test("a release that is being installed knows by what", () => {
  const work = operation("versions.install", "v0.3.64");
  const rows = rowsOf(RELEASES, [mine], [work, operation("versions.launch", "v0.3.63")], ALL);
  expect(rows.filter((row) => row.operation).map((row) => row.release.tag)).toEqual(["v0.3.64"]);
  expect(rows.find((row) => row.installed)?.release.tag).toBe("v0.3.63");
});

test("the newest release is proposed, a pre-release only where there is nothing else", () => {
  expect(newestRelease(RELEASES)?.tag).toBe("v0.3.64");
  expect(newestRelease(RELEASES.slice(0, 1))?.tag).toBe("v0.4.0-rc1");
  expect(newestRelease([])).toBeUndefined();
});

test.each([
  ["2025-10-01", "2025-10-01", null],
  ["2025-10-02", "2025-10-01", null],
  ["2025-10-01", "2025-10-02", "1 day newer"],
  ["2025-10-01", "2025-10-14", "13 days newer"],
  ["2025-10-01", "2025-10-22", "3 weeks newer"],
  ["2025-01-01", "2025-07-01", "6 months newer"],
])("from %s to %s: %s", (before, after, words) => {
  expect(newerWords(before, after)).toBe(words);
});

test("installations of what is not there yet are on their way", () => {
  const running = [operation("versions.install", "v0.3.64"), operation("versions.install", "v0.3.63"), operation("versions.stop", "v0.3.62")];
  expect(comingOf(running, [mine]).map(({ subject }) => subject)).toEqual(["v0.3.64"]);
});
