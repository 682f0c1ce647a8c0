/** What a person does with versions, wherever they are shown. What works shows by itself. */

import type { EndpointName, RequestOf, ResultOf, VersionStatus } from "@/transport/contract.generated";
import { openLink } from "@/ui/external-link";

import { attempt } from "./attempt";
import { closeInstall } from "./install-dialog";
import { inWindow, invoke, refresh } from "./launcher";

/** Asks for a change; null after a refusal, which the user has been told of. */
async function change<Name extends EndpointName>(name: Name, request: RequestOf<Name>): Promise<ResultOf<Name> | null> {
  const answer = await attempt(invoke(name, request));
  if (answer === null) refreshVersions();
  return answer;
}

/** What was offered could not be done: what is shown may be older than what is there. */
export function refreshVersions(): void {
  refresh("versions.list", "versions.trash");
}

/** Launches it. The launcher knows whether there is a GPU for it, unless the user says otherwise. */
export async function launch({ tag }: Pick<VersionStatus, "tag">, onProcessor = false): Promise<void> {
  await change("versions.launch", onProcessor ? { tag, cpu: true } : { tag });
}

/** Stops it, or the start of it that is under way. */
export async function stop(tag: string): Promise<void> {
  await change("versions.stop", { tag });
}

/** ComfyUI's own page, in the browser: never in the launcher's window. */
export async function openPage({ instance }: VersionStatus): Promise<void> {
  if (instance) await attempt(openLink(instance.url));
}

export async function activate(tag: string): Promise<void> {
  await change("versions.activate", { tag });
}

export async function setDefault(tag: string | null): Promise<void> {
  await change("versions.set_default", { tag });
}

/** Takes a version back from the trash. */
export async function restore(entry: string): Promise<void> {
  await change("versions.restore", { entry });
}

/** Takes several back, one after the other: what cannot be taken back is told, and the rest comes. */
export async function restoreAll(entries: readonly string[]): Promise<void> {
  // oxlint-disable-next-line no-await-in-loop
  for (const entry of entries) await restore(entry);
}

/** Deletes these entries of the trash for good. */
export async function emptyTrash(entries: readonly string[]): Promise<void> {
  await change("versions.empty_trash", { entries });
}

/** Launches what was installed just now, and shows it. */
export async function launchInstalled(tag: string): Promise<void> {
  const version = await change("versions.show", { tag });
  if (!version) return;
  closeInstall();
  if (!version.is_active) await activate(tag);
  await launch(version);
}

export async function cancel(operationId: string): Promise<void> {
  await change("operations.cancel", { operation_id: operationId });
}

export async function refreshReleases(): Promise<void> {
  await change("versions.refresh_releases", {});
}

/** Whether folders can be shown: only the window can open the file manager. */
export const canReveal = inWindow;

export async function reveal(path: string): Promise<void> {
  await change("window.reveal", { path });
}
