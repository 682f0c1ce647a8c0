// Made by `python -m docs.generate`. Change the code, not this file.

/* Sizes are in bytes, times are ISO 8601 with their offset. */

export interface ActivateVersion {
  /** An installed version. */
  readonly tag: string;
}

export interface ChangeSetting {
  readonly name: string;
  readonly value: unknown;
}

/** Looks at the environment of a version. */
export interface CheckVersion {
  /** An installed version. */
  readonly tag?: string | null;
}

/** `start`: the folder that the dialog shows first; default: the user's home. */
export interface ChooseFolder {
  readonly start?: string | null;
}

/** `path` null: the user chose none. */
export interface ChosenFolder {
  readonly path: string | null;
}

/** `running`: what becomes of the ComfyUIs that run. */
export interface CloseWindow {
  readonly running: "keep" | "stop";
}

/** The packages that a version was made with, and what holds them in place. */
export interface ConstraintReport {
  readonly tag: string;
  readonly packages_as_of: string | null;
  readonly protected: readonly string[];
  readonly overrides: readonly string[];
  readonly packages: readonly string[];
}

/** A report in Markdown, without secrets and with the home folder written as `~`. */
export interface Diagnostics {
  readonly made_at: string;
  readonly text: string;
}

/** The paths of those names, in their order; a name that was not dropped is left out. */
export interface DroppedFiles {
  readonly paths: readonly string[];
}

/** The names that the page was told; it never learns a path that was not dropped onto it. */
export interface DroppedNames {
  readonly names: readonly string[];
}

/** A request that needs nothing. */
export type Empty = Readonly<Record<string, never>>;

/** `entries` null: everything in the trash. */
export interface EmptyTrash {
  /** From the list of the trash. */
  readonly entries?: readonly string[] | null;
}

/** What emptying the trash would do to these entries. */
export interface EmptyingPlan {
  readonly frees_bytes: number;
  readonly shared_bytes: number;
  readonly files: number;
  readonly links: number;
  readonly outside_bytes: number;
  readonly in_the_way: readonly string[];
  readonly summary: string;
  readonly entries: readonly string[];
}

/** Whether the environment of a version is what it should be. */
export interface EnvironmentReport {
  readonly tag: string;
  readonly python: string;
  readonly packages: readonly InstalledPackage[];
  readonly problems: readonly string[];
  /** In the constraint set, not in the environment. */
  readonly missing: readonly string[];
  /** There in another version than was installed. */
  readonly changed: readonly string[];
  readonly sound: boolean;
}

/** One entry of the stream. `id` is `<stream>-<seq>`: a new start of the app is a new stream. */
export interface Event {
  readonly id: string;
  readonly seq: number;
  readonly at: string;
  readonly data: EventData;
}

/** Why something failed, in the words of its error class (backend/exceptions.py). */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface ForgetSecret {
  readonly name: "GITHUB_TOKEN" | "HF_TOKEN" | "CIVITAI_TOKEN";
}

/** What emptying the trash freed. */
export interface FreedSpace {
  readonly bytes: number;
  readonly entries: number;
}

/** A graphics card. `memory_bytes` null: the driver does not tell. */
export interface Gpu {
  readonly name: string;
  readonly memory_bytes: number | null;
}

/** What ComfyUI has to work with. `verdict`: what that is good for, in a sentence. */
export interface Hardware {
  readonly processor: string;
  readonly core_count: number;
  readonly memory_bytes: number;
  readonly gpus: readonly Gpu[];
  readonly torch_backend: string;
  readonly verdict: string;
}

/** What to install and how. What is left out comes from the settings. */
export interface InstallOptions {
  /** A tag, a branch or a commit. */
  readonly reference: string;
  /** Version or path; default: the launcher's own. */
  readonly python?: string | null;
  /** Build of torch: auto, cpu, cu130 ... Not with `torch_spec`. */
  readonly torch_backend?: string | null;
  /** Exact requirement for torch, for example `torch==2.13.0+cpu`. */
  readonly torch_spec?: string | null;
  /** More places with wheels. */
  readonly find_links?: readonly string[];
  /** Packages as at the release, or the newest. */
  readonly packages_as_of?: "release" | "today" | null;
}

