import { ExternalLink, Play, RotateCcw, Square } from "lucide-react";

import { launch, openPage, stop } from "@/state/changes";
import { toAddress } from "@/state/route";
import type { VersionStatus } from "@/transport/contract.generated";
import { ActButton } from "@/ui/act-button";
import { Button } from "@/ui/button";
import { ago, bytes } from "@/ui/format";
import { Badge } from "@/ui/surfaces";
import { t } from "@/words";

import { installAgain } from "./actions";
import { type Phase, primaryOf } from "./standing";
import { StateBadge } from "./state-badge";
import { useStanding } from "./use-versions";
import { VersionMenu } from "./version-menu";

/** A version in the list. Enter opens its page. */
export function InstalledRow({ version }: { readonly version: VersionStatus }) {
  const { phase } = useStanding(version);
  const cell = "px-3 text-ink-soft whitespace-nowrap";
  return (
    <tr data-row className="h-10 border-b last:border-b-0 focus-within:bg-hover/50 hover:bg-hover/50">
      <th scope="row" className="max-w-48 @3xl:max-w-72 pr-3 pl-4 font-medium">
        <span className="flex items-center gap-2">
          <a href={toAddress({ place: "version", subject: version.tag })} className="truncate rounded-sm hover:underline">
            {version.tag}
          </a>
          {version.is_default && <Badge>{t("Default")}</Badge>}
        </span>
      </th>
      <td className={cell}>
        <StateBadge phase={phase} />
      </td>
      <td className={`${cell} hidden text-right @xl:table-cell`}>{bytes(version.own_bytes)}</td>
      <td className={`${cell} hidden @3xl:table-cell`}>{version.torch.version ?? version.torch.backend ?? "–"}</td>
      <td className={`${cell} hidden @3xl:table-cell`}>{version.python}</td>
      <td className={`${cell} hidden @2xl:table-cell`}>
        {version.last_launched_at ? ago(version.last_launched_at) : t("never")}
      </td>
      <td className="px-3">
        <span className="flex items-center justify-end gap-1">
          <RowButton version={version} phase={phase} />
          <VersionMenu version={version} phase={phase} />
        </span>
      </td>
    </tr>
  );
}

function RowButton({ version, phase }: { readonly version: VersionStatus; readonly phase: Phase }) {
  const { tag } = version;
  switch (primaryOf(phase)) {
    case "open":
      return (
        <>
          <Button size="small" kind="quiet" icon={<ExternalLink aria-hidden />} aria-label={t("Open {tag}", { tag })} onClick={() => void openPage(version)}>
            {t("Open")}
          </Button>
          <ActButton size="small" kind="quiet" icon={<Square aria-hidden />} aria-label={t("Stop {tag}", { tag })} act={() => stop(tag)}>
            {t("Stop")}
          </ActButton>
        </>
      );
    case "cancel":
      return (
        <ActButton size="small" kind="quiet" icon={<Square aria-hidden />} aria-label={t("Cancel the start of {tag}", { tag })} act={() => stop(tag)}>
          {t("Cancel")}
        </ActButton>
      );
    case "wait":
      return null;
    case "install-again":
      return (
        <ActButton size="small" kind="quiet" icon={<RotateCcw aria-hidden />} aria-label={t("Install again: {tag}", { tag })} act={() => installAgain(version)}>
          {t("Install again…")}
        </ActButton>
      );
    default:
      return (
        <ActButton size="small" kind="quiet" icon={<Play aria-hidden />} aria-label={t("Launch {tag}", { tag })} act={() => launch(version)}>
          {t("Launch")}
        </ActButton>
      );
  }
}
