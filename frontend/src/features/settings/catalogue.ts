/** How each setting is shown: its name for people, its place, and what it is set with. */

import { TORCH_BUILDS } from "@/state/torch-builds";
import type { SettingStatus } from "@/transport/contract.generated";
import { t } from "@/words";

export type Control =
  | { readonly kind: "choice"; readonly options: readonly (readonly [value: string, label: string])[] }
  | { readonly kind: "number"; readonly unit: string }
  | { readonly kind: "switch" }
  | { readonly kind: "text"; readonly placeholder: string; readonly suggestions?: readonly string[] }
  | { readonly kind: "list"; readonly placeholder: string };

export interface Entry {
  readonly name: string;
  readonly title: string;
  readonly control: Control;
}

export type SectionName = "general" | "folders" | "packages" | "network" | "tokens" | "running" | "disk";

export const SECTIONS: readonly { readonly name: SectionName; readonly title: string }[] = [
  { name: "general", title: t("General") },
  { name: "folders", title: t("Folders") },
  { name: "running", title: t("Starting and stopping") },
  { name: "disk", title: t("Disk and trash") },
  { name: "packages", title: t("Packages") },
  { name: "network", title: t("Network and mirrors") },
  { name: "tokens", title: t("Tokens") },
];

const seconds = { kind: "number", unit: t("seconds") } as const;

// Held against backend/config.py by tests/contract/test_frontend_words.py.
export const ENTRIES: Readonly<Record<SectionName, readonly Entry[]>> = {
  general: [
    {
      name: "theme",
      title: t("Colours"),
      control: { kind: "choice", options: [["dark", t("Dark")], ["light", t("Light")], ["system", t("As the system")]] },
    },
    {
      name: "when_closing",
      title: t("When the window closes"),
      control: {
        kind: "choice",
        options: [["ask", t("Ask")], ["keep", t("Keep ComfyUI running")], ["stop", t("Stop ComfyUI")]],
      },
    },
    {
      name: "log_level",
      title: t("Detail of the logs"),
      control: {
        kind: "choice",
        options: [["DEBUG", t("Everything")], ["INFO", t("Normal")], ["WARNING", t("Warnings")], ["ERROR", t("Errors")]],
      },
    },
  ],
  folders: [
    {
      name: "existing_comfyui",
      title: t("A ComfyUI that you have already"),
      control: { kind: "text", placeholder: "/home/me/ComfyUI" },
    },
  ],
  running: [
    { name: "ready_timeout_seconds", title: t("Patience with a start"), control: seconds },
    { name: "stop_grace_seconds", title: t("Patience with an end"), control: seconds },
  ],
  disk: [
    { name: "trash_days", title: t("Days in the trash"), control: { kind: "number", unit: t("days") } },
    { name: "keep_free_mb", title: t("Room that stays free"), control: { kind: "number", unit: "MB" } },
  ],
  packages: [
    {
      name: "torch_backend",
      title: t("Build of torch"),
      control: {
        kind: "text",
        placeholder: "auto",
        suggestions: TORCH_BUILDS.map((build) => build.name),
      },
    },
    { name: "torch_spec", title: t("Exact torch"), control: { kind: "text", placeholder: "torch==2.13.0" } },
    {
      name: "packages_as_of",
      title: t("Packages for new versions"),
      control: { kind: "choice", options: [["release", t("As at the release")], ["today", t("The newest")]] },
    },
    { name: "grace_days", title: t("Days that still count as the release"), control: { kind: "number", unit: t("days") } },
    { name: "package_overrides", title: t("Packages that win over others"), control: { kind: "list", placeholder: "numpy<2.4" } },
    { name: "package_index", title: t("Mirror of the package index"), control: { kind: "text", placeholder: "https://mirror.example/simple" } },
    { name: "find_links", title: t("Folders and pages with wheels"), control: { kind: "list", placeholder: "/opt/wheels" } },
  ],
  network: [
    { name: "repository", title: t("Repository of ComfyUI"), control: { kind: "text", placeholder: "https://github.com/Comfy-Org/ComfyUI" } },
    { name: "github_repo", title: t("Name on GitHub"), control: { kind: "text", placeholder: "Comfy-Org/ComfyUI" } },
    { name: "github_api", title: t("Address of GitHub's API"), control: { kind: "text", placeholder: "https://api.github.com" } },
    { name: "http_timeout_seconds", title: t("Patience with a web request"), control: seconds },
    { name: "max_retries", title: t("Repeats of a failed request"), control: { kind: "number", unit: t("times") } },
  ],
  tokens: [{ name: "secrets_in_file", title: t("Keep tokens in a file"), control: { kind: "switch" } }],
};

/** What people know a setting by. */
export function entryTitle(name: string): string {
  return Object.values(ENTRIES).flat().find((entry) => entry.name === name)?.title ?? name;
}

// Shown as a list of its own, with what each folder holds.
export const SHOWN_ELSEWHERE: readonly string[] = ["extra_model_folders"];

/** What a person typed, as something to do with the setting. */
export type Wish =
  | { readonly do: "set"; readonly value: unknown }
  | { readonly do: "reset" }
  | { readonly do: "refuse"; readonly why: string };

/** What is to be done about what was typed. Nothing typed means none, or else the default. */
export function wishOf(control: Control, typed: string, usual: unknown): Wish {
  const text = typed.trim();
  if (text === "") return usual === null ? { do: "set", value: null } : { do: "reset" };
  if (control.kind === "list") {
    return { do: "set", value: text.split("\n").map((one) => one.trim()).filter(Boolean) };
  }
  if (control.kind !== "number") return { do: "set", value: text };
  const number = Number(text.replace(",", "."));
  if (Number.isFinite(number)) return { do: "set", value: number };
  return { do: "refuse", why: t("A number is needed here, for example {example}.", { example: asText(usual) }) };
}

/** A value as it stands in its field. */
export function asText(value: unknown): string {
  if (Array.isArray(value)) return value.join("\n");
  return value === null || value === undefined ? "" : String(value);
}

/** Whether the environment decides: then nothing that is set here has an effect. */
export function isFixed(setting: SettingStatus): boolean {
  return setting.source === "environment";
}