/** What an installation would do, before it does it. */
export interface InstallationPlan {
  readonly tag: string;
  readonly reference: string;
  /** None until the repository was fetched once. */
  readonly commit: string | null;
  readonly needed_bytes: number;
  readonly free_bytes: number;
  readonly enough_room: boolean;
  readonly network_needed: boolean;
  /** None when it is not needed. */
  readonly network_reachable: boolean | null;
  readonly already_installed: boolean;
  readonly summary: string;
}

/** A Python package in the environment of a version. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
}

/** One installation: what it is, where it lies, and how it was made. Sizes in bytes. */
export interface InstalledVersion {
  readonly schema: number;
  readonly tag: string;
  readonly reference: string;
  readonly kind: "tag" | "branch" | "commit";
  readonly commit: string;
  readonly released_at: string;
  readonly repository: string;
  /** Name of its folder in comfyui-versions/.store. */
  readonly store: string;
  readonly operation_id: string;
  readonly python: string;
  readonly torch: TorchChoice;
  readonly packages_as_of: string | null;
  readonly package_count: number;
  readonly installed_at: string;
  /** Disk that is freed when it goes; shared files not counted. */
  readonly own_bytes: number;
  readonly logical_bytes: number;
  readonly last_launched_at: string | null;
}

/** A ComfyUI moved to another state. */
export interface InstanceChanged {
  readonly type: "instance.changed";
  readonly tag: string;
  readonly state: string;
}

/** The log of a ComfyUI grew: read on where you stopped. At most four a second. */
export interface InstanceLogged {
  readonly type: "instance.logged";
  readonly tag: string;
}

/** A ComfyUI process of a version. `supervised`: false once its supervisor was killed. */
export interface InstanceStatus {
  readonly tag: string;
  readonly state: "starting" | "running";
  readonly url: string;
  readonly port: number;
  readonly pid: number | null;
  readonly started_at: string;
  readonly ready_seconds: number | null;
  readonly supervised: boolean;
  readonly log_file: string;
}

/** Keeps a secret in the keyring of the system (or the file, where that is allowed). */
export interface KeepSecret {
  readonly name: "GITHUB_TOKEN" | "HF_TOKEN" | "CIVITAI_TOKEN";
  readonly value: string;
}

/** How the last run of a version ended. `cause` and `advice`: when nobody asked it to end. */
export interface LastExit {
  readonly words: string;
  readonly at: string | null;
  readonly on_request: boolean;
  readonly cause: string | null;
  readonly advice: string | null;
}

/** A ComfyUI that answers. `model_count` 0 means: it runs, but can make nothing yet. */
export interface LaunchResult {
  readonly instance: InstanceStatus;
  readonly model_count: number;
  readonly advice: string | null;
}

/** Launches a version; the active one when none is named. */
export interface LaunchVersion {
  /** Default: the next free one. */
  readonly port?: number | null;
  /** Address. */
  readonly listen?: string;
  /** Run without a GPU, or with one. Default: without where torch or this machine has none. */
  readonly cpu?: boolean | null;
  readonly arguments?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ready_timeout_seconds?: number | null;
  /** An installed version. */
  readonly tag?: string | null;
}

/** A piece of a log. Ask again with `after` set to `next` for what comes then. */
export interface LogLines {
  readonly tag: string;
  readonly lines: readonly string[];
  readonly next: number;
  readonly file: string;
}

/** A folder of models. `kinds`: how many model files of each kind it holds. */
export interface ModelFolder {
  readonly path: string;
  readonly shared: boolean;
  readonly exists: boolean;
  readonly kinds: Readonly<Record<string, number>>;
}

/** Every folder that a launched version reads, the shared one first. */
export interface ModelFolders {
  readonly folders: readonly ModelFolder[];
  readonly model_count: number;
}

export interface OpenLink {
  /** http or https only. */
  readonly url: string;
}

/** An operation moved on; the snapshot is whole, so the last one is all a client needs. */
export interface OperationChanged {
  readonly type: "operation.changed";
  readonly operation: OperationSnapshot;
}

/** Newest first. `problems`: records of operations that cannot be read. */
export interface OperationList {
  readonly operations: readonly OperationSnapshot[];
  readonly problems: readonly StateProblem[];
}

/** A line of output of a tool that an operation runs. */
export interface OperationLogged {
  readonly type: "operation.logged";
  readonly operation_id: string;
  readonly line: string;
}

