import type { ModelFolder, SettingStatus } from "@/transport/contract.generated";

/**
 * The folder that is read because the setting `existing_comfyui` names it: the launcher lists it
 * behind the shared one and those that were added.
 */
export function ofExisting(folders: readonly ModelFolder[], settings: readonly SettingStatus[]): ModelFolder | undefined {
  const added = settings.find(({ name }) => name === "extra_model_folders")?.value;
  const others = folders.filter(({ shared }) => !shared);
  return Array.isArray(added) ? others[added.length] : undefined;
}
