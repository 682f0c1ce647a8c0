/** Files and folders dropped onto the window, with their full paths. */

import { useEffect, useRef } from "react";
import { create } from "zustand";

import { attempt } from "./attempt";
import { inWindow, invoke } from "./launcher";

type Take = (paths: readonly string[]) => void;

// A drop has one taker: who was shown last.
const takers: Take[] = [];

const useOver = create<{ readonly over: boolean }>(() => ({ over: false }));

/** Calls back with what was dropped anywhere; answers whether something hovers over the page. */
export function useDroppedPaths(take: Take): boolean {
  const over = useOver((state) => state.over);
  const latest = useRef(take);
  useEffect(() => {
    latest.current = take;
  });
  useEffect(() => {
    if (!inWindow()) return; // a browser does not tell where a file lies
    const taker: Take = (paths) => latest.current(paths);
    if (takers.push(taker) === 1) listen();
    return () => {
      takers.splice(takers.indexOf(taker), 1);
      if (takers.length === 0) listening?.abort();
    };
  }, []);
  return over;
}

let listening: AbortController | null = null;

function listen(): void {
  listening = new AbortController();
  const { signal } = listening;
  window.addEventListener("dragover", hover, { signal });
  window.addEventListener("dragleave", hover, { signal });
  window.addEventListener("drop", (event) => void drop(event), { signal });
}

function hover(event: DragEvent): void {
  event.preventDefault();
  useOver.setState({ over: event.type === "dragover" });
}

async function drop(event: DragEvent): Promise<void> {
  event.preventDefault();
  useOver.setState({ over: false });
  const names = [...(event.dataTransfer?.files ?? [])].map((file) => file.name);
  if (names.length === 0) return;
  const dropped = await attempt(invoke("window.dropped_files", { names }));
  if (dropped) takers.at(-1)?.(dropped.paths);
}
