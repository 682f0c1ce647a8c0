import { type RefObject, useCallback, useDeferredValue, useMemo, useState } from "react";

import { errorStarts, filtered, type LevelFilter, type LogLine } from "./log-lines";
import { nextPlace, placesOf, previousPlace } from "./log-search";
import type { LogHandle } from "./log-view";

export type Way = "next" | "previous";

/** What is looked for in a log, what is left of it, and the place that one has come to. */
export function useLogTools(lines: readonly LogLine[], view: RefObject<LogHandle | null>) {
  const [filter, setFilter] = useState<LevelFilter>("all");
  const [typed, setTyped] = useState("");
  const [cursor, setCursor] = useState<number | null>(null);
  const words = useDeferredValue(typed).trim();
  const shown = useMemo(() => filtered(lines, filter), [lines, filter]);
  const hits = useMemo(() => placesOf(shown, words), [shown, words]);
  const errors = useMemo(() => errorStarts(shown), [shown]);
  // The place is kept as the number of its line: places move when the oldest lines go.
  const at = useMemo(() => shown.findIndex((line) => line.number === cursor), [shown, cursor]);

  const jump = useCallback(
    (places: readonly number[], way: Way) => {
      const here = at >= 0 ? at : (view.current?.top() ?? 0) - 1;
      const place = way === "next" ? nextPlace(places, here) : previousPlace(places, here);
      if (place === null) return;
      setCursor(shown[place]?.number ?? null);
      view.current?.reveal(place);
    },
    [at, shown, view],
  );

  return {
    filter,
    shown,
    total: lines.length,
    typed,
    words,
    hits,
    errors,
    cursor: at >= 0 ? at : null,
    setFilter,
    setTyped: (next: string) => {
      setTyped(next);
      setCursor(null);
    },
    // Who types and presses Enter at once is ahead of what is found already.
    toHit: (way: Way) => jump(words === typed.trim() ? hits : placesOf(shown, typed), way),
    toError: (way: Way) => jump(errors, way),
  } as const;
}

export type LogTools = ReturnType<typeof useLogTools>;
