/**
 * Every action of the app, once: the palette lists them, the keyboard runs them, `?` shows their
 * shortcuts. A screen adds its own while it is shown.
 */

import { type ReactNode, useEffect, useRef } from "react";
import { create } from "zustand";

export interface Command {
  readonly id: string;
  readonly title: string;
  /** The heading it stands under in the palette and in the list of shortcuts. */
  readonly group: string;
  readonly run: () => void;
  readonly icon?: ReactNode;
  /** `mod+k`, `/`, `g h` (one key after the other), `?`. Letters alone never fire while typing. */
  readonly shortcut?: string;
  /** More words that find it. */
  readonly keywords?: string;
}

interface Registry {
  readonly sets: readonly (readonly Command[])[];
}

const useRegistry = create<Registry>(() => ({ sets: [] }));

/** Offers these commands while the calling component is shown. */
export function useCommands(commands: readonly Command[]): void {
  // Handlers change with every render; what is offered changes when titles or shortcuts do.
  const latest = useRef(commands);
  useEffect(() => {
    latest.current = commands;
  });
  const offered = JSON.stringify(commands.map(({ id, title, shortcut }) => [id, title, shortcut]));
  useEffect(() => {
    const set = latest.current.map((command) => ({
      ...command,
      run: () => latest.current.find((one) => one.id === command.id)?.run(),
    }));
    useRegistry.setState(({ sets }) => ({ sets: [...sets, set] }));
    return () => useRegistry.setState(({ sets }) => ({ sets: sets.filter((one) => one !== set) }));
  }, [offered]);
}

/** All commands that can be given now. */
export function useAllCommands(): readonly Command[] {
  return useRegistry((registry) => registry.sets).flat();
}

const SEQUENCE_MS = 900;

/** Runs commands by their shortcuts, for as long as the app is shown. */
export function useShortcuts(): void {
  useEffect(() => {
    let before = "";
    let at = 0;
    const press = (event: KeyboardEvent) => {
      const key = nameOf(event);
      // A key that is held is pressed once.
      if (!key || event.repeat || event.defaultPrevented) return;
      const sequence = event.timeStamp - at < SEQUENCE_MS ? `${before} ${key}` : "";
      [before, at] = [key, event.timeStamp];
      if (isTyping(event.target) && !key.startsWith("mod+")) return;
      // What is behind a dialog is out of reach for the keyboard too.
      if (document.querySelector('[role="dialog"]')) return;
      if (document.querySelector('[role="menu"]') && !key.startsWith("mod+")) return;
      const known = useRegistry.getState().sets.flat();
      const command =
        known.findLast((one) => one.shortcut === sequence) ??
        known.findLast((one) => one.shortcut === key);
      if (!command) return;
      event.preventDefault();
      before = "";
      command.run();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
}

function nameOf({ key, ctrlKey, metaKey, altKey }: KeyboardEvent): string {
  if (altKey || key.length === 0 || ["Control", "Shift", "Meta"].includes(key)) return "";
  return (ctrlKey || metaKey ? "mod+" : "") + key.toLowerCase();
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest('input:not([type="radio"]), textarea, select, [contenteditable="true"]') !== null
  );
}
