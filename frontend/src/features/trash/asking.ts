/** The question before something is deleted for good: what it is about. Any place can ask it. */

import { create } from "zustand";

import { queryClient } from "@/state/launcher";

/** The entries in question; null: nobody asks. */
export const useAsked = create<{ readonly entries: readonly string[] | null }>(() => ({ entries: null }));

export function askToDelete(entries: readonly string[]): void {
  // What shares files with it may have changed since it was looked at last.
  queryClient.removeQueries({ queryKey: ["versions.plan_empty_trash"] });
  useAsked.setState({ entries });
}

export function stopAsking(): void {
  useAsked.setState({ entries: null });
}