export interface OperationNamed {
  readonly operation_id: string;
}

/** What a call that takes time answers at once: where to look. */
export interface OperationRef {
  readonly operation_id: string;
  readonly kind: string;
  readonly subject: string;
}

/** One operation, whole. `request`: what was asked, where it can be asked again. */
export interface OperationSnapshot {
  readonly id: string;
  readonly kind: string;
  readonly subject: string;
  readonly state: OperationState;
  readonly progress: Progress;
  readonly created_at: string;
  readonly finished_at: string | null;
  readonly result: Readonly<Record<string, unknown>> | null;
  readonly error: Failure | null;
  readonly request: Readonly<Record<string, unknown>> | null;
  readonly recovery: Recovery | null;
  readonly owner: Owner;
}

/** Where an operation stands. `interrupted`: the launcher ended while it ran. */
export type OperationState = "queued" | "running" | "cancelling" | "succeeded" | "failed" | "cancelled" | "interrupted";

/** The process that runs an operation. Pid and birth name it for good, where they mean anything: on that machine, in that pid namespace of it. Records of older launchers say neither. */
export interface Owner {
  readonly pid: number;
  /** Its birth, in words of the system; to be compared only. */
  readonly created: string;
  /** The machine; to be compared only. */
  readonly machine: string;
  /** The pid namespace; to be compared only. */
  readonly place: string;
}

/** How far it is. `fraction` is 0..1 over all steps; `done` and `total` are of this step. */
export interface Progress {
  readonly fraction: number;
  readonly step: string | null;
  readonly step_number: number;
  readonly step_count: number;
  readonly done: number | null;
  readonly total: number | null;
  readonly detail: string | null;
  readonly elapsed_seconds: number;
  readonly remaining_seconds: number | null;
}

/** The last `limit` lines behind `after`: the `next` of the answer before. */
export interface ReadLog {
  /** An installed version. */
  readonly tag?: string | null;
  /** A position in the log, in bytes. */
  readonly after?: number;
  readonly limit?: number;
}

/** What became of what an interrupted operation left: settled at the next start. */
export interface Recovery {
  readonly outcome: "finished" | "undone" | "left";
  readonly words: string;
}

/** `{"schema": 1, "ok": false, "error": {"code", "message", "hint", "details"}}` */
export interface Refusal {
  readonly schema: 1;
  readonly ok: false;
  readonly error: Failure;
}

/** A version that the repository offers. Dates and notes are known where GitHub told them. */
export interface Release {
  readonly tag: string;
  readonly commit: string;
  readonly prerelease: boolean;
  readonly published_at: string | null;
  readonly notes: string | null;
  readonly page: string | null;
}

/** What can be installed, as far as is known. `stale`: older than an hour. */
export interface ReleaseListing {
  readonly repository: string;
  readonly fetched_at: string | null;
  readonly stale: boolean;
  readonly refreshing: string | null;
  readonly problem: Failure | null;
  readonly notes_problem: string | null;
  readonly releases: readonly Release[];
  readonly branches: readonly string[];
}

/** What uninstalling would do. The version goes to the trash first, for `kept_days` (0: until the trash is emptied), and frees nothing before that. */
export interface RemovalPlan {
  readonly frees_bytes: number;
  readonly shared_bytes: number;
  readonly files: number;
  readonly links: number;
  readonly outside_bytes: number;
  readonly in_the_way: readonly string[];
  readonly summary: string;
  readonly tag: string;
  readonly path: string;
  readonly running: boolean;
  readonly kept_days: number;
}

export interface ResetSetting {
  readonly name: string;
}

export interface RestoreVersion {
  /** From the list of the trash. */
  readonly entry: string;
}

export interface RevealFolder {
  /** A folder; a file is never opened. */
  readonly path: string;
}

/** Whether a secret is known and where it is kept. Never the secret. */
export interface SecretStatus {
  readonly name: string;
  readonly place: "environment" | "keyring" | "file" | "nowhere";
}

/** `tag` null: no default. */
export interface SetDefault {
  /** An installed version. */
  readonly tag: string | null;
}

