/** What the launcher advises in words, and the press of a button that does it. */

import { t } from "@/words";

/** What a press can do about a version that does not run. */
export type Fix = "launch" | "launch-on-processor" | "install-again" | "look-at-packages";

// The first that fits counts: what comes earlier needs less. tests/state/advice.test.ts holds this
// against every advice that the launcher gives.
const FIXES: readonly (readonly [RegExp, Fix])[] = [
  [/--cpu\b/, "launch-on-processor"],
  [/reinstall|install (it|the version) again/i, "install-again"],
  [/versions check\b/, "look-at-packages"],
];

/** The press that does what an advice says. */
export function fixOf(advice: string): Fix {
  return FIXES.find(([words]) => words.test(advice))?.[1] ?? "launch";
}

/** Advice for this page: what only says how to go on in a terminal is left out. */
export function withoutTerminal(advice: string, hasLog = false): string {
  return advice
    .replace(/ \(`\.\/launcher [^`]*`\)/g, "")
    .replace(/\s*The whole log: `[^`]*`\.?/g, "")
    .replace(/Read the last lines of its log below\.?/, hasLog ? "" : t("Its log says more."))
    .trim();
}
