import { memo, type MouseEvent, type Ref } from "react";

import { classes } from "@/ui/classes";

import type { LogLine } from "./log-lines";
import { parts } from "./log-search";

interface LogRowProps {
  readonly ref?: Ref<HTMLDivElement> | undefined;
  readonly place: number;
  /** Where it lies, in pixels from the top. */
  readonly start: number;
  readonly line: LogLine;
  readonly words: string;
  readonly current: boolean;
  readonly marked: boolean;
  readonly wrap: boolean;
  readonly onMark: (number: number, extend: boolean) => void;
}

const LOOK = {
  error: "text-bad",
  warning: "text-warn",
  info: "text-ink-soft",
} as const;

/** A line with its number. Its number marks it; with Shift, all from the last marked one to it. */
export const LogRow = memo(function LogRow({ ref, place, start, line, words, current, marked, wrap, onMark }: LogRowProps) {
  return (
    <div
      ref={ref}
      data-index={place}
      style={{ transform: `translateY(${start}px)` }}
      className={classes(
        "absolute top-0 left-0 flex min-h-5 w-full leading-5",
        line.level === "error" && "bg-bad-soft/40",
        marked && "bg-accent-soft",
        current && "bg-hover",
      )}
    >
      <span
        aria-hidden
        onClick={(event: MouseEvent) => onMark(line.number, event.shiftKey)}
        className={classes(
          "tabular sticky left-0 w-16 shrink-0 cursor-pointer bg-ground pr-4 text-right text-ink-faint select-none hover:text-ink",
          marked && "bg-accent-soft text-accent",
          current && "bg-hover text-ink shadow-[inset_2px_0_0_var(--accent)]",
        )}
      >
        {line.number}
      </span>
      <span
        className={classes(
          "select-text",
          LOOK[line.level],
          wrap ? "min-w-0 flex-1 pr-6 break-all whitespace-pre-wrap" : "pr-6 whitespace-pre",
        )}
      >
        <Text text={line.text} words={words} current={current} />
      </span>
    </div>
  );
});

function Text({ text, words, current }: { readonly text: string; readonly words: string; readonly current: boolean }) {
  if (words === "") return text || "\u00A0";
  return parts(text, words).map(({ text: part, hit }, index) =>
    hit ? (
      <mark key={index} className={classes("rounded-xs", current ? "bg-accent text-accent-ink" : "bg-accent-soft text-ink")}>
        {part}
      </mark>
    ) : (
      part
    ),
  );
}
