import { useVirtualizer, type Virtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type Ref, useImperativeHandle, useLayoutEffect, useMemo, useRef } from "react";

import { classes } from "@/ui/classes";
import { ScrollRegion } from "@/ui/scroll-region";

import type { LogLine } from "./log-lines";
import { isMarked, type Marks, nextMark } from "./marks";
import { LogRow } from "./log-row";
import { ROW_HEIGHT, useFollow } from "./use-follow";

/** What the tools around the log can do with it. */
export interface LogHandle {
  reveal(place: number): void;
  toEnd(): void;
  /** The first place in sight. */
  top(): number;
  focus(): void;
}

interface LogViewProps {
  readonly label: string;
  readonly lines: readonly LogLine[];
  readonly words: string;
  /** The place that the last search or jump went to. */
  readonly cursor: number | null;
  readonly marks: Marks | null;
  readonly wrap: boolean;
  readonly following: boolean;
  readonly onFollow: (following: boolean) => void;
  readonly onMark: (number: number, extend: boolean) => void;
  readonly onUnmark: () => void;
  readonly ref: Ref<LogHandle>;
}

const END_ROOM = 72;

/** The lines in sight, drawn as they are scrolled to. */
export function LogView({ label, lines, words, cursor, marks, wrap, following, onFollow, onMark, onUnmark, ref }: LogViewProps) {
  const box = useRef<HTMLDivElement>(null);
  const most = useMemo(() => widest(lines), [lines]);
  // oxlint-disable-next-line react/incompatible-library -- nothing here is memoized by a compiler
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (place) => lines[place]?.number ?? place,
    overscan: 10,
    paddingStart: 8,
    paddingEnd: END_ROOM,
  });
  const onScroll = useFollow({ box, rows, lines, following, onFollow });
  useHandle(ref, box, rows, onFollow);

  // Shift and the arrow keys mark as Shift and the mouse do; Esc unmarks.
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape" && marks) return onUnmark();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key] as 1 | -1 | undefined;
    if (!event.shiftKey || step === undefined) return;
    event.preventDefault();
    const place = nextMark(lines, marks, firstInSight(rows), step);
    const line = lines[place];
    if (!line) return;
    onFollow(false);
    onMark(line.number, marks !== null);
    rows.scrollToIndex(place, { align: "auto" });
  };

  // Wrapped lines have heights of their own; whole ones have one height.
  useLayoutEffect(() => rows.measure(), [rows, wrap]);

  return (
    <ScrollRegion
      ref={box}
      label={label}
      onScroll={onScroll}
      onKeyDown={onKeyDown}
      className="min-h-0 flex-1 overflow-auto bg-ground font-mono text-xs outline-offset-[-2px]"
    >
      <div
        className={classes("relative", wrap ? "w-full" : "w-max min-w-full")}
        style={{ height: rows.getTotalSize(), ...(wrap ? {} : { minWidth: `${most + 10}ch` }) }}
      >
        {rows.getVirtualItems().map((row) => {
          const line = lines[row.index];
          return (
            line && (
              <LogRow
                key={row.key}
                ref={wrap ? rows.measureElement : undefined}
                place={row.index}
                start={row.start}
                line={line}
                words={words}
                current={cursor === row.index}
                marked={isMarked(marks, line.number)}
                wrap={wrap}
                onMark={onMark}
              />
            )
          );
        })}
      </div>
    </ScrollRegion>
  );
}

// The page cannot know the width of lines that it has not drawn; in a mono face it can count them.
function widest(lines: readonly LogLine[]): number {
  let most = 0;
  for (const { text } of lines) most = Math.max(most, text.length);
  return most;
}

type Rows = Virtualizer<HTMLDivElement, Element>;

function firstInSight(rows: Rows): number {
  return rows.getVirtualItemForOffset(rows.scrollOffset ?? 0)?.index ?? 0;
}

function useHandle(
  ref: Ref<LogHandle>,
  box: { readonly current: HTMLDivElement | null },
  rows: Rows,
  onFollow: (following: boolean) => void,
): void {
  useImperativeHandle(
    ref,
    () => ({
      reveal: (place) => {
        onFollow(false);
        rows.scrollToIndex(place, { align: "center" });
      },
      toEnd: () => {
        onFollow(true);
        rows.scrollToOffset(Number.MAX_SAFE_INTEGER);
      },
      top: () => firstInSight(rows),
      focus: () => box.current?.focus(),
    }),
    [box, rows, onFollow],
  );
}
