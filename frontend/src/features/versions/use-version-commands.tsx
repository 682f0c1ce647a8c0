import { CircleCheck, Download, ExternalLink, FileText, Info, Play, RefreshCw, Square, Trash2 } from "lucide-react";

import { activate, launch, openPage, refreshReleases, stop } from "@/state/changes";
import { type Command, useCommands } from "@/state/commands";
import { openInstall } from "@/state/install-dialog";
import { useAnswer } from "@/state/launcher";
import { useOperations } from "@/state/operations";
import { go } from "@/state/route";
import type { VersionStatus } from "@/transport/contract.generated";
import { t } from "@/words";

import { newestRelease } from "./releases";
import { askToUninstall } from "./removal";
import { primaryOf, standingOf } from "./standing";

/** What the palette and the keyboard can do with versions, in every place. */
export function useVersionCommands(version: VersionStatus | undefined): void {
  const operations = useOperations();
  const newest = newestRelease(useAnswer("versions.releases", {}).data?.releases ?? []);
  const versions = useAnswer("versions.list", {}).data?.versions ?? [];
  const installed = versions.some(({ tag }) => tag === newest?.tag);
  const group = t("Versions");
  useCommands([
    ...(version ? commandsFor(version, primaryOf(standingOf(version, operations).phase), group) : []),
    ...(newest && !installed
      ? [{ id: "install-newest", title: t("Install {tag}, the newest release…", { tag: newest.tag }), group, icon: <Download />, run: () => openInstall(newest.tag) }]
      : []),
    { id: "install", title: t("Install another version…"), group, shortcut: "i", icon: <Download />, keywords: "branch commit release", run: () => openInstall() },
    ...versions.flatMap((one) => placesOf(one, group)),
    { id: "refresh-releases", title: t("Look for new releases"), group, shortcut: "r", icon: <RefreshCw />, keywords: "refresh update", run: () => void refreshReleases() },
  ]);
}

function commandsFor(version: VersionStatus, primary: ReturnType<typeof primaryOf>, group: string): Command[] {
  const { tag } = version;
  const end = (title: string): Command => ({
    id: "stop",
    title,
    group,
    // Twice, as there is no way back from it.
    shortcut: "s s",
    icon: <Square />,
    run: () => void stop(tag),
  });
  switch (primary) {
    case "launch":
      return [{ id: "launch", title: t("Launch {tag}", { tag }), group, shortcut: "l", icon: <Play />, keywords: "start run", run: () => void launch(version) }];
    case "open":
      return [
        { id: "open", title: t("Open {tag} in the browser", { tag }), group, shortcut: "o", icon: <ExternalLink />, run: () => void openPage(version) },
        end(t("Stop {tag}", { tag })),
      ];
    case "cancel":
      return [end(t("Cancel the start of {tag}", { tag }))];
    default:
      return [];
  }
}

/** Where each installed version can be looked at, how it becomes the one to work with, and how it goes. */
function placesOf({ tag, is_active }: VersionStatus, group: string): Command[] {
  const place = "version" as const;
  return [
    { id: `show-${tag}`, title: t("Show {tag}", { tag }), group, icon: <Info />, keywords: "details overview", run: () => go({ place, subject: tag }) },
    { id: `log-${tag}`, title: t("Log of {tag}", { tag }), group, icon: <FileText />, keywords: "output errors", run: () => go({ place, subject: tag, part: "log" }) },
    ...(is_active
      ? []
      : [{ id: `activate-${tag}`, title: t("Work with {tag}", { tag }), group, icon: <CircleCheck />, keywords: "activate switch", run: () => void activate(tag) }]),
    { id: `uninstall-${tag}`, title: t("Move {tag} to the trash…", { tag }), group, icon: <Trash2 />, keywords: "uninstall remove delete", run: () => askToUninstall(tag) },
  ];
}
