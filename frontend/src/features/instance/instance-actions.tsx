import { ExternalLink, Play, RotateCcw, Square } from "lucide-react";

import { launch, openPage, stop } from "@/state/changes";
import { useCommands } from "@/state/commands";
import { CancelButton } from "@/features/operations/cancel-button";
import { ActButton } from "@/ui/act-button";
import { installAgain } from "@/features/versions/actions";
import { type Phase, primaryOf } from "@/features/versions/standing";
import { VersionMenu } from "@/features/versions/version-menu";
import type { OperationSnapshot, VersionStatus } from "@/transport/contract.generated";
import { Button } from "@/ui/button";
import { t } from "@/words";

interface InstanceActionsProps {
  readonly version: VersionStatus;
  readonly phase: Phase;
  readonly operation: OperationSnapshot | null;
}

/** What can be done with the version of this page: the same as on Home. */
export function InstanceActions({ version, phase, operation }: InstanceActionsProps) {
  useInstanceCommands(version, phase);
  return (
    <>
      {phase === "running" && (
        <ActButton icon={<Square aria-hidden />} act={() => stop(version.tag)}>
          {t("Stop")}
        </ActButton>
      )}
      <Primary version={version} phase={phase} operation={operation} />
      <VersionMenu version={version} phase={phase} />
    </>
  );
}

function Primary({ version, phase, operation }: InstanceActionsProps) {
  switch (primaryOf(phase)) {
    case "open":
      return (
        <Button kind="primary" icon={<ExternalLink aria-hidden />} onClick={() => void openPage(version)}>
          {t("Open")}
        </Button>
      );
    case "cancel":
      return operation && <CancelButton operation={operation} />;
    case "wait":
      return <Button busy>{t("A moment")}</Button>;
    case "install-again":
      return (
        <ActButton kind="primary" icon={<RotateCcw aria-hidden />} act={() => installAgain(version)}>
          {t("Install again…")}
        </ActButton>
      );
    case "launch":
      return (
        <ActButton kind="primary" icon={<Play aria-hidden className="fill-current" />} act={() => launch(version)}>
          {t("Launch")}
        </ActButton>
      );
  }
}

// Only what Home does not offer at the same time: its commands are about the active version.
function useInstanceCommands(version: VersionStatus, phase: Phase): void {
  const { tag } = version;
  const group = t("This version");
  const does = primaryOf(phase);
  useCommands([
    ...(does === "launch"
      ? [{ id: "this-launch", title: t("Launch {tag}", { tag }), group, icon: <Play />, run: () => void launch(version) }]
      : []),
    ...(does === "open"
      ? [
          { id: "this-open", title: t("Open {tag}", { tag }), group, icon: <ExternalLink />, run: () => void openPage(version) },
          { id: "this-stop", title: t("Stop {tag}", { tag }), group, icon: <Square />, run: () => void stop(tag) },
        ]
      : []),
  ]);
}
