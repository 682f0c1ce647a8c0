import { describe, expect, test } from "vitest";

import { appended, EMPTY_LOG, errorStarts, filtered, goneRows, KEPT_LINES } from "@/features/instance/log-lines";
import { nextPlace, parts, placesOf, previousPlace } from "@/features/instance/log-search";
import { isMarked, marked, markedText, markedWords, nextMark } from "@/features/instance/marks";

const TRACE = ["Traceback (most recent call last):", '  File "a.py", line 1', "KeyError: 'x'"];

describe("the lines that are held", () => {
  test("lines are numbered on, and a traceback goes on over two readings", () => {
    const first = appended(EMPTY_LOG, ["one", ...TRACE.slice(0, 2)]);
    const both = appended(first, [TRACE[2] ?? "", "two"]);
    expect(both.lines.map(({ number, level }) => [number, level])).toEqual([
      [1, "info"],
      [2, "error"],
      [3, "error"],
      [4, "error"],
      [5, "info"],
    ]);
  });

  test("the oldest lines go when there are too many, and numbers stay what they were", () => {
    const many = appended(EMPTY_LOG, Array.from({ length: KEPT_LINES }, () => "x"));
    const more = appended(many, ["last", "very last"]);
    expect(more.lines).toHaveLength(KEPT_LINES);
    expect(more.lines[0]?.number).toBe(3);
    expect(more.lines.at(-1)).toEqual({ number: KEPT_LINES + 2, text: "very last", level: "info" });
  });

  test("a filter leaves what is at least as serious", () => {
    const { lines } = appended(EMPTY_LOG, ["plain", "WARNING: w", "ERROR: e"]);
    expect(filtered(lines, "all")).toBe(lines);
    expect(filtered(lines, "warnings").map(({ text }) => text)).toEqual(["WARNING: w", "ERROR: e"]);
    expect(filtered(lines, "errors").map(({ text }) => text)).toEqual(["ERROR: e"]);
  });

  test("a traceback is one error, two that touch only in the filter are two", () => {
    const { lines } = appended(EMPTY_LOG, [...TRACE, "between", ...TRACE]);
    expect(errorStarts(lines)).toEqual([0, 4]);
    expect(errorStarts(filtered(lines, "errors"))).toEqual([0, 3]);
  });
});

describe("the rows that have gone from the top", () => {
  const many = appended(EMPTY_LOG, Array.from({ length: KEPT_LINES }, (_, index) => (index % 100 === 0 ? "ERROR: e" : "x")));
  const more = appended(many, Array.from({ length: 250 }, () => "y"));

  test("are counted as rows, not as numbers of lines", () => {
    expect(goneRows(many.lines, more.lines)).toBe(250);
    expect(goneRows(filtered(many.lines, "errors"), filtered(more.lines, "errors"))).toBe(3);
  });

  test("are none where another filter shows other lines", () => {
    expect(goneRows(more.lines, filtered(more.lines, "errors"))).toBe(0);
    expect(goneRows(filtered(more.lines, "errors"), more.lines)).toBe(0);
    expect(goneRows([], more.lines)).toBe(0);
  });
});

describe("looking for words", () => {
  const { lines } = appended(EMPTY_LOG, ["Model loaded", "nothing", "two models, one MODEL"]);

  test("they are found in any case of letters", () => {
    expect(placesOf(lines, " model ")).toEqual([0, 2]);
    expect(placesOf(lines, "  ")).toEqual([]);
  });

  test("one goes round and round", () => {
    expect(nextPlace([0, 2], 0)).toBe(2);
    expect(nextPlace([0, 2], 2)).toBe(0);
    expect(previousPlace([0, 2], 0)).toBe(2);
    expect(nextPlace([], 0)).toBeNull();
  });

  test("a line is cut where they stand, and nothing of it is lost", () => {
    expect(parts("two models, one MODEL", "model")).toEqual([
      { text: "two ", hit: false },
      { text: "model", hit: true },
      { text: "s, one ", hit: false },
      { text: "MODEL", hit: true },
    ]);
    expect(parts("nothing", "x")).toEqual([{ text: "nothing", hit: false }]);
    expect(parts("(a+b)*", "(a+b)*")).toEqual([{ text: "(a+b)*", hit: true }]);
  });

  test("letters that grow in lower case do not shift the marks", () => {
    expect(parts("İstanbul is big", "is").map(({ text }) => text).join("")).toBe("İstanbul is big");
  });
});

describe("marking lines", () => {
  const { lines } = appended(EMPTY_LOG, ["one", "two", "three"]);

  test("a press marks a line, with Shift up to it in either direction", () => {
    const two = marked(null, 2, false);
    expect(markedText(lines, two)).toBe("two");
    expect(markedText(lines, marked(two, 3, true))).toBe("two\nthree");
    expect(markedText(lines, marked(two, 1, true))).toBe("one\ntwo");
  });

  test("another press on the same line unmarks it", () => {
    expect(marked(marked(null, 2, false), 2, false)).toBeNull();
    expect(isMarked(null, 2)).toBe(false);
  });

  test("a step of the keyboard begins in sight, goes on from the last mark, and stays in the log", () => {
    expect(nextMark(lines, null, 1, 1)).toBe(1);
    expect(nextMark(lines, { from: 1, to: 2 }, 0, 1)).toBe(2);
    expect(nextMark(lines, { from: 3, to: 3 }, 0, 1)).toBe(2);
    expect(nextMark(lines, { from: 2, to: 1 }, 0, -1)).toBe(0);
  });

  test("how many are marked is said", () => {
    expect([null, marked(null, 2, false), { from: 1, to: 3 }].map((marks) => markedWords(lines, marks))).toEqual(["", "1 line marked", "3 lines marked"]);
  });
});
