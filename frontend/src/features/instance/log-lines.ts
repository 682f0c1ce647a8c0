/** The lines of a log that the page holds: numbered, with their level, and not more than a browser likes. */

import { type Block, cleanLine, guessLevel, type Level } from "./log-text";

export const KEPT_LINES = 20_000;

export interface LogLine {
  /** Counted from the first line that this page has read. */
  readonly number: number;
  readonly text: string;
  readonly level: Level;
}

export interface LogContent {
  readonly lines: readonly LogLine[];
  readonly read: number;
  readonly block: Block;
}

export const EMPTY_LOG: LogContent = { lines: [], read: 0, block: "none" };

/** `content` with what came behind it; the oldest lines go when there are too many. */
export function appended(content: LogContent, raw: readonly string[]): LogContent {
  let { read, block } = content;
  const fresh = raw.map((line) => {
    const text = cleanLine(line);
    const guess = guessLevel(text, block);
    ({ block } = guess);
    read += 1;
    return { number: read, text, level: guess.level };
  });
  return { lines: content.lines.concat(fresh).slice(-KEPT_LINES), read, block };
}

/**
 * How many of the rows that stood at the top have gone to make room; 0 where `after` is another
 * choice of lines. Rows, not numbers: with a filter, numbers are left out between them.
 */
export function goneRows(before: readonly LogLine[], after: readonly LogLine[]): number {
  const [first] = after;
  const gone = first ? before.indexOf(first) : -1;
  const continues = gone > 0 && after[before.length - 1 - gone] === before.at(-1);
  return continues ? gone : 0;
}

export type LevelFilter = "all" | "warnings" | "errors";

export function filtered(lines: readonly LogLine[], filter: LevelFilter): readonly LogLine[] {
  if (filter === "all") return lines;
  return lines.filter(({ level }) => level === "error" || (filter === "warnings" && level === "warning"));
}

/** Where an error begins, as places in `lines`: a traceback is one error, not forty. */
export function errorStarts(lines: readonly LogLine[]): readonly number[] {
  const starts: number[] = [];
  lines.forEach((line, index) => {
    if (line.level !== "error") return;
    const before = lines[index - 1];
    const continues = before?.level === "error" && before.number === line.number - 1;
    if (!continues || beginsAnew(line)) starts.push(index);
  });
  return starts;
}

function beginsAnew({ text }: LogLine): boolean {
  return text.startsWith("!!! Exception") || text.startsWith("[ERROR]");
}

export function countOf(lines: readonly LogLine[], level: Level): number {
  let count = 0;
  for (const line of lines) if (line.level === level) count += 1;
  return count;
}
