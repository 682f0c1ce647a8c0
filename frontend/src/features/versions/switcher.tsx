import { Check, ChevronsUpDown, Download } from "lucide-react";
import type { ReactElement } from "react";

import { activate } from "@/state/changes";
import { openInstall } from "@/state/install-dialog";
import { useAnswer } from "@/state/launcher";
import { go } from "@/state/route";
import type { VersionStatus } from "@/transport/contract.generated";
import { classes } from "@/ui/classes";
import { Menu, MenuItem, MenuLabel, MenuLine } from "@/ui/menu";
import { Dot } from "@/ui/surfaces";
import { t } from "@/words";

import { InstallDialog } from "./install-dialog";
import { phaseLook, shortTag } from "./standing";
import { UninstallDialog } from "./uninstall-dialog";
import { useVersionCommands } from "./use-version-commands";
import { useMainVersion, useStanding } from "./use-versions";

/**
 * The version to work with, in every place; here another one is chosen. As it is always there, the
 * keyboard's commands for versions and the dialogs about them stand here too.
 */
export function VersionSwitcher({ compact }: { readonly compact: boolean }) {
  const version = useMainVersion();
  useVersionCommands(version);
  return (
    <>
      {version ? <Switcher version={version} compact={compact} /> : <NoVersion compact={compact} />}
      <InstallDialog />
      <UninstallDialog />
    </>
  );
}

function Switcher({ version, compact }: { readonly version: VersionStatus; readonly compact: boolean }) {
  const { data } = useAnswer("versions.list", {});
  return (
    <Menu align="start" trigger={<Current version={version} compact={compact} />}>
      <MenuLabel>{t("Work with")}</MenuLabel>
      {data?.versions.map((one) => (
        <VersionItem key={one.tag} version={one} />
      ))}
      <MenuLine />
      <MenuItem icon={<Download />} onSelect={() => openInstall()}>
        {t("Install another version…")}
      </MenuItem>
    </Menu>
  );
}

interface CurrentProps {
  readonly version: VersionStatus;
  readonly compact: boolean;
}

// The menu passes its own handlers to its trigger.
function Current({ version, compact, ...rest }: CurrentProps): ReactElement {
  const { words, tone, moving } = phaseLook(useStanding(version).phase);
  const dot = <Dot tone={tone} moving={moving} />;
  return (
    <button
      type="button"
      {...rest}
      className={classes(
        "flex w-full min-w-0 items-center rounded-md text-left hover:bg-hover data-[state=open]:bg-hover",
        compact ? "h-11 flex-col justify-center gap-1.5" : "h-11 gap-2.5 px-2.5",
      )}
    >
      {dot}
      {compact ? (
        <>
          <span className="tabular max-w-full truncate text-xs leading-none font-medium">{shortTag(version.tag)}</span>
          <span className="sr-only">{t("{state}. Choose a version", { state: words })}</span>
        </>
      ) : (
        <>
          <span className="min-w-0 flex-1 leading-tight">
            <span className="tabular block truncate font-semibold">{version.tag}</span>
            <span className="block truncate text-xs text-ink-faint">{words}</span>
          </span>
          <span className="sr-only">{t("Choose a version")}</span>
          <ChevronsUpDown aria-hidden className="size-4 shrink-0 text-ink-faint" />
        </>
      )}
    </button>
  );
}

function VersionItem({ version }: { readonly version: VersionStatus }) {
  const { words, tone, moving } = phaseLook(useStanding(version).phase);
  return (
    <MenuItem icon={<Dot tone={tone} moving={moving} />} onSelect={() => void activate(version.tag)}>
      <span className="flex items-center gap-3">
        <span className="tabular flex-1 truncate">{version.tag}</span>
        <span className="text-sm text-ink-faint">{words}</span>
        <Check aria-label={version.is_active ? t("active") : ""} aria-hidden={!version.is_active} className={version.is_active ? "text-accent" : "invisible"} />
      </span>
    </MenuItem>
  );
}

function NoVersion({ compact }: { readonly compact: boolean }) {
  return (
    <button
      type="button"
      {...(compact ? { "aria-label": t("ComfyUI: no version yet") } : {})}
      onClick={() => go({ place: "home" })}
      className={classes("flex h-11 w-full items-center rounded-md text-left hover:bg-hover", compact ? "justify-center" : "gap-2.5 px-2")}
    >
      <img src="/icon.svg" alt="" className="size-7 shrink-0" />
      {!compact && (
        <span className="min-w-0 leading-tight">
          <span className="block truncate font-semibold">ComfyUI</span>
          <span className="block truncate text-xs text-ink-faint">{t("No version yet")}</span>
        </span>
      )}
    </button>
  );
}