/** A setting: its value, where that comes from, and what it means. */
export interface SettingStatus {
  readonly name: string;
  readonly value: unknown;
  readonly default: unknown;
  readonly source: "environment" | "file" | "default";
  readonly variables: readonly string[];
  readonly description: string;
}

/** A setting was changed. */
export interface SettingsChanged {
  readonly type: "settings.changed";
  readonly name: string;
}

/** `problem`: the file is damaged, and the settings before it are in force. */
export interface SettingsList {
  readonly root: string;
  readonly problem: string | null;
  readonly settings: readonly SettingStatus[];
  readonly secrets: readonly SecretStatus[];
}

/** The entry in the menu of the desktop. `path`: its file, also while it is not there. */
export interface Shortcut {
  readonly path: string;
  readonly installed: boolean;
  readonly current: boolean;
}

/** A file of the launcher that does not read as it should. */
export interface StateFile {
  readonly path: string;
  readonly what: string;
  readonly outcome: "recovered" | "damaged" | "newer" | "unreadable";
  readonly reason: string;
  readonly advice: string;
}

/** A state file that could not be read as it should. */
export interface StateProblem {
  readonly path: string;
  readonly reason: string;
  readonly recovered: boolean;
}

/** Every state file was read: how many there are, and those that are not sound. */
export interface StateReport {
  readonly files: number;
  readonly problems: readonly StateFile[];
}

/** Stops a version, or the start of it that is under way. */
export interface StopVersion {
  /** An installed version. */
  readonly tag?: string | null;
}

/** A ComfyUI that was ended. `words`: how it ended. */
export interface StoppedInstance {
  readonly tag: string;
  readonly url: string;
  readonly words: string;
  readonly seconds: number;
}

/** The launcher itself: what it is, where it lives, what it has to work with. */
export interface SystemInfo {
  readonly launcher: string;
  readonly root: string;
  readonly python: string;
  readonly platform: string;
  readonly git: string | null;
  readonly uv: string | null;
  readonly free_bytes: number;
  readonly notices: readonly string[];
}

/** Which build of torch an environment was made with. */
export interface TorchChoice {
  readonly backend: string | null;
  readonly spec: string | null;
  readonly find_links: readonly string[];
  readonly version: string | null;
}

/** What lies in the trash, the latest first, and for how many days (0: until it is emptied). */
export interface TrashList {
  readonly entries: readonly TrashedVersion[];
  readonly kept_days: number;
  readonly problems: readonly StateProblem[];
}

/** A removed version that can be taken back until `expires_at` (null: until it is emptied). */
export interface TrashedVersion {
  readonly entry: string;
  readonly tag: string;
  readonly reason: string;
  readonly trashed_at: string;
  readonly expires_at: string | null;
  readonly path: string;
  readonly bytes: number | null;
}

export interface UninstallVersion {
  /** An installed version. */
  readonly tag: string;
}

export interface UseFolder {
  /** A folder that has models. */
  readonly path: string;
}

/** Every installed version, and what is wrong with the records of them. */
export interface VersionList {
  readonly versions: readonly VersionStatus[];
  readonly active: string | null;
  readonly default: string | null;
  readonly problems: readonly StateProblem[];
}

/** A version; the active one when none is named. */
export interface VersionNamed {
  /** An installed version. */
  readonly tag?: string | null;
}

/** What a version is doing. */
export type VersionState = "stopped" | "starting" | "running" | "damaged";

/** An installed version as it stands now. */
export interface VersionStatus {
  readonly tag: string;
  readonly state: VersionState;
  readonly is_active: boolean;
  readonly is_default: boolean;
  readonly reference: string;
  readonly kind: "tag" | "branch" | "commit";
  readonly commit: string;
  readonly released_at: string;
  readonly installed_at: string;
  readonly last_launched_at: string | null;
  readonly python: string;
  readonly torch: TorchChoice;
  readonly packages_as_of: string | null;
  readonly package_count: number;
  readonly own_bytes: number;
  readonly logical_bytes: number;
  readonly path: string;
  readonly missing: readonly string[];
  readonly instance: InstanceStatus | null;
  readonly last_exit: LastExit | null;
}

/** The list of installed versions, the active or the default one changed: read it again. */
export interface VersionsChanged {
  readonly type: "versions.changed";
  readonly tag: string | null;
}

