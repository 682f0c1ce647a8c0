/** What the install dialog asks: which, how, and at what price. */

import { useEffect, useState } from "react";

import { refuseInstall, useInstallDialog } from "@/state/install-dialog";
import { useAnswer } from "@/state/launcher";
import type { InstallationPlan, InstallOptions, VersionStatus } from "@/transport/contract.generated";
import type { LauncherError } from "@/transport/transport";

import { newestRelease } from "./releases";

export interface Choices {
  readonly reference: string;
  /** A build (`cu130`) or an exact requirement (`torch==2.13.0+cpu`). Empty: as in the settings. */
  readonly torch: string;
  /** Empty: the launcher's own. */
  readonly python: string;
  readonly packagesAsOf: "settings" | "release" | "today";
}

export interface Ask {
  readonly choices: Choices;
  readonly choose: (change: Partial<Choices>) => void;
  /** The version that it takes the place of. */
  readonly instead: VersionStatus | null;
  readonly plan: InstallationPlan | undefined;
  readonly error: LauncherError | null;
  readonly again: () => void;
  /** What is going to be asked for. */
  readonly options: InstallOptions;
}

const USUAL = { torch: "", python: "", packagesAsOf: "settings" } as const;
const TYPING_MS = 350;

/** `named` null: the user says which; the newest release is proposed. */
export function useAsk(named: string | null, asking: boolean): Ask {
  const { opening, instead } = useInstallDialog();
  const newest = newestRelease(useAnswer("versions.releases", {}).data?.releases ?? [])?.tag ?? "";
  const [held, hold] = useState<{ opening: number; typed: Partial<Choices> }>({ opening, typed: {} });
  const typed = held.opening === opening ? held.typed : {};
  const before = instead ? choicesOf(instead.options) : USUAL;
  const choices: Choices = { ...before, reference: named ?? newest, ...typed };
  const wanted = { ...optionsOf(choices), ...placesOf(instead?.options) };
  const options = useSettled(JSON.stringify(wanted), opening);
  const answer = useAnswer("versions.plan", options, { enabled: asking && options.reference !== "" });
  return {
    choices,
    choose: (change) => {
      refuseInstall(null);
      hold({ opening, typed: { ...typed, ...change } });
    },
    instead: instead?.version ?? null,
    plan: answer.data && planFor(answer.data, instead?.version.tag),
    error: answer.error,
    again: () => void answer.refetch(),
    options: wanted,
  };
}

// What is there already is no obstacle to what takes its place.
function planFor(plan: InstallationPlan, instead: string | undefined): InstallationPlan {
  return plan.tag === instead ? { ...plan, already_installed: false } : plan;
}

function choicesOf({ torch_backend, torch_spec, python, packages_as_of }: InstallOptions): Omit<Choices, "reference"> {
  return { torch: torch_spec ?? torch_backend ?? "", python: python ?? "", packagesAsOf: packages_as_of ?? "settings" };
}

// More places with wheels are not asked for in the dialog, only carried over.
function placesOf(before: InstallOptions | undefined): Pick<InstallOptions, "find_links"> {
  return before?.find_links ? { find_links: before.find_links } : {};
}

export function optionsOf({ reference, torch, python, packagesAsOf }: Choices): InstallOptions {
  const exact = /[^\w.]/.test(torch);
  return {
    reference: reference.trim(),
    ...(torch ? { [exact ? "torch_spec" : "torch_backend"]: torch } : {}),
    ...(python.trim() ? { python: python.trim() } : {}),
    ...(packagesAsOf === "settings" ? {} : { packages_as_of: packagesAsOf }),
  };
}

// A plan is asked for when the typing has come to rest; what the dialog opens with rests already.
function useSettled(written: string, opening: number): InstallOptions {
  const [settled, settle] = useState({ opening, written });
  if (settled.opening !== opening) settle({ opening, written });
  useEffect(() => {
    const timer = setTimeout(() => settle({ opening, written }), TYPING_MS);
    return () => clearTimeout(timer);
  }, [opening, written]);
  return JSON.parse(settled.opening === opening ? settled.written : written) as InstallOptions;
}
