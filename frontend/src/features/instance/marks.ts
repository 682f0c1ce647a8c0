/** Lines that were chosen by their numbers: they stay chosen where the browser's selection cannot reach. */

import { count } from "@/ui/format";
import { t } from "@/words";

import type { LogLine } from "./log-lines";

export interface Marks {
  readonly from: number;
  readonly to: number;
}

/** What a press on a number makes of it: this line; again, none; with Shift, up to this line. */
export function marked(now: Marks | null, number: number, extend: boolean): Marks | null {
  if (extend && now) return { from: now.from, to: number };
  if (now && now.from === number && now.to === number) return null;
  return { from: number, to: number };
}

/** The place that one more step with Shift and an arrow key comes to. `top`: the first in sight. */
export function nextMark(lines: readonly LogLine[], now: Marks | null, top: number, step: 1 | -1): number {
  const at = now ? lines.findIndex(({ number }) => number === now.to) : -1;
  return at < 0 ? top : Math.min(Math.max(at + step, 0), lines.length - 1);
}

export function isMarked(marks: Marks | null, number: number): boolean {
  if (!marks) return false;
  return number >= Math.min(marks.from, marks.to) && number <= Math.max(marks.from, marks.to);
}

export function markedCount(lines: readonly LogLine[], marks: Marks | null): number {
  return marks ? lines.filter(({ number }) => isMarked(marks, number)).length : 0;
}

/** `3 lines marked`; nothing where none is. */
export function markedWords(lines: readonly LogLine[], marks: Marks | null): string {
  const many = markedCount(lines, marks);
  if (many === 0) return "";
  return many === 1 ? t("1 line marked") : t("{count} lines marked", { count: count(many) });
}

/** The text of the marked lines, as they are shown. */
export function markedText(lines: readonly LogLine[], marks: Marks | null): string {
  return textOf(lines.filter(({ number }) => isMarked(marks, number)));
}

export function textOf(lines: readonly LogLine[]): string {
  return lines.map(({ text }) => text).join("\n");
}
