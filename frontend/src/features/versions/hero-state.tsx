import { LiveProgress } from "@/features/operations/live-progress";
import type { OperationSnapshot, VersionStatus } from "@/transport/contract.generated";
import { CopyButton } from "@/ui/copy";
import { ExternalLink } from "@/ui/external-link";
import { ago, dateAndTime, seconds } from "@/ui/format";
import { Progress } from "@/ui/progress";
import { t } from "@/words";

import { LaunchSteps } from "./launch-steps";
import type { Standing } from "./standing";

interface HeroStateProps {
  readonly version: VersionStatus;
  readonly standing: Standing;
}

/** What the version does, in a sentence; how far it is, while it is on its way. */
export function HeroState({ version, standing: { phase, operation } }: HeroStateProps) {
  if (operation && phase === "starting") return <Under operation={operation} />;
  if (phase === "running") return <Answers version={version} />;
  if (phase === "failed" || phase === "crashed") return null; // the card below says it all
  return (
    <div className="mt-1.5 flex flex-col gap-3 text-ink-soft">
      <p>{sentenceFor(version, phase)}</p>
      {(phase === "stopping" || phase === "removing" || phase === "starting") && (
        <Progress label={t("Working on {tag}", { tag: version.tag })} fraction={null} />
      )}
    </div>
  );
}

function sentenceFor(version: VersionStatus, phase: Standing["phase"]): string {
  switch (phase) {
    case "starting":
      return t("Another program of the launcher is starting it.");
    case "stopping":
      return t("It is asked to end, and may finish what it writes.");
    case "removing":
      return t("On its way to the trash.");
    case "damaged":
      return t("Parts of it are gone: {parts}. Models, outputs and settings lie elsewhere and are whole.", {
        parts: version.missing.join(", "),
      });
    default:
      return version.last_launched_at
        ? t("Ready to launch. Last used {when}.", { when: ago(version.last_launched_at) })
        : t("Ready to launch for the first time.");
  }
}

function Under({ operation }: { readonly operation: OperationSnapshot }) {
  return (
    <div className="mt-4 flex max-w-xl flex-col gap-3">
      <LaunchSteps operation={operation} />
      <LiveProgress operation={operation} />
      {operation.progress.detail && <p className="-mt-1.5 truncate text-sm text-ink-soft">{operation.progress.detail}</p>}
    </div>
  );
}

function Answers({ version: { instance } }: { readonly version: VersionStatus }) {
  if (!instance) return null;
  return (
    <div className="mt-1.5 flex flex-wrap items-center gap-x-2 gap-y-1 text-ink-soft">
      <span>{t("Answers at")}</span>
      <ExternalLink href={instance.url} className="tabular font-mono text-sm">
        {instance.url.replace(/^https?:\/\//, "")}
      </ExternalLink>
      <CopyButton text={instance.url} label={t("Copy")} size="small" kind="quiet" className="-my-1" />
      <span className="tabular basis-full text-sm">
        {t("since {when}", { when: dateAndTime(instance.started_at) })}
        {instance.ready_seconds !== null && ` · ${t("ready after {time}", { time: seconds(instance.ready_seconds) })}`}
        {!instance.supervised && ` · ${t("nobody watches over it")}`}
      </span>
    </div>
  );
}
