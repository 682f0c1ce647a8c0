/** The install dialog, which any place can open: what it is about. */

import { create } from "zustand";

import type { Failure, InstallOptions, OperationSnapshot, VersionStatus } from "@/transport/contract.generated";

import { queryClient } from "./launcher";

interface InstallDialogState {
  readonly open: boolean;
  /** Counts the times it was opened to ask: what was typed into it before is gone. */
  readonly opening: number;
  /** Null: the user says which in the dialog. */
  readonly reference: string | null;
  /** The version that it takes the place of, and how that one was installed. */
  readonly instead: Instead | null;
  /** The installation that the dialog follows, once there is one. */
  readonly operationId: string | null;
  /** What was asked for to have that installation, to ask for it again; null: not asked for here. */
  readonly asked: InstallOptions | null;
  /** Why what was asked for last was not begun. */
  readonly refusal: Failure | null;
}

export interface Instead {
  readonly version: VersionStatus;
  readonly options: InstallOptions;
  /** What moved it to the trash; null: it is still where it was. */
  readonly trashed: OperationSnapshot | null;
}

const NOTHING = { reference: null, instead: null, operationId: null, asked: null, refusal: null } as const;

export const useInstallDialog = create<InstallDialogState>(() => ({ open: false, opening: 0, ...NOTHING }));

const set = useInstallDialog.setState;

/** Asks what to install and how, with the price. */
export function openInstall(reference: string | null = null): void {
  ask({ reference });
}

/** Asks for a version once more, as it was installed: nothing is done to it before the answer. */
export function openInstallInstead(version: VersionStatus, options: InstallOptions): void {
  ask({ reference: version.reference, instead: { version, options, trashed: null } });
}

function ask(about: Partial<InstallDialogState>): void {
  // The room on the disk changes: what a plan said once is not what it says now.
  queryClient.removeQueries({ queryKey: ["versions.plan"] });
  set(({ opening }) => ({ ...NOTHING, ...about, open: true, opening: opening + 1 }));
}

/** Shows an installation that is under way. */
export function followInstall(operationId: string): void {
  set((now) => (now.operationId === operationId ? { open: true } : { ...NOTHING, open: true, operationId }));
}

/** Shows the installation that was begun with these options. */
export function followAsked(operationId: string, asked: InstallOptions): void {
  set({ operationId, asked, refusal: null });
}

/** Says in the dialog why nothing was begun; null: that is over. */
export function refuseInstall(refusal: Failure | null): void {
  set({ refusal });
}

/** The version that is installed again is in the trash now, or, with null, back in its place. */
export function noteTrashed(trashed: OperationSnapshot | null): void {
  set(({ instead }) => ({ instead: instead && { ...instead, trashed } }));
}

/** Puts the dialog away; what it followed goes on. */
export function closeInstall(): void {
  set({ open: false });
}
