/** The question before a version goes to the trash: which one it is about. Any place can ask it. */

import { create } from "zustand";

import { queryClient } from "@/state/launcher";

export const useRemoval = create<{ readonly tag: string | null }>(() => ({ tag: null }));

/** Shows what removing it would do to the disk. Nothing is done to it yet. */
export function askToUninstall(tag: string): void {
  // What it shares with others may have changed since it was looked at last.
  queryClient.removeQueries({ queryKey: ["versions.plan_uninstall"] });
  useRemoval.setState({ tag });
}

export function stopAsking(): void {
  useRemoval.setState({ tag: null });
}
