import type { Virtualizer } from "@tanstack/react-virtual";
import { type RefObject, useLayoutEffect, useRef } from "react";

import { goneRows, type LogLine } from "./log-lines";

export const ROW_HEIGHT = 20;

const NEAR_THE_END = 28;

interface Follow {
  readonly box: RefObject<HTMLDivElement | null>;
  readonly rows: Virtualizer<HTMLDivElement, Element>;
  readonly lines: readonly LogLine[];
  readonly following: boolean;
  readonly onFollow: (following: boolean) => void;
}

/**
 * Keeps the end in sight while lines come, until the user scrolls up; at the end it goes on. Who
 * reads further up keeps the line that is read, also when old ones go. Returns what hears scrolling.
 */
export function useFollow({ box, rows, lines, following, onFollow }: Follow): () => void {
  const height = rows.getTotalSize();
  const before = useRef<readonly LogLine[]>([]);
  const last = useRef(0);

  useLayoutEffect(() => {
    const view = box.current;
    if (!view) return;
    const gone = goneRows(before.current, lines);
    before.current = lines;
    if (following) view.scrollTo({ top: view.scrollHeight });
    else if (gone > 0) view.scrollBy({ top: -gone * ROW_HEIGHT });
    last.current = view.scrollTop;
  }, [box, lines, height, following]);

  return () => {
    const view = box.current;
    if (!view) return;
    const atEnd = view.scrollTop + view.clientHeight >= view.scrollHeight - NEAR_THE_END;
    // Lines that come below move nothing: only a person scrolls up.
    if (atEnd) onFollow(true);
    else if (view.scrollTop < last.current - 1) onFollow(false);
    last.current = view.scrollTop;
  };
}
