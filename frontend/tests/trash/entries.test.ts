import { expect, test } from "vitest";

import { endWords, isGoing, meant, sizeWords, sumWords } from "@/features/trash/entries";

import { operation, trashed } from "../samples";

const [one, other] = [trashed("v1", { bytes: 1_000_000_000 }), trashed("v2", { bytes: 500_000_000 })];

test("sizes are summed, and a size that nobody knows is not passed over", () => {
  expect(sizeWords([one, other])).toBe("1.5 GB");
  expect(sizeWords([one, { ...other, bytes: null }])).toBe("at least 1 GB");
  expect(sizeWords([{ ...one, bytes: null }])).toBeNull();
  expect(sumWords([one])).toBe("1 version · 1 GB");
  expect(sumWords([one, other])).toBe("2 versions · 1.5 GB");
  expect(sumWords([{ ...one, bytes: null }])).toBe("1 version");
});

test("the end is told as time from now", () => {
  const now = Date.parse("2025-11-07T10:00:00Z");
  expect(endWords(one, now)).toBe("in 12 days");
  expect(endWords(one, Date.parse("2025-11-19T09:30:00Z"))).toBe("in 30 minutes");
  expect(endWords(one, Date.parse("2025-12-24T00:00:00Z"))).toBe("soon");
  expect(endWords({ ...one, expires_at: null }, now)).toBe("when you empty it");
});

test("what an emptying names is being deleted, and everything where it names nothing", () => {
  const emptying = (request: Record<string, unknown> | null) => operation("versions.empty_trash", "trash", { request });
  expect(isGoing(one, [emptying({ entries: [one.entry] })])).toBe(true);
  expect(isGoing(one, [emptying({ entries: [other.entry] })])).toBe(false);
  expect(isGoing(one, [emptying({ entries: null })])).toBe(true);
  expect(isGoing(one, [emptying(null)])).toBe(true);
  expect(isGoing(one, [{ ...emptying(null), state: "failed" }])).toBe(false);
  expect(isGoing(one, [operation("versions.install", "v9")])).toBe(false);
});

test("an action is about what is chosen, or else about the row that has the focus", () => {
  expect(meant([one, other], new Set([other.entry]), one.entry)).toEqual([other]);
  expect(meant([one, other], new Set(), one.entry)).toEqual([one]);
  expect(meant([one, other], new Set(), null)).toEqual([]);
});
