/** Reads a log on from where it stopped, one question at a time. */

import type { LogLines } from "@/transport/contract.generated";
import { LauncherError } from "@/transport/transport";

import { appended, EMPTY_LOG, type LogContent } from "./log-lines";

export const LINES_AT_ONCE = 2000;

export interface LogState {
  readonly content: LogContent;
  /** The log of the last run; empty while there was none. */
  readonly file: string;
  /** Lines were left out, because more of them came than can be read at once. */
  readonly gaps: boolean;
  /** Whether there was an answer yet. */
  readonly known: boolean;
  readonly error: LauncherError | null;
}

export const UNREAD: LogState = { content: EMPTY_LOG, file: "", gaps: false, known: false, error: null };

type Ask = (after: number, limit: number) => Promise<LogLines>;

export interface LogReader {
  /** Reads what is new. While a question is open, one more is asked after it, however often this is called. */
  read(): void;
  stop(): void;
}

/** A reader that hands each new state to `show`. */
export function logReader(ask: Ask, show: (state: LogState) => void): LogReader {
  let state = UNREAD;
  let next = 0;
  let busy = false;
  let wanted = false;
  let stopped = false;

  const move = (to: LogState) => {
    state = to;
    if (!stopped) show(to);
  };

  const readOnce = async () => {
    try {
      let answer = await ask(next, LINES_AT_ONCE);
      const otherRun = answer.file !== state.file;
      // The place where we stopped was one in the log of another run.
      if (otherRun && next > 0) answer = await ask(0, LINES_AT_ONCE);
      const full = answer.lines.length >= LINES_AT_ONCE;
      ({ next } = answer);
      move({
        content: appended(otherRun ? EMPTY_LOG : state.content, answer.lines),
        file: answer.file,
        gaps: full || (!otherRun && state.gaps),
        known: true,
        error: null,
      });
    } catch (error) {
      if (!(error instanceof LauncherError)) throw error;
      move({ ...state, error });
    }
  };

  const work = async (): Promise<void> => {
    wanted = false;
    await readOnce();
    if (wanted && !stopped) return work();
    busy = false;
  };

  return {
    read: () => {
      wanted = true;
      if (busy || stopped) return;
      busy = true;
      void work();
    },
    stop: () => {
      stopped = true;
    },
  };
}
