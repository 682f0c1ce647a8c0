import { Play, RotateCcw } from "lucide-react";

import { LiveProgress } from "@/features/operations/live-progress";
import { resultWords } from "@/features/operations/outcome";
import { StageList } from "@/features/operations/stage-list";
import { cancel, launchInstalled } from "@/state/changes";
import { closeInstall, useInstallDialog } from "@/state/install-dialog";
import { isFinal, useOperationLogs } from "@/state/operations";
import { textAt } from "@/state/told";
import type { OperationSnapshot } from "@/transport/contract.generated";
import { ActButton } from "@/ui/act-button";
import { Button } from "@/ui/button";
import { ErrorCard, SkeletonRows } from "@/ui/states";
import { t } from "@/words";

import { install, installOnceMore } from "./actions";
import { Fold } from "./fold";

interface FollowProps {
  readonly operation: OperationSnapshot | undefined;
}

/** The stages as they pass, and what the tools say; at the end what came of it. */
export function FollowBody({ operation }: FollowProps) {
  const refusal = useInstallDialog((dialog) => dialog.refusal);
  if (!operation) return <SkeletonRows count={7} />;
  const end = endWords(operation);
  return (
    <div className="flex flex-col gap-5">
      {refusal && <ErrorCard error={refusal} title={t("The installation was not begun")} />}
      {!isFinal(operation) && <LiveProgress operation={operation} />}
      {/* Here from the beginning, so that a screen reader hears what comes into it. */}
      <p role="status" className={end ? "text-ink-soft" : "sr-only"}>
        {end}
      </p>
      {operation.state === "failed" && operation.error && <ErrorCard error={operation.error} />}
      <StageList operation={operation} />
      <Tail operation={operation} />
    </div>
  );
}

function endWords(operation: OperationSnapshot): string | null {
  if (operation.recovery) return operation.recovery.words;
  if (operation.state === "cancelled" || operation.state === "interrupted") {
    return t("It ended before it was through. Nothing of it is left on the disk, but for what another try can use.");
  }
  return resultWords(operation);
}

const TAIL_LINES = 60;
const NO_LINES: readonly string[] = [];

function Tail({ operation: { id } }: { readonly operation: OperationSnapshot }) {
  const lines = useOperationLogs((logs) => logs.lines[id]) ?? NO_LINES;
  if (lines.length === 0) return null;
  return (
    <Fold title={t("What the tools say")}>
      {/* The newest line stays in sight: a reversed column keeps to its end. What scrolls must be reachable. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div role="log" tabIndex={0} aria-label={t("What the tools say")} className="mt-2 flex max-h-44 flex-col-reverse overflow-auto rounded-md bg-ground p-3">
        <pre className="font-mono text-xs leading-5 text-ink-soft select-text">{lines.slice(-TAIL_LINES).join("\n")}</pre>
      </div>
    </Fold>
  );
}

export function FollowActions({ operation }: FollowProps) {
  const asked = useInstallDialog((dialog) => dialog.asked);
  if (!operation || !isFinal(operation)) {
    return (
      <>
        {operation && (
          <ActButton disabled={operation.state === "cancelling"} act={() => cancel(operation.id)}>
            {operation.state === "cancelling" ? t("Cancelling") : t("Cancel")}
          </ActButton>
        )}
        <Button autoFocus onClick={closeInstall}>
          {t("Continue in the background")}
        </Button>
      </>
    );
  }
  if (operation.state === "succeeded" || operation.recovery?.outcome === "finished") {
    const tag = textAt(operation.result, "tag") ?? operation.subject;
    return (
      <>
        <Button onClick={closeInstall}>{t("Close")}</Button>
        <ActButton autoFocus kind="primary" icon={<Play aria-hidden className="fill-current" />} act={() => launchInstalled(tag)}>
          {t("Launch now")}
        </ActButton>
      </>
    );
  }
  return (
    <>
      <Button onClick={closeInstall}>{t("Close")}</Button>
      <ActButton autoFocus kind="primary" icon={<RotateCcw aria-hidden />} act={() => (asked || !operation.request ? install(asked ?? { reference: operation.subject }) : installOnceMore(operation.id))}>
        {t("Try again")}
      </ActButton>
    </>
  );
}
