/** How to install a version once more so that it becomes what it was. */

import type { InstallOptions, SettingStatus, VersionStatus } from "@/transport/contract.generated";

/** The options of a version that is there. `own`: the launcher's Python. */
export function optionsAsBefore(
  { reference, torch, python, packages_as_of: asOf }: VersionStatus,
  settings: readonly SettingStatus[],
  own: string,
): InstallOptions {
  const places = settings.find(({ name }) => name === "find_links")?.value;
  // What the settings name is looked at anyway.
  const links = torch.find_links.filter((one) => !Array.isArray(places) || !places.includes(one));
  return {
    reference,
    ...(torch.spec ? { torch_spec: torch.spec } : torch.backend ? { torch_backend: torch.backend } : {}),
    ...(minor(python) === minor(own) ? {} : { python: minor(python) }),
    ...(links.length > 0 ? { find_links: links } : {}),
    packages_as_of: asOf === null ? "today" : "release",
  };
}

// 3.12.4 and 3.12.7 are one Python for packages; the very patch may no longer be there to have.
function minor(python: string): string {
  return python.split(".", 2).join(".");
}
