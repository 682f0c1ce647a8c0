/** Answers of the launcher as tests need them: whole, with what matters set by the test. */

import type { DeletionPlan } from "@/features/trash/plan";
import type {
  EmptyingPlan,
  Hardware,
  InstallationPlan,
  InstanceStatus,
  OperationList,
  OperationSnapshot,
  Release,
  ReleaseListing,
  RemovalPlan,
  SettingsList,
  SettingStatus,
  StateFile,
  TrashedVersion,
  TrashList,
  VersionList,
  VersionStatus,
} from "@/transport/contract.generated";

export function version(tag: string, more: Partial<VersionStatus> = {}): VersionStatus {
  return {
    tag,
    state: "stopped",
    is_active: false,
    is_default: false,
    reference: tag,
    kind: "tag",
    commit: "0".repeat(40),
    released_at: "2025-10-08T06:01:17Z",
    installed_at: "2025-10-20T10:00:00Z",
    last_launched_at: null,
    python: "3.12.1",
    torch: { backend: "cu130", spec: null, find_links: [], version: "2.13.0+cu130" },
    packages_as_of: "2025-10-15T06:01:17Z",
    package_count: 78,
    own_bytes: 1_900_000_000,
    logical_bytes: 7_500_000_000,
    path: `/home/ada/comfyui-versions/${tag}`,
    missing: [],
    instance: null,
    last_exit: null,
    ...more,
  };
}

export function instance(tag: string, more: Partial<InstanceStatus> = {}): InstanceStatus {
  return {
    tag,
    state: "running",
    url: "http://127.0.0.1:8188",
    port: 8188,
    pid: 4711,
    started_at: "2025-10-20T10:00:00Z",
    ready_seconds: 4.7,
    supervised: true,
    log_file: "/home/ada/launcher-data/logs/x.log",
    ...more,
  };
}

export function list(...versions: VersionStatus[]): VersionList {
  const active = versions.find(({ is_active }) => is_active)?.tag ?? null;
  const first = versions.find(({ is_default }) => is_default)?.tag ?? null;
  return { versions, active, default: first, problems: [] };
}

export function operation(kind: string, subject: string, more: Partial<OperationSnapshot> = {}): OperationSnapshot {
  return {
    id: `${kind}-${subject}`,
    kind,
    subject,
    state: "running",
    progress: {
      fraction: 0,
      step: null,
      step_number: 0,
      step_count: 0,
      done: null,
      total: null,
      detail: null,
      elapsed_seconds: 0,
      remaining_seconds: null,
    },
    created_at: "2025-10-20T10:00:00Z",
    finished_at: null,
    result: null,
    error: null,
    request: null,
    recovery: null,
    owner: { pid: 1, created: "1", machine: "", place: "" },
    ...more,
  };
}

/** What ran, the newest first. */
export function jobs(...operations: OperationSnapshot[]): OperationList {
  return { operations, problems: [] };
}

export function trashed(tag: string, more: Partial<TrashedVersion> = {}): TrashedVersion {
  return {
    entry: `${tag}-x`,
    tag,
    reason: "removed",
    trashed_at: "2025-10-20T10:00:00Z",
    expires_at: "2025-11-19T10:00:00Z",
    path: `/home/ada/comfyui-versions/.trash/${tag}-x`,
    bytes: 1_900_000_000,
    ...more,
  };
}

export function trash(...entries: TrashedVersion[]): TrashList {
  return { entries, kept_days: 30, problems: [] };
}

const DELETION: DeletionPlan = {
  frees_bytes: 412_000_000,
  shared_bytes: 1_500_000_000,
  files: 41_207,
  links: 37,
  outside_bytes: 0,
  in_the_way: [],
  summary: "",
};

export function removal(tag: string, more: Partial<RemovalPlan> = {}): RemovalPlan {
  return { ...DELETION, tag, path: `/home/ada/comfyui-versions/${tag}`, running: false, kept_days: 30, ...more };
}

export function emptying(entries: string[], more: Partial<EmptyingPlan> = {}): EmptyingPlan {
  return { ...DELETION, entries, ...more };
}

export function stateFile(path: string, more: Partial<StateFile> = {}): StateFile {
  return { path, what: "The settings", outcome: "damaged", reason: "Its checksum does not fit.", advice: "Put a copy of it back.", ...more };
}

export function release(tag: string, published_at: string | null, more: Partial<Release> = {}): Release {
  return { tag, commit: "1".repeat(40), prerelease: false, published_at, notes: null, page: null, ...more };
}

export function listing(...releases: Release[]): ReleaseListing {
  return {
    repository: "https://github.com/Comfy-Org/ComfyUI",
    fetched_at: "2025-10-20T10:00:00Z",
    stale: false,
    refreshing: null,
    problem: null,
    notes_problem: null,
    releases,
    branches: ["master"],
  };
}

export const RTX_4070: Hardware = {
  processor: "AMD Ryzen 7",
  core_count: 16,
  memory_bytes: 34_000_000_000,
  gpus: [{ name: "NVIDIA GeForce RTX 4070", memory_bytes: 12_500_000_000 }],
  torch_backend: "cu130",
  verdict: "RTX 4070, 12 GB: SDXL and Flux fp8 fit.",
};

export const NO_GPU: Hardware = {
  ...RTX_4070,
  gpus: [],
  torch_backend: "cpu",
  verdict: "No GPU that torch can use was found: ComfyUI runs on the processor, slowly.",
};

export function plan(tag: string, more: Partial<InstallationPlan> = {}): InstallationPlan {
  return {
    tag,
    reference: tag,
    commit: null,
    needed_bytes: 1_900_000_000,
    free_bytes: 70_000_000_000,
    enough_room: true,
    network_needed: true,
    network_reachable: true,
    already_installed: false,
    summary: "",
    ...more,
  };
}

export function setting(name: string, more: Partial<SettingStatus> = {}): SettingStatus {
  return { name, value: null, default: null, source: "default", variables: [], description: "", ...more };
}

export function settings(...all: SettingStatus[]): SettingsList {
  return { root: "/home/ada/comfyui", problem: null, settings: all, secrets: [] };
}