/** The user wants to close the window while something runs: ask what is to become of it. */
export interface WindowClosing {
  readonly type: "window.closing";
  readonly running: readonly string[];
  readonly operations: readonly string[];
}

/** What every answer that worked looks like. */
export interface Success<T = unknown> {
  readonly schema: 1;
  readonly ok: true;
  readonly value: T;
}

/** Every answer. */
export type Envelope<T = unknown> = Success<T> | Refusal;

/** What an event tells. */
export type EventData =
  | OperationChanged
  | OperationLogged
  | VersionsChanged
  | InstanceChanged
  | InstanceLogged
  | SettingsChanged
  | WindowClosing;

/** The kind of an event. */
export type EventType = EventData["type"];

/** The data of an event of one kind. */
export type EventOf<Type extends EventType> = Extract<EventData, { readonly type: Type }>;

/** How often an endpoint may be asked. */
export type RateClass = "read" | "change" | "destructive" | "unlimited";

/** Every endpoint: what it is asked with, and what it answers. */
export interface Endpoints {
  /** The launcher and its means. */
  readonly "system.info": {
    readonly request: Empty;
    readonly result: SystemInfo;
    readonly outcome: never;
  };
  /** What this machine can do, in words. */
  readonly "system.hardware": {
    readonly request: Empty;
    readonly result: Hardware;
    readonly outcome: never;
  };
  /** A report to hand to someone who helps; nothing secret is in it. */
  readonly "system.diagnostics": {
    readonly request: Empty;
    readonly result: Diagnostics;
    readonly outcome: never;
  };
  /** Reads every state file, and tells which are damaged. */
  readonly "system.state": {
    readonly request: Empty;
    readonly result: StateReport;
    readonly outcome: never;
  };
  /** Whether the launcher stands in the menu of the desktop. */
  readonly "system.shortcut": {
    readonly request: Empty;
    readonly result: Shortcut;
    readonly outcome: never;
  };
  /** Puts the launcher into the menu of the desktop. */
  readonly "system.install_shortcut": {
    readonly request: Empty;
    readonly result: Shortcut;
    readonly outcome: never;
  };
  /** Takes the launcher out of the menu of the desktop. */
  readonly "system.remove_shortcut": {
    readonly request: Empty;
    readonly result: Shortcut;
    readonly outcome: never;
  };
  /** What can be installed, as far as is known. */
  readonly "versions.releases": {
    readonly request: Empty;
    readonly result: ReleaseListing;
    readonly outcome: never;
  };
  /** Asks the repository what can be installed now. */
  readonly "versions.refresh_releases": {
    readonly request: Empty;
    readonly result: OperationRef;
    readonly outcome: null;
  };
  /** The installed versions. */
  readonly "versions.list": {
    readonly request: Empty;
    readonly result: VersionList;
    readonly outcome: never;
  };
  /** One installed version. */
  readonly "versions.show": {
    readonly request: VersionNamed;
    readonly result: VersionStatus;
    readonly outcome: never;
  };
  /** What an installation would need; changes nothing. */
  readonly "versions.plan": {
    readonly request: InstallOptions;
    readonly result: InstallationPlan;
    readonly outcome: never;
  };
  /** Installs a tag, a branch or a commit. */
  readonly "versions.install": {
    readonly request: InstallOptions;
    readonly result: OperationRef;
    readonly outcome: InstalledVersion;
  };
  /** What uninstalling would do to the disk; changes nothing. */
  readonly "versions.plan_uninstall": {
    readonly request: UninstallVersion;
    readonly result: RemovalPlan;
    readonly outcome: never;
  };
  /** Moves a version to the trash. */
  readonly "versions.uninstall": {
    readonly request: UninstallVersion;
    readonly result: OperationRef;
    readonly outcome: TrashedVersion;
  };
  /** The removed versions. */
  readonly "versions.trash": {
    readonly request: Empty;
    readonly result: TrashList;
    readonly outcome: never;
  };
  /** Takes a version back from the trash. */
  readonly "versions.restore": {
    readonly request: RestoreVersion;
    readonly result: VersionStatus;
    readonly outcome: never;
  };
  /** What emptying the trash would do to the disk; changes nothing. */
  readonly "versions.plan_empty_trash": {
    readonly request: EmptyTrash;
    readonly result: EmptyingPlan;
    readonly outcome: never;
  };
  /** Deletes what is in the trash, or some of it, for good. */
  readonly "versions.empty_trash": {
    readonly request: EmptyTrash;
    readonly result: OperationRef;
    readonly outcome: FreedSpace;
  };
  /** Chooses the version to work with. */
  readonly "versions.activate": {
    readonly request: ActivateVersion;
    readonly result: VersionStatus;
    readonly outcome: never;
  };
  /** Chooses the version to start with. */
  readonly "versions.set_default": {
    readonly request: SetDefault;
    readonly result: VersionList;
    readonly outcome: never;
  };
  /** Starts a version and waits until it answers. */
  readonly "versions.launch": {
    readonly request: LaunchVersion;
    readonly result: OperationRef;
    readonly outcome: LaunchResult;
  };
  /** Stops a version. */
  readonly "versions.stop": {
    readonly request: StopVersion;
    readonly result: OperationRef;
    readonly outcome: StoppedInstance;
  };
  /** The log of the last run. */
  readonly "versions.logs": {
    readonly request: ReadLog;
    readonly result: LogLines;
    readonly outcome: never;
  };
  /** Compares an environment with what was installed. */
  readonly "versions.check": {
    readonly request: CheckVersion;
    readonly result: EnvironmentReport;
    readonly outcome: never;
  };
  /** The packages that a version was made with. */
  readonly "versions.constraints": {
    readonly request: VersionNamed;
    readonly result: ConstraintReport;
    readonly outcome: never;
  };
  /** The folders that versions read models from. */
  readonly "models.folders": {
    readonly request: Empty;
    readonly result: ModelFolders;
    readonly outcome: never;
  };
  /** Lets all versions read a folder of models in place. */
  readonly "models.use": {
    readonly request: UseFolder;
    readonly result: ModelFolders;
    readonly outcome: never;
  };
  /** No longer reads that folder; its files stay. */
  readonly "models.forget": {
    readonly request: UseFolder;
    readonly result: ModelFolders;
    readonly outcome: never;
  };
  /** What runs and what ran. */
  readonly "operations.list": {
    readonly request: Empty;
    readonly result: OperationList;
    readonly outcome: never;
  };
  /** One operation. */
  readonly "operations.show": {
    readonly request: OperationNamed;
    readonly result: OperationSnapshot;
    readonly outcome: never;
  };
  /** Asks an operation to stop. */
  readonly "operations.cancel": {
    readonly request: OperationNamed;
    readonly result: OperationSnapshot;
    readonly outcome: never;
  };
  /** Asks again for what failed, was cancelled or was interrupted. */
  readonly "operations.retry": {
    readonly request: OperationNamed;
    readonly result: OperationRef;
    readonly outcome: null;
  };
  /** All settings with sources. */
  readonly "settings.list": {
    readonly request: Empty;
    readonly result: SettingsList;
    readonly outcome: never;
  };
  /** Changes a setting. */
  readonly "settings.change": {
    readonly request: ChangeSetting;
    readonly result: SettingsList;
    readonly outcome: never;
  };
  /** Back to the default of a setting. */
  readonly "settings.reset": {
    readonly request: ResetSetting;
    readonly result: SettingsList;
    readonly outcome: never;
  };
  /** Keeps a token in the keyring. */
  readonly "settings.keep_secret": {
    readonly request: KeepSecret;
    readonly result: SettingsList;
    readonly outcome: never;
  };
  /** Removes a token from where it is kept. */
  readonly "settings.forget_secret": {
    readonly request: ForgetSecret;
    readonly result: SettingsList;
    readonly outcome: never;
  };
  /** The page says that it is up. */
  readonly "window.ready": {
    readonly request: Empty;
    readonly result: Empty;
    readonly outcome: never;
  };
  /** Brings the window to the front. */
  readonly "window.show": {
    readonly request: Empty;
    readonly result: Empty;
    readonly outcome: never;
  };
  /** Lets the user choose a folder in a dialog of the system. */
  readonly "window.choose_folder": {
    readonly request: ChooseFolder;
    readonly result: ChosenFolder;
    readonly outcome: never;
  };
  /** The full paths of what was dropped onto the window last. */
  readonly "window.dropped_files": {
    readonly request: DroppedNames;
    readonly result: DroppedFiles;
    readonly outcome: never;
  };
  /** Opens a web page in the user's browser. */
  readonly "window.open_link": {
    readonly request: OpenLink;
    readonly result: Empty;
    readonly outcome: never;
  };
  /** Shows a folder in the file manager. */
  readonly "window.reveal": {
    readonly request: RevealFolder;
    readonly result: Empty;
    readonly outcome: never;
  };
  /** Closes the window; running ComfyUIs are kept or stopped. */
  readonly "window.close": {
    readonly request: CloseWindow;
    readonly result: Empty;
    readonly outcome: never;
  };
}

