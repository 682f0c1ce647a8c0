/** How the launcher's own files stand, in words. */

import type { StateFile, StateProblem, StateReport } from "@/transport/contract.generated";
import type { Tone } from "@/ui/surfaces";
import { count } from "@/ui/format";
import { t } from "@/words";

interface OutcomeLook {
  readonly words: string;
  readonly tone: Tone;
}

const OUTCOMES: Readonly<Record<StateFile["outcome"], OutcomeLook>> = {
  recovered: { words: t("Recovered"), tone: "ok" },
  damaged: { words: t("Damaged"), tone: "bad" },
  newer: { words: t("Newer"), tone: "warn" },
  unreadable: { words: t("Unreadable"), tone: "bad" },
};

/** How an outcome is shown; in the launcher's own word where this page does not know it. */
export function outcomeLook(outcome: string): OutcomeLook {
  return Object.hasOwn(OUTCOMES, outcome) ? OUTCOMES[outcome as StateFile["outcome"]] : { words: outcome, tone: "plain" };
}

/** `All 27 files are sound.` */
export function soundWords({ files }: StateReport): string {
  if (files === 0) return t("There is no file yet.");
  return files === 1 ? t("The one file is sound.") : t("All {count} files are sound.", { count: count(files) });
}

/** `2 of 27 files`. */
export function problemWords({ files, problems }: StateReport): string {
  return t("{bad} of {count} files", { bad: count(problems.length), count: count(Math.max(files, problems.length)) });
}

/** In one line for Home: what is wrong, or else what was found at the start; null: nothing is to be told. */
export function lineOf(report: StateReport | undefined, besides: readonly StateProblem[], notices: readonly string[]): HealthWords | null {
  const paths = new Set([...(report?.problems ?? []), ...besides].map(({ path }) => path));
  const recovered = report?.problems.every(({ outcome }) => outcome === "recovered") && besides.every((one) => one.recovered);
  if (paths.size > 0) return { words: wrongWords(paths.size, recovered ?? false), wrong: !recovered };
  const [first] = notices;
  if (first === undefined) return null;
  return { words: notices.length === 1 ? first : t("{count} things were found at the start.", { count: count(notices.length) }), wrong: false };
}

export interface HealthWords {
  readonly words: string;
  /** Something of the launcher's state is missing. */
  readonly wrong: boolean;
}

function wrongWords(files: number, recovered: boolean): string {
  if (recovered) {
    return files === 1
      ? t("A file of the launcher was damaged, and is made good.")
      : t("{count} files of the launcher were damaged, and are made good.", { count: count(files) });
  }
  return files === 1
    ? t("A file of the launcher does not read as it should.")
    : t("{count} files of the launcher do not read as they should.", { count: count(files) });
}
