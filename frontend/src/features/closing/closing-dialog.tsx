import { useState } from "react";

import { operationTitle } from "@/features/operations/wording";
import { attempt } from "@/state/attempt";
import { invoke, useAnswer } from "@/state/launcher";
import { useLive } from "@/state/live";
import { useRunning } from "@/state/operations";
import type { OperationSnapshot, WindowClosing } from "@/transport/contract.generated";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Switch } from "@/ui/fields";
import { t } from "@/words";

/** Asks what is to become of what runs, when the window is closed: ours, or a browser's in its place. */
export function ClosingDialog() {
  const closing = useLive((live) => live.closing);
  return closing && <Question closing={closing} />;
}

function Question({ closing }: { readonly closing: WindowClosing }) {
  const [always, setAlways] = useState(false);
  const { versions, jobs } = useStillAtWork(closing);

  const close = async (running: "keep" | "stop") => {
    if (always && !(await attempt(invoke("settings.change", { name: "when_closing", value: running })))) return;
    await attempt(invoke("window.close", { running }));
  };

  return (
    <Dialog
      open
      onClose={stay}
      title={titleOf(versions, jobs)}
      description={versions.length > 0 && t("It can go on without this window, and is found again at the next start.")}
      actions={
        <>
          <Button kind="quiet" autoFocus={versions.length === 0} onClick={stay}>
            {t("Stay here")}
          </Button>
          {versions.length > 0 && <Button onClick={() => void close("stop")}>{t("Stop it and close")}</Button>}
          <Button kind="primary" autoFocus={versions.length > 0} onClick={() => void close("keep")}>
            {closeWords(versions, jobs)}
          </Button>
        </>
      }
    >
      <AtWork versions={versions} jobs={jobs} />
      {versions.length > 0 && (
        <div className="mt-4 flex items-center gap-3">
          <Switch label={t("Always do this")} checked={always} onChange={setAlways} />
          <span aria-hidden>{t("Always do this, without asking")}</span>
        </div>
      )}
    </Dialog>
  );
}

interface Work {
  readonly versions: readonly string[];
  readonly jobs: readonly OperationSnapshot[];
}

/** What was at work when the window was to close, and still is: it goes on while we ask. */
function useStillAtWork(closing: WindowClosing): Work {
  const known = useAnswer("versions.list", {}).data?.versions;
  const running = useRunning();
  const rests = (tag: string) => known?.some((version) => version.tag === tag && !["starting", "running"].includes(version.state));
  return {
    versions: closing.running.filter((tag) => !rests(tag)),
    jobs: running.filter(({ id }) => closing.operations.includes(id)),
  };
}

function titleOf(versions: Work["versions"], jobs: Work["jobs"]): string {
  if (versions.length > 0) return t("ComfyUI is still running");
  return jobs.length > 0 ? t("Something is still at work") : t("Nothing is at work any more");
}

function closeWords(versions: Work["versions"], jobs: Work["jobs"]): string {
  if (versions.length > 0) return t("Keep it running and close");
  return jobs.length > 0 ? t("Cancel the work and close") : t("Close the window");
}

function AtWork({ versions, jobs }: Work) {
  return (
    <ul className="flex flex-col gap-1">
      {versions.map((tag) => (
        <li key={tag} className="rounded-md bg-hover px-3 py-2">
          <span className="font-medium">{tag}</span> <span className="text-ink-soft">{t("runs")}</span>
        </li>
      ))}
      {jobs.map((operation) => (
        <li key={operation.id} className="rounded-md bg-warn-soft px-3 py-2">
          <span className="font-medium">{operationTitle(operation)}</span>{" "}
          <span className="text-ink-soft">{t("will be cancelled; nothing half-done stays")}</span>
        </li>
      ))}
    </ul>
  );
}

/** The window asks again at the next attempt to close it. */
function stay(): void {
  useLive.setState({ closing: null });
  void attempt(invoke("window.ready", {}));
}
