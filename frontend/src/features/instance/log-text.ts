/** Lines of a log as they can be shown: no escapes, no tricks, and how serious each one is. */

export type Level = "error" | "warning" | "info";

/** What a line belongs to besides itself: the lines of a traceback are one error. */
export type Block = "none" | "traceback" | "after-traceback" | "warning";

export interface Guess {
  readonly level: Level;
  readonly block: Block;
}

export const LONGEST_LINE = 4000;

const ESC = String.fromCodePoint(0x1b);
const BELL = String.fromCodePoint(0x07);
// Colours and moves of the cursor; titles and links; everything else that ESC begins.
const ESCAPES = new RegExp(
  `${ESC}\\[[0-?]*[ -/]*[@-~]|${ESC}\\][^${BELL}${ESC}]*(?:${BELL}|${ESC}\\\\)|${ESC}[ -~]`,
  "g",
);

// Escapes count for nothing on the screen, so more is looked at than is shown; but not megabytes.
const LONGEST_LOOK = 4 * LONGEST_LINE;

/** The line as a person can read it: what a progress bar wrote over itself is gone. */
export function cleanLine(raw: string): string {
  if (!raw.includes("\r")) return readable(raw);
  // The last part that shows anything.
  for (const part of raw.split("\r").toReversed()) {
    const shown = part === "" ? "" : readable(part);
    if (shown.trim() !== "") return shown;
  }
  return "";
}

// Cut before it is cleaned: what is not shown costs nothing.
function readable(part: string): string {
  const looked = part.length > LONGEST_LOOK ? part.slice(0, LONGEST_LOOK) : part;
  const plain = looked.includes(ESC) ? looked.replace(ESCAPES, "") : looked;
  const cut = looked.length < part.length || plain.length > LONGEST_LINE;
  const visible = harmless(plain.slice(0, LONGEST_LINE));
  return cut ? `${visible} …` : visible;
}

// Controls are drawn as their pictures; what turns text around or hides it is named.
function harmless(text: string): string {
  let shown = "";
  for (const character of text) shown += pictured(character);
  return shown;
}

function pictured(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code === 0x09 || (code >= 0x20 && code < 0x7f)) return character;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  return isInvisible(code) ? `\u27E8U+${code.toString(16).toUpperCase().padStart(4, "0")}\u27E9` : character;
}

function isInvisible(code: number): boolean {
  return (
    (code >= 0x80 && code < 0xa0) ||
    code === 0x200b ||
    code === 0x200e ||
    code === 0x200f ||
    (code >= 0x2028 && code <= 0x202e) ||
    (code >= 0x2060 && code <= 0x2069) ||
    code === 0xfeff
  );
}

const TRACEBACK = /Traceback \(most recent call last\)/;
const CHAINED =
  /^(?:During handling of the above exception, another|The above exception was the direct cause)/;
const EXCEPTION = /^[A-Za-z_][\w.]*(?::|$)/;

const ERROR =
  /^\s*\[?(?:ERROR|CRITICAL|FATAL)\b|\[(?:ERROR|CRITICAL|FATAL)\]|\s-\s(?:ERROR|CRITICAL|FATAL)\s-\s|^\s*(?:error|fatal)(?:\[[^\]]*\])?: |!!! Exception|\(IMPORT FAILED\)|^Cannot import .+ module for custom nodes|^Failed to validate prompt|^[\w./\\-]+\.py: error: |^(?:[a-z_]\w*\.)*[A-Z]\w*(?:Error|Exception)(?::|$)|out of memory|^Segmentation fault|^Killed$/i;
const ERROR_WORDS_IN_PLAIN_TALK = /\b(?:0|no) errors?\b/i;
const WARNING =
  /^\s*\[?WARN(?:ING)?\b|\[WARN(?:ING)?\]|\s-\sWARN(?:ING)?\s-\s|\bwarning: |\b\w+Warning: |^\*{4,} .+ \*{4,}$|\bdeprecated\b/i;

/** How serious a line is, and what the next one may belong to. */
export function guessLevel(line: string, block: Block): Guess {
  if (TRACEBACK.test(line)) return { level: "error", block: "traceback" };
  if (block === "traceback" || block === "after-traceback") {
    const inside = withinTraceback(line, block);
    if (inside) return inside;
  }
  if (ERROR.test(line) && !ERROR_WORDS_IN_PLAIN_TALK.test(line)) return { level: "error", block: "none" };
  if (WARNING.test(line)) return { level: "warning", block: "warning" };
  // Python shows the source line of a warning below it.
  if (block === "warning" && /^ {2}\S/.test(line)) return { level: "warning", block: "none" };
  return { level: "info", block: "none" };
}

function withinTraceback(line: string, block: "traceback" | "after-traceback"): Guess | null {
  if (CHAINED.test(line)) return { level: "error", block: "traceback" };
  if (block === "after-traceback") return line.trim() === "" ? { level: "info", block } : null;
  if (line.trim() === "" || /^\s/.test(line)) return { level: "error", block };
  return EXCEPTION.test(line) ? { level: "error", block: "after-traceback" } : null;
}
