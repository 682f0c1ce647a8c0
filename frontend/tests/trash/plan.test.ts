import { expect, test } from "vitest";

import { filesWords, keptWords, outsideWords, sharedWords, shareThatComesBack } from "@/features/trash/plan";

import { emptying } from "../samples";

const plan = (more: Parameters<typeof emptying>[1]) => emptying([], more);

test("of what it takes the share that comes back is drawn", () => {
  expect(shareThatComesBack(plan({ frees_bytes: 1, shared_bytes: 3 }))).toBe(0.25);
  expect(shareThatComesBack(plan({ frees_bytes: 7, shared_bytes: 0 }))).toBe(1);
  expect(shareThatComesBack(plan({ frees_bytes: 0, shared_bytes: 0 }))).toBe(1);
});

test("what stays because others have it is said, and also that nothing does", () => {
  expect(sharedWords(plan({ shared_bytes: 1_500_000_000 }))).toMatch(/^1\.5 GB more stays/);
  expect(sharedWords(plan({ shared_bytes: 0 }))).toBe("Nothing of it is shared with other versions.");
});

test.each([
  [{ files: 41_207, links: 37 }, "41,207 files deleted, 37 links unlinked; what they lead to stays."],
  [{ files: 1, links: 1 }, "1 file deleted, 1 link unlinked; what it leads to stays."],
  [{ files: 2, links: 0 }, "2 files deleted."],
])("files and links are counted: %o", (more, words) => {
  expect(filesWords(plan(more))).toBe(words);
});

test("nothing outside is a promise, and anything outside is told", () => {
  expect(outsideWords(plan({ outside_bytes: 0 }))).toBe("0 bytes outside: nothing else is touched.");
  expect(outsideWords(plan({ outside_bytes: 2_000_000 }))).toBe("2 MB outside would go too.");
});

test.each([
  [0, "until you empty it"],
  [1, "for a day"],
  [30, "for 30 days"],
])("%i days in the trash are %s", (days, words) => {
  expect(keptWords(days)).toBe(words);
});
