import { Cpu, EllipsisVertical, FileText, FolderOpen, Info, Pin, PinOff, Star, Trash2 } from "lucide-react";
import type { ReactElement } from "react";

import { activate, canReveal, launch, reveal, setDefault } from "@/state/changes";
import { go } from "@/state/route";
import type { VersionStatus } from "@/transport/contract.generated";
import { IconButton } from "@/ui/button";
import { Menu, MenuItem, MenuLine } from "@/ui/menu";
import { t } from "@/words";

import { askToUninstall } from "./removal";
import type { Phase } from "./standing";

interface VersionMenuProps {
  readonly version: VersionStatus;
  readonly phase: Phase;
  readonly trigger?: ReactElement;
}

/** Everything else that can be done with a version. */
export function VersionMenu({ version, phase, trigger }: VersionMenuProps) {
  const { tag, path, is_active: active, is_default: first } = version;
  const idle = phase === "stopped" || phase === "failed" || phase === "crashed";
  return (
    <Menu trigger={trigger ?? <MoreButton tag={tag} />}>
      {idle && (
        <>
          <MenuItem icon={<Cpu />} onSelect={() => void launch(version, true)}>
            {t("Launch on the processor")}
          </MenuItem>
          <MenuLine />
        </>
      )}
      <MenuItem icon={<Info />} onSelect={() => go({ place: "version", subject: tag })}>
        {t("Details")}
      </MenuItem>
      <MenuItem icon={<FileText />} onSelect={() => go({ place: "version", subject: tag, part: "log" })}>
        {t("Log")}
      </MenuItem>
      {canReveal() && (
        <MenuItem icon={<FolderOpen />} onSelect={() => void reveal(path)}>
          {t("Show the folder")}
        </MenuItem>
      )}
      <MenuLine />
      {!active && (
        <MenuItem icon={<Star />} onSelect={() => void activate(tag)}>
          {t("Work with this version")}
        </MenuItem>
      )}
      <MenuItem icon={first ? <PinOff /> : <Pin />} onSelect={() => void setDefault(first ? null : tag)}>
        {first ? t("No longer the default") : t("Make it the default")}
      </MenuItem>
      <MenuLine />
      <MenuItem
        icon={<Trash2 />}
        danger
        disabled={!idle && phase !== "damaged" && phase !== "running"}
        onSelect={() => askToUninstall(tag)}
      >
        {t("Move to the trash…")}
      </MenuItem>
    </Menu>
  );
}

// The menu passes its own handlers to its trigger.
function MoreButton({ tag, ...rest }: { readonly tag: string }) {
  return (
    <IconButton label={t("More for {tag}", { tag })} size="small" className="size-7" {...rest}>
      <EllipsisVertical aria-hidden />
    </IconButton>
  );
}
