import { ChevronDown, ExternalLink, Play, RotateCcw, Square } from "lucide-react";
import type { ReactElement } from "react";

import { launch, openPage, stop } from "@/state/changes";
import type { VersionStatus } from "@/transport/contract.generated";
import { ActButton } from "@/ui/act-button";
import { Button } from "@/ui/button";
import { classes } from "@/ui/classes";
import { Tooltip } from "@/ui/tooltip";
import { t } from "@/words";

import { installAgain } from "./actions";
import { type Phase, primaryOf } from "./standing";
import { VersionMenu } from "./version-menu";

interface HeroButtonsProps {
  readonly version: VersionStatus;
  readonly phase: Phase;
}

/** The one button that makes sense now, its second where there is one, and everything else. */
export function HeroButtons({ version, phase }: HeroButtonsProps) {
  return (
    <div className="flex shrink-0 items-center gap-2">
      {phase === "running" && (
        <ActButton size="large" icon={<Square aria-hidden />} act={() => stop(version.tag)}>
          {t("Stop")}
        </ActButton>
      )}
      <div className="flex">
        <PrimaryButton version={version} phase={phase} />
        <VersionMenu version={version} phase={phase} trigger={<SplitTrigger tag={version.tag} quiet={!isFilled(phase)} />} />
      </div>
    </div>
  );
}

const isFilled = (phase: Phase) => ["launch", "open", "install-again"].includes(primaryOf(phase));

function PrimaryButton({ version, phase }: HeroButtonsProps) {
  const look = { kind: "primary", size: "large", className: "rounded-r-none" } as const;
  switch (primaryOf(phase)) {
    case "open":
      return (
        <Tooltip text={t("In your browser")} shortcut="o">
          <Button {...look} icon={<ExternalLink aria-hidden />} onClick={() => void openPage(version)}>
            {t("Open")}
          </Button>
        </Tooltip>
      );
    case "install-again":
      return (
        <ActButton {...look} icon={<RotateCcw aria-hidden />} act={() => installAgain(version)}>
          {t("Install again…")}
        </ActButton>
      );
    case "cancel":
      return (
        <ActButton {...look} kind="plain" icon={<Square aria-hidden />} act={() => stop(version.tag)}>
          {t("Cancel")}
        </ActButton>
      );
    case "wait":
      return (
        <Button {...look} kind="plain" busy>
          {t("A moment")}
        </Button>
      );
    default:
      return (
        <ActButton {...look} icon={<Play aria-hidden className="fill-current" />} act={() => launch(version)}>
          {t("Launch")}
        </ActButton>
      );
  }
}

// The menu passes its own handlers to its trigger.
function SplitTrigger({ tag, quiet, ...rest }: { readonly tag: string; readonly quiet: boolean }): ReactElement {
  return (
    <Button
      {...rest}
      kind={quiet ? "plain" : "primary"}
      size="large"
      aria-label={t("More for {tag}", { tag })}
      className={classes("rounded-l-none px-2.5", quiet ? "border-l-0" : "border-l border-ground/25")}
    >
      <ChevronDown aria-hidden />
    </Button>
  );
}
