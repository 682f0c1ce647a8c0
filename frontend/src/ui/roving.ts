import { type RefObject, useEffect, useRef } from "react";

const CONTROLS = "a[href], button:not(:disabled)";

/**
 * Arrow keys in a list: up and down between rows, left and right within one, Home and End. The list
 * is one stop of the Tab key; rows carry `data-row`.
 */
export function useRoving(list: RefObject<HTMLElement | null>): void {
  const current = useRef<Element | null>(null);
  useEffect(() => {
    const root = list.current;
    if (!root) return;
    const settle = () => {
      const rows = rowsIn(root);
      if (!current.current || !rows.includes(current.current)) current.current = rows[0] ?? null;
      for (const row of rows) {
        for (const control of controlsIn(row)) control.tabIndex = row === current.current ? 0 : -1;
      }
    };
    const enter = ({ target }: FocusEvent) => {
      current.current = (target as Element).closest("[data-row]") ?? current.current;
      settle();
    };
    const press = (event: KeyboardEvent) => {
      const goal = goalOf(event, rowsIn(root));
      if (!goal) return;
      event.preventDefault();
      goal.focus();
      goal.scrollIntoView?.({ block: "nearest" });
    };
    const watch = new MutationObserver(settle);
    watch.observe(root, { childList: true, subtree: true });
    root.addEventListener("focusin", enter);
    root.addEventListener("keydown", press);
    settle();
    return () => {
      watch.disconnect();
      root.removeEventListener("focusin", enter);
      root.removeEventListener("keydown", press);
    };
  });
}

function rowsIn(root: Element): Element[] {
  return [...root.querySelectorAll("[data-row]")];
}

function controlsIn(row: Element): HTMLElement[] {
  return [...row.querySelectorAll<HTMLElement>(CONTROLS)];
}

/** What the key moves to; null for a key that is not ours. */
function goalOf({ key, target, ctrlKey, altKey, metaKey }: KeyboardEvent, rows: Element[]): HTMLElement | null {
  const row = (target as Element).closest("[data-row]");
  if (!row || ctrlKey || altKey || metaKey) return null;
  const controls = controlsIn(row);
  const column = controls.indexOf(target as HTMLElement);
  const inRow = (at: number) => {
    const there = rows[at] ? controlsIn(rows[at]) : [];
    return there[Math.min(Math.max(column, 0), there.length - 1)] ?? null;
  };
  switch (key) {
    case "ArrowDown":
      return inRow(rows.indexOf(row) + 1);
    case "ArrowUp":
      return inRow(rows.indexOf(row) - 1);
    case "Home":
      return inRow(0);
    case "End":
      return inRow(rows.length - 1);
    case "ArrowRight":
      return controls[column + 1] ?? null;
    case "ArrowLeft":
      return controls[column - 1] ?? null;
    default:
      return null;
  }
}
