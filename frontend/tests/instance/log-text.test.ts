import { describe, expect, test } from "vitest";

import { type Block, cleanLine, guessLevel, LONGEST_LINE } from "@/features/instance/log-text";

const ESC = String.fromCodePoint(0x1b);
const BELL = String.fromCodePoint(7);

describe("a line as it can be read", () => {
  test("colours, moves of the cursor and titles of terminals are gone", () => {
    expect(cleanLine(`${ESC}[1;31mred${ESC}[0m ${ESC}[2Kplain`)).toBe("red plain");
    expect(cleanLine(`${ESC}]0;title${BELL}text`)).toBe("text");
    expect(cleanLine(`${ESC}]8;;http://x${ESC}\\link${ESC}]8;;${ESC}\\`)).toBe("link");
  });

  test("of a progress bar that wrote over itself the last state is left", () => {
    expect(cleanLine("  0%|  | 0/20\r 50%|# | 10/20\r100%|##| 20/20")).toBe("100%|##| 20/20");
    expect(cleanLine("100%|##| 20/20\r")).toBe("100%|##| 20/20");
  });

  test("controls and what turns text around are shown, not obeyed", () => {
    expect(cleanLine(`a${BELL}b\u0000c`)).toBe("a\u2407b\u2400c");
    expect(cleanLine("\u202Egnp.exe")).toBe("\u27E8U+202E\u27E9gnp.exe");
    expect(cleanLine("pass\u200Bword\uFEFF")).toBe("pass\u27E8U+200B\u27E9word\u27E8U+FEFF\u27E9");
  });

  test("tabs, umlauts, emoji and Chinese stay", () => {
    expect(cleanLine("\tGrüße 👩‍🎨 你好")).toBe("\tGrüße 👩‍🎨 你好");
  });

  test("what is cut away costs nothing", () => {
    const endless = `${ESC}[31m${"ü".repeat(20_000_000)}`;
    const begin = performance.now();
    expect(cleanLine(endless)).toMatch(/^ü+ …$/);
    expect(performance.now() - begin).toBeLessThan(300);
  });

  test("a line without an end is cut", () => {
    expect(cleanLine("x".repeat(100_000)).length).toBeLessThan(LONGEST_LINE + 3);
  });
});

function levels(text: string): string {
  let block: Block = "none";
  return text
    .split("\n")
    .map((line) => {
      const guess = guessLevel(line, block);
      ({ block } = guess);
      return guess.level.charAt(0);
    })
    .join("");
}

describe("how serious a line is", () => {
  test.each([
    "[ERROR] An error occurred while retrieving information",
    "!!! Exception during processing !!! 'NoneType' object is not iterable",
    "ERROR: Could not install",
    "2025-10-20 10:00:00,123 - root - ERROR - it broke",
    "   0.1 seconds (IMPORT FAILED): /custom_nodes/broken",
    "Cannot import /custom_nodes/broken module for custom nodes: No module named 'cv2'",
    "Failed to validate prompt for output 9:",
    "main.py: error: unrecognized arguments: --nope",
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB",
    "RuntimeError: mat1 and mat2 shapes cannot be multiplied",
  ])("an error: %s", (line) => {
    expect(levels(line)).toBe("e");
  });

  test.each([
    "WARNING: You need pytorch with cu130",
    "[WARNING] The API is old",
    "/x/y.py:12: FutureWarning: use torch.amp",
    "****** User settings have been changed to be stored on the server. ******",
    "warning: the cache is on another disk",
  ])("a warning: %s", (line) => {
    expect(levels(line)).toBe("w");
  });

  test.each([
    "got prompt",
    "Prompt executed in 4.21 seconds",
    "found 0 errors",
    "[Prompt Server] web root: /x/error_pages",
    "Import times for custom nodes:",
    "Loading ErrorCorrectionModel",
  ])("neither: %s", (line) => {
    expect(levels(line)).toBe("i");
  });

  test("a traceback is an error from its first line to the name of the exception", () => {
    const log = [
      "got prompt",
      "Traceback (most recent call last):",
      '  File "/x/execution.py", line 496, in execute',
      "    output = get_output(obj)",
      "              ^^^^^^^^^^",
      "comfy.errors.Interrupted",
      "Prompt executed in 4.21 seconds",
    ];
    expect(levels(log.join("\n"))).toBe("ieeeeei");
  });

  test("a chain of exceptions is one after the other", () => {
    const log = [
      "Traceback (most recent call last):",
      '  File "a.py", line 1, in f',
      "KeyError: 'x'",
      "",
      "During handling of the above exception, another exception occurred:",
      "",
      "Traceback (most recent call last):",
      '  File "b.py", line 2, in g',
      "ValueError: no x",
      "",
      "got prompt",
    ];
    expect(levels(log.join("\n"))).toBe("eeeieeeeeii");
  });

  test("a traceback that another line broke into ends there", () => {
    expect(levels('Traceback (most recent call last):\n  File "a.py"\ngot prompt\n  indented')).toBe("eeii");
  });

  test("the source line below a warning belongs to it, and only that", () => {
    expect(levels("/x.py:1: UserWarning: old\n  warnings.warn(\n  more")).toBe("wwi");
  });
});
