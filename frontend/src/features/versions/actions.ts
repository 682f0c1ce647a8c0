/** Installing, installing again, and moving to the trash: what takes more than one call. */

import { toast } from "sonner";

import { attempt } from "@/state/attempt";
import { cancel, refreshVersions, restore } from "@/state/changes";
import { whenEnded } from "@/state/ended";
import { followAsked, followInstall, noteTrashed, openInstallInstead, refuseInstall, useInstallDialog } from "@/state/install-dialog";
import { invoke, queryClient } from "@/state/launcher";
import { textAt } from "@/state/told";
import type {
  EndpointName,
  InstallOptions,
  OperationRef,
  OperationSnapshot,
  ResultOf,
  VersionStatus,
} from "@/transport/contract.generated";
import { LauncherError } from "@/transport/transport";
import { t } from "@/words";

import { optionsAsBefore } from "./as-before";

/** Moves it to the trash, from which a word in the toast brings it back. */
export async function uninstall(tag: string): Promise<void> {
  const trashed = await attempt(trash(tag));
  if (!trashed) return refreshVersions();
  const entry = entryOf(trashed);
  toast(t("{tag} is in the trash", { tag }), {
    id: trashed.id,
    description: t("Its models, outputs and settings stay where they are."),
    ...(entry ? { action: { label: t("Undo"), onClick: () => void restore(entry) } } : {}),
    duration: 12_000,
  });
}

/** The operation that moved it to the trash. Rejects with a `LauncherError` where it could not. */
async function trash(tag: string): Promise<OperationSnapshot | null> {
  const started = await invoke("versions.uninstall", { tag });
  const ended = await whenEnded(started.operation_id);
  if (ended.error) throw new LauncherError(ended.error);
  return ended.state === "succeeded" ? ended : null;
}

const entryOf = (trashed: OperationSnapshot): string | null => textAt(trashed.result, "entry");

/** Shows what installing it once more takes, the way it was installed. Nothing is done to it yet. */
export async function installAgain(version: VersionStatus): Promise<void> {
  const known = await attempt(Promise.all([remembered("settings.list"), remembered("system.info")]));
  if (known) openInstallInstead(version, optionsAsBefore(version, known[0].settings, known[1].python));
}

function remembered<Name extends EndpointName>(name: Name): Promise<ResultOf<Name>> {
  return queryClient.ensureQueryData({ queryKey: [name, {}], queryFn: () => invoke(name, {}) });
}

/**
 * Starts what the install dialog asks for and follows it there; a refusal is shown there too. A
 * version whose place it takes goes to the trash first, and comes back if nothing is begun.
 */
export async function install(options: InstallOptions): Promise<void> {
  refuseInstall(null);
  try {
    const room = await makeRoom();
    if (!room) return;
    const started = await begin(options);
    followAsked(started.operation_id, options);
    const { instead } = useInstallDialog.getState();
    if (instead?.trashed) void offerUndo(instead.version.tag, instead.trashed, started.operation_id);
  } catch (error) {
    if (!(error instanceof LauncherError)) throw error;
    refuseInstall({ code: error.code, message: error.message, hint: error.hint, details: error.details });
    refreshVersions();
  }
}

/** Asks for an installation that did not come to its end once more, as it was asked for, and follows it. */
export async function installOnceMore(operationId: string): Promise<void> {
  const started = await attempt(invoke("operations.retry", { operation_id: operationId }));
  if (started) followInstall(started.operation_id);
}

// Whether the place is free: false when the user cancelled the way to the trash.
async function makeRoom(): Promise<boolean> {
  const { instead } = useInstallDialog.getState();
  if (!instead || instead.trashed) return true;
  const trashed = await trash(instead.version.tag);
  if (trashed) noteTrashed(trashed);
  return trashed !== null;
}

async function begin(options: InstallOptions): Promise<OperationRef> {
  try {
    return await invoke("versions.install", options);
  } catch (error) {
    const { instead, operationId } = useInstallDialog.getState();
    const entry = instead?.trashed && entryOf(instead.trashed);
    if (entry && operationId === null) {
      await restore(entry);
      noteTrashed(null);
    }
    throw error;
  }
}

// For as long as the new one is not there, the old one can be had back.
async function offerUndo(tag: string, trashed: OperationSnapshot, operationId: string): Promise<void> {
  const entry = entryOf(trashed);
  if (!entry) return;
  toast(t("{tag} as it was is in the trash", { tag }), {
    id: trashed.id,
    description: t("Undo ends the new installation and takes it back."),
    action: { label: t("Undo"), onClick: () => void takeBack(entry, operationId) },
    duration: Number.POSITIVE_INFINITY,
  });
  const ended = await whenEnded(operationId);
  if (ended.state === "succeeded") toast.dismiss(trashed.id);
}

async function takeBack(entry: string, operationId: string): Promise<void> {
  const operation = await attempt(invoke("operations.show", { operation_id: operationId }));
  if (operation && operation.finished_at === null) await cancel(operationId);
  await whenEnded(operationId);
  await restore(entry);
}
