import { useVirtualizer } from "@tanstack/react-virtual";
import { useLayoutEffect, useRef, useState } from "react";

import { useRoving } from "@/ui/roving";

import { ReleaseRow } from "./release-row";
import type { ReleaseRow as Row } from "./releases";

const PLAIN_AT_MOST = 100;
const ROW_PX = 41;

/** Releases one under the other. Of very many only those in sight are drawn. */
export function ReleaseList({ rows }: { readonly rows: readonly Row[] }) {
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const toggle = (tag: string) => {
    setOpened((before) => new Set(before.has(tag) ? [...before].filter((one) => one !== tag) : [...before, tag]));
  };
  const list = { rows, opened, toggle };
  return rows.length > PLAIN_AT_MOST ? <VirtualRows {...list} /> : <PlainRows {...list} />;
}

interface RowsProps {
  readonly rows: readonly Row[];
  readonly opened: ReadonlySet<string>;
  readonly toggle: (tag: string) => void;
}

function PlainRows({ rows, opened, toggle }: RowsProps) {
  const list = useRef<HTMLUListElement>(null);
  useRoving(list);
  return (
    <ul ref={list}>
      {rows.map((row) => (
        <ReleaseRow key={row.release.tag} row={row} open={opened.has(row.release.tag)} onToggle={toggle} />
      ))}
    </ul>
  );
}

// It scrolls with the page: a list that scrolls inside a page that scrolls is a trap for the wheel.
function VirtualRows({ rows, opened, toggle }: RowsProps) {
  const list = useRef<HTMLUListElement>(null);
  const [scroller, setScroller] = useState<HTMLElement | null>(null);
  const [offset, setOffset] = useState(0);
  useRoving(list);
  useLayoutEffect(() => {
    const found = scrollerOf(list.current);
    setScroller(found);
    const measure = () => {
      if (!found || !list.current) return;
      const top = list.current.getBoundingClientRect().top - found.getBoundingClientRect().top;
      setOffset(Math.round(top + found.scrollTop));
    };
    measure();
    const watch = new ResizeObserver(measure);
    if (found?.firstElementChild) watch.observe(found.firstElementChild);
    return () => watch.disconnect();
  }, []);
  // oxlint-disable-next-line react/incompatible-library -- nothing here is memoised by a compiler
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller,
    estimateSize: () => ROW_PX,
    getItemKey: (index) => rows[index]?.release.tag ?? index,
    scrollMargin: offset,
    overscan: 12,
  });
  const shown = virtual.getVirtualItems();
  const before = (shown[0]?.start ?? offset) - offset;
  const after = virtual.getTotalSize() - ((shown.at(-1)?.end ?? offset) - offset);
  return (
    <ul ref={list} style={{ paddingTop: before, paddingBottom: Math.max(0, after) }}>
      {shown.map(({ index, key }) => {
        const row = rows[index];
        return row && <ReleaseRow key={key} ref={virtual.measureElement} index={index} row={row} open={opened.has(row.release.tag)} onToggle={toggle} />;
      })}
    </ul>
  );
}

function scrollerOf(element: HTMLElement | null): HTMLElement | null {
  let parent = element?.parentElement ?? null;
  while (parent && !/auto|scroll/.test(getComputedStyle(parent).overflowY)) parent = parent.parentElement;
  return parent;
}
