/** How a version stands: what it does, what went wrong with it, and what makes sense next. */

import { type Fix, fixOf, withoutTerminal } from "@/state/advice";
import { isFinal } from "@/state/operations";
import type { OperationSnapshot, VersionStatus } from "@/transport/contract.generated";
import { sentence } from "@/ui/format";
import type { Tone } from "@/ui/surfaces";
import { t } from "@/words";

export type Phase =
  | "stopped"
  | "starting"
  | "running"
  | "stopping"
  | "failed"
  | "crashed"
  | "damaged"
  | "removing";

/** Why it does not run though it was meant to. */
export interface Trouble {
  readonly title: string;
  readonly cause: string;
  readonly advice: string;
  readonly at: string | null;
  readonly fix: Fix;
  /** The last lines of its log, where they were told. */
  readonly log: readonly string[];
}

export interface Standing {
  readonly phase: Phase;
  /** What works on it now. */
  readonly operation: OperationSnapshot | null;
  readonly trouble: Trouble | null;
}

/** `operations`: the newest first, as the launcher lists them. */
export function standingOf(version: VersionStatus, operations: readonly OperationSnapshot[]): Standing {
  const its = operations.filter(({ subject }) => subject === version.tag);
  const operation = its.find((one) => !isFinal(one)) ?? null;
  const phase = phaseDuring(operation) ?? version.state;
  if (phase !== "stopped") return { phase, operation, trouble: null };
  const failed = failedLaunch(version, its);
  if (failed) return { phase: "failed", operation, trouble: failed };
  const crash = crashOf(version);
  return { phase: crash ? "crashed" : "stopped", operation, trouble: crash };
}

function phaseDuring(operation: OperationSnapshot | null): Phase | null {
  if (operation?.kind === "versions.stop") return "stopping";
  if (operation?.kind === "versions.uninstall") return "removing";
  if (operation?.kind !== "versions.launch") return null;
  return operation.state === "cancelling" ? "stopping" : "starting";
}

const LOG_LINES = 12;

// Only the last launch counts: one that worked afterwards has settled the matter. What happened
// before the version was installed (again) is no matter of this one.
function failedLaunch(version: VersionStatus, its: readonly OperationSnapshot[]): Trouble | null {
  const last = its.find(({ kind }) => kind === "versions.launch");
  if (last?.state !== "failed" || !last.error || isBefore(version, last.finished_at)) return null;
  const { message, hint, details } = last.error;
  const log = Array.isArray(details["log"]) ? details["log"].map(String).slice(-LOG_LINES) : [];
  const reason = typeof details["reason"] === "string" ? details["reason"] : message;
  const advice = withoutTerminal(version.last_exit?.advice ?? hint, log.length > 0);
  return {
    title: t("{tag} could not be launched", { tag: version.tag }),
    cause: sentence(reason),
    advice,
    at: last.finished_at,
    fix: fixOf(advice),
    log,
  };
}

function isBefore({ installed_at: installed }: VersionStatus, at: string | null): boolean {
  return at !== null && Date.parse(at) < Date.parse(installed);
}

function crashOf(version: VersionStatus): Trouble | null {
  const { tag, last_exit: exit } = version;
  if (!exit || exit.on_request || (!exit.cause && !exit.advice) || isBefore(version, exit.at)) return null;
  const advice = withoutTerminal(exit.advice ?? "");
  return {
    title: t("{tag} ended by itself", { tag }),
    cause: sentence(exit.cause ?? exit.words),
    advice,
    at: exit.at,
    fix: fixOf(advice),
    log: [],
  };
}

export interface PhaseLook {
  readonly words: string;
  readonly tone: Tone;
  readonly moving: boolean;
}

const PHASES: Readonly<Record<Phase, PhaseLook>> = {
  stopped: { words: t("Stopped"), tone: "plain", moving: false },
  starting: { words: t("Starting"), tone: "warn", moving: true },
  running: { words: t("Running"), tone: "ok", moving: false },
  stopping: { words: t("Stopping"), tone: "warn", moving: true },
  failed: { words: t("Did not start"), tone: "bad", moving: false },
  crashed: { words: t("Crashed"), tone: "bad", moving: false },
  damaged: { words: t("Damaged"), tone: "bad", moving: false },
  removing: { words: t("Going to the trash"), tone: "plain", moving: true },
};

/** How a phase is shown; in the launcher's own word where this page does not know it. */
export function phaseLook(phase: string): PhaseLook {
  return Object.hasOwn(PHASES, phase) ? PHASES[phase as Phase] : { words: phase, tone: "plain", moving: false };
}

export type Primary = "launch" | "open" | "cancel" | "wait" | "install-again";

/** The one button that makes sense now. */
export function primaryOf(phase: Phase): Primary {
  switch (phase) {
    case "running":
      return "open";
    case "starting":
      return "cancel";
    case "stopping":
    case "removing":
      return "wait";
    case "damaged":
      return "install-again";
    default:
      return "launch";
  }
}

/** The version that Home is about: the active one, else the one to start with, else the newest. */
export function mainVersion(
  versions: readonly VersionStatus[],
  fallback: string | null,
): VersionStatus | undefined {
  return (
    versions.find((version) => version.is_active) ??
    versions.find((version) => version.tag === fallback) ??
    [...versions].sort((a, b) => b.installed_at.localeCompare(a.installed_at))[0]
  );
}

/** `0.3.64`: for where there is room for a few letters only. */
export function shortTag(tag: string): string {
  return /^v\d/.test(tag) ? tag.slice(1) : tag;
}