/** The name of an endpoint. */
export type EndpointName = keyof Endpoints;

/** What an endpoint is asked with. */
export type RequestOf<Name extends EndpointName> = Endpoints[Name]["request"];

/** What an endpoint answers. */
export type ResultOf<Name extends EndpointName> = Endpoints[Name]["result"];

/** The result of the operation that an endpoint starts; never: it starts none. */
export type OutcomeOf<Name extends EndpointName> = Endpoints[Name]["outcome"];

/** What is known of an endpoint before it is called. */
export interface EndpointRow {
  readonly takesTime: boolean;
  readonly rate: RateClass;
  readonly summary: string;
}

/** What can be asked for. */
export const ENDPOINTS: { readonly [Name in EndpointName]: EndpointRow } = {
  "system.info": {
    takesTime: false,
    rate: "read",
    summary: "The launcher and its means.",
  },
  "system.hardware": {
    takesTime: false,
    rate: "read",
    summary: "What this machine can do, in words.",
  },
  "system.diagnostics": {
    takesTime: false,
    rate: "read",
    summary: "A report to hand to someone who helps; nothing secret is in it.",
  },
  "system.state": {
    takesTime: false,
    rate: "read",
    summary: "Reads every state file, and tells which are damaged.",
  },
  "system.shortcut": {
    takesTime: false,
    rate: "read",
    summary: "Whether the launcher stands in the menu of the desktop.",
  },
  "system.install_shortcut": {
    takesTime: false,
    rate: "change",
    summary: "Puts the launcher into the menu of the desktop.",
  },
  "system.remove_shortcut": {
    takesTime: false,
    rate: "change",
    summary: "Takes the launcher out of the menu of the desktop.",
  },
  "versions.releases": {
    takesTime: false,
    rate: "read",
    summary: "What can be installed, as far as is known.",
  },
  "versions.refresh_releases": {
    takesTime: true,
    rate: "change",
    summary: "Asks the repository what can be installed now.",
  },
  "versions.list": {
    takesTime: false,
    rate: "read",
    summary: "The installed versions.",
  },
  "versions.show": {
    takesTime: false,
    rate: "read",
    summary: "One installed version.",
  },
  "versions.plan": {
    takesTime: false,
    rate: "read",
    summary: "What an installation would need; changes nothing.",
  },
  "versions.install": {
    takesTime: true,
    rate: "change",
    summary: "Installs a tag, a branch or a commit.",
  },
  "versions.plan_uninstall": {
    takesTime: false,
    rate: "read",
    summary: "What uninstalling would do to the disk; changes nothing.",
  },
  "versions.uninstall": {
    takesTime: true,
    rate: "destructive",
    summary: "Moves a version to the trash.",
  },
  "versions.trash": {
    takesTime: false,
    rate: "read",
    summary: "The removed versions.",
  },
  "versions.restore": {
    takesTime: false,
    rate: "change",
    summary: "Takes a version back from the trash.",
  },
  "versions.plan_empty_trash": {
    takesTime: false,
    rate: "read",
    summary: "What emptying the trash would do to the disk; changes nothing.",
  },
  "versions.empty_trash": {
    takesTime: true,
    rate: "destructive",
    summary: "Deletes what is in the trash, or some of it, for good.",
  },
  "versions.activate": {
    takesTime: false,
    rate: "change",
    summary: "Chooses the version to work with.",
  },
  "versions.set_default": {
    takesTime: false,
    rate: "change",
    summary: "Chooses the version to start with.",
  },
  "versions.launch": {
    takesTime: true,
    rate: "change",
    summary: "Starts a version and waits until it answers.",
  },
  "versions.stop": {
    takesTime: true,
    rate: "unlimited",
    summary: "Stops a version.",
  },
  "versions.logs": {
    takesTime: false,
    rate: "read",
    summary: "The log of the last run.",
  },
  "versions.check": {
    takesTime: false,
    rate: "read",
    summary: "Compares an environment with what was installed.",
  },
  "versions.constraints": {
    takesTime: false,
    rate: "read",
    summary: "The packages that a version was made with.",
  },
  "models.folders": {
    takesTime: false,
    rate: "read",
    summary: "The folders that versions read models from.",
  },
  "models.use": {
    takesTime: false,
    rate: "change",
    summary: "Lets all versions read a folder of models in place.",
  },
  "models.forget": {
    takesTime: false,
    rate: "change",
    summary: "No longer reads that folder; its files stay.",
  },
  "operations.list": {
    takesTime: false,
    rate: "read",
    summary: "What runs and what ran.",
  },
  "operations.show": {
    takesTime: false,
    rate: "read",
    summary: "One operation.",
  },
  "operations.cancel": {
    takesTime: false,
    rate: "unlimited",
    summary: "Asks an operation to stop.",
  },
  "operations.retry": {
    takesTime: true,
    rate: "change",
    summary: "Asks again for what failed, was cancelled or was interrupted.",
  },
  "settings.list": {
    takesTime: false,
    rate: "read",
    summary: "All settings with sources.",
  },
  "settings.change": {
    takesTime: false,
    rate: "change",
    summary: "Changes a setting.",
  },
  "settings.reset": {
    takesTime: false,
    rate: "change",
    summary: "Back to the default of a setting.",
  },
  "settings.keep_secret": {
    takesTime: false,
    rate: "change",
    summary: "Keeps a token in the keyring.",
  },
  "settings.forget_secret": {
    takesTime: false,
    rate: "change",
    summary: "Removes a token from where it is kept.",
  },
  "window.ready": {
    takesTime: false,
    rate: "unlimited",
    summary: "The page says that it is up.",
  },
  "window.show": {
    takesTime: false,
    rate: "change",
    summary: "Brings the window to the front.",
  },
  "window.choose_folder": {
    takesTime: false,
    rate: "change",
    summary: "Lets the user choose a folder in a dialog of the system.",
  },
  "window.dropped_files": {
    takesTime: false,
    rate: "read",
    summary: "The full paths of what was dropped onto the window last.",
  },
  "window.open_link": {
    takesTime: false,
    rate: "change",
    summary: "Opens a web page in the user's browser.",
  },
  "window.reveal": {
    takesTime: false,
    rate: "change",
    summary: "Shows a folder in the file manager.",
  },
  "window.close": {
    takesTime: false,
    rate: "unlimited",
    summary: "Closes the window; running ComfyUIs are kept or stopped.",
  },
};

