/** What is done, in words: the kinds of operations, their steps and their states. */

import type { OperationSnapshot, OperationState } from "@/transport/contract.generated";
import type { Tone } from "@/ui/surfaces";
import { t } from "@/words";

/** A step as a person reads it, under the name that the launcher gives it. */
export interface StepWords {
  readonly name: string;
  readonly title: string;
}

interface KindWords {
  readonly doing: string;
  readonly done: string;
  readonly steps: Readonly<Record<string, string>>;
}

// The steps in their order (backend/installation_progress_tracker.py; tests/operations compares).
const KINDS: ReadonlyMap<string, KindWords> = new Map(Object.entries({
  "versions.install": {
    doing: "Installing {subject}",
    done: "Installed {subject}",
    steps: {
      prepare: "Prepare",
      source: "Get the source",
      environment: "Make the environment",
      resolve: "Choose the packages",
      packages: "Install the packages",
      verify: "Try it out",
      commit: "Put it in place",
    },
  },
  "versions.launch": {
    doing: "Launching {subject}",
    done: "Launched {subject}",
    steps: { prepare: "Prepare", start: "Start the process", ready: "Wait until it answers" },
  },
  "versions.stop": {
    doing: "Stopping {subject}",
    done: "Stopped {subject}",
    steps: { stop: "Wait until it has ended" },
  },
  "versions.uninstall": {
    doing: "Moving {subject} to the trash",
    done: "Moved {subject} to the trash",
    steps: { trash: "Move it to the trash" },
  },
  "versions.empty_trash": {
    doing: "Emptying the trash",
    done: "Emptied the trash",
    steps: { delete: "Delete what is in it" },
  },
  "versions.releases": {
    doing: "Looking for new releases",
    done: "Looked for new releases",
    steps: { refresh: "Ask the repository", notes: "Read the notes" },
  },
} satisfies Readonly<Record<string, KindWords>>));

type Titled = Pick<OperationSnapshot, "kind" | "subject" | "state">;

/** `Installing v0.3.64`, `Installed v0.3.64`, `Installing v0.3.64 failed`. */
export function operationTitle({ kind, subject, state }: Titled): string {
  const known = KINDS.get(kind);
  const doing = known ? t(known.doing, { subject }) : `${kind} ${subject}`;
  switch (state) {
    case "succeeded":
      return known ? t(known.done, { subject }) : doing;
    case "failed":
      return t("{doing} failed", { doing });
    case "cancelled":
      return t("{doing} was cancelled", { doing });
    case "interrupted":
      return t("{doing} was interrupted", { doing });
    default:
      return doing;
  }
}

/** Every step of operations of this kind, in order; none for a kind that nobody here knows. */
export function stepsOf(kind: string): readonly StepWords[] {
  return Object.entries(KINDS.get(kind)?.steps ?? {}).map(([name, title]) => ({ name, title: t(title) }));
}

/** The words for one step; its own name where nobody here knows it. */
export function stepTitle(kind: string, name: string): string {
  return stepsOf(kind).find((step) => step.name === name)?.title ?? name;
}

/** Whether it happens by itself so often that its coming and going is no news. */
export function isQuiet({ kind }: Pick<OperationSnapshot, "kind">): boolean {
  return kind === "versions.releases";
}

interface StateLook {
  readonly words: string;
  readonly tone: Tone;
}

const STATES: Readonly<Record<OperationState, StateLook>> = {
  queued: { words: "Waiting for its turn", tone: "plain" },
  running: { words: "Running", tone: "accent" },
  cancelling: { words: "Cancelling", tone: "warn" },
  succeeded: { words: "Done", tone: "ok" },
  failed: { words: "Failed", tone: "bad" },
  cancelled: { words: "Cancelled", tone: "plain" },
  interrupted: { words: "Interrupted", tone: "warn" },
};

export function stateWords(state: string): string {
  return t(lookOf(state).words);
}

export function stateTone(state: string): Tone {
  return lookOf(state).tone;
}

// A state of another release goes by the launcher's own word.
function lookOf(state: string): StateLook {
  return Object.hasOwn(STATES, state) ? STATES[state as OperationState] : { words: state, tone: "plain" };
}
