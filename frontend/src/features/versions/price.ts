/** What an installation costs, in words and as a bar. */

import type { Hardware, InstallationPlan, SettingStatus } from "@/transport/contract.generated";
import { bytes } from "@/ui/format";
import { t } from "@/words";

export interface Price {
  /** What it takes of the room that is free, 0..1. */
  readonly share: number;
  readonly tone: "accent" | "warn" | "bad";
  readonly words: string;
}

const TIGHT_SHARE = 0.75;

export function priceOf({ needed_bytes: needed, free_bytes: free, enough_room: enough }: InstallationPlan): Price {
  const share = free > 0 ? Math.min(1, needed / free) : 1;
  if (!enough) {
    return { share: 1, tone: "bad", words: t("Only {free} are free: not enough, with the room it needs to work.", { free: bytes(free) }) };
  }
  const words = t("{rest} stay free of {free}.", { rest: bytes(Math.max(0, free - needed)), free: bytes(free) });
  return { share, tone: share > TIGHT_SHARE ? "warn" : "accent", words };
}

export interface NetworkWords {
  readonly ok: boolean;
  readonly words: string;
}

export function networkOf({ network_needed: needed, network_reachable: reachable }: InstallationPlan): NetworkWords {
  if (!needed) return { ok: true, words: t("Its source is on this machine already. Packages come from uv's cache or the network.") };
  if (reachable === false) return { ok: false, words: t("The repository gives no answer. Look at the network connection, or at the repository in the settings.") };
  return { ok: true, words: t("The source and the packages come over the network.") };
}

/** Why it cannot be installed now; null when it can. */
export function obstacleOf(plan: InstallationPlan): "installed" | "room" | "network" | null {
  if (plan.already_installed) return "installed";
  if (!plan.enough_room) return "room";
  return networkOf(plan).ok ? null : "network";
}

/** What an installation takes when nothing is chosen for it, in words: `auto, here cu130`. */
export function usualTorch(settings: readonly SettingStatus[], hardware: Hardware | undefined): string {
  const of = (name: string) => settings.find((setting) => setting.name === name)?.value;
  const spec = of("torch_spec");
  if (typeof spec === "string") return spec;
  const backend = of("torch_backend");
  if (typeof backend === "string" && backend !== "auto") return backend;
  return hardware ? t("automatic, here {backend}", { backend: hardware.torch_backend }) : t("automatic");
}