/** Every code that a failure of the launcher can have. */
export const ERROR_CODES = [
  "already-running",
  "dependencies-unresolvable",
  "dependency-install-failed",
  "disk-failed",
  "disk-full",
  "foreign-folder",
  "foreign-origin",
  "github-limit-reached",
  "http-failed",
  "installation-damaged",
  "internal-error",
  "invalid-request",
  "invalid-value",
  "launcher-not-answering",
  "malformed-request",
  "metadata-corrupt",
  "metadata-from-the-future",
  "network-unreachable",
  "no-active-version",
  "no-desktop-menu",
  "no-window",
  "not-authenticated",
  "not-in-trash",
  "not-ready-in-time",
  "not-running",
  "not-writable",
  "operation-cancelled",
  "operation-conflict",
  "operation-interrupted",
  "operation-not-found",
  "operation-not-repeatable",
  "path-not-found",
  "port-taken",
  "python-not-found",
  "rate-limited",
  "repository-unreachable",
  "request-too-large",
  "secret-store-missing",
  "service-already-running",
  "source-failed",
  "source-incomplete",
  "start-failed",
  "stop-failed",
  "tool-missing",
  "unexpected-answer",
  "unknown-endpoint",
  "unknown-setting",
  "unsafe-path",
  "version-already-installed",
  "version-in-use",
  "version-not-found",
  "version-not-installed",
  "window-impossible",
  "wrong-code",
] as const;

/** One of these codes. */
export type ErrorCode = (typeof ERROR_CODES)[number];
