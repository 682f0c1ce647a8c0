import { CircleAlert, Cpu, FileText, PackageSearch, Play, RotateCcw } from "lucide-react";
import type { ReactNode } from "react";

import type { Fix } from "@/state/advice";
import { launch } from "@/state/changes";
import { go } from "@/state/route";
import type { VersionStatus } from "@/transport/contract.generated";
import { ActButton } from "@/ui/act-button";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy";
import { ago } from "@/ui/format";
import { Prose } from "@/ui/prose";
import { t } from "@/words";

import { installAgain } from "./actions";
import { Fold } from "./fold";
import type { Trouble } from "./standing";

interface TroubleCardProps {
  readonly version: VersionStatus;
  readonly trouble: Trouble;
}

/** Why it does not run: the cause, the advice, a press that follows it, and the log. */
export function TroubleCard({ version, trouble }: TroubleCardProps) {
  const { title, cause, advice, at, fix, log } = trouble;
  return (
    <div role="alert" className="relative mx-6 mb-6 flex gap-3 rounded-lg border border-bad/40 bg-bad-soft p-4">
      <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-bad" />
      <div className="flex min-w-0 flex-1 flex-col gap-1">
        <h3 className="font-semibold">
          {title}
          {at && <span className="ml-2 text-sm font-normal text-ink-soft">{ago(at)}</span>}
        </h3>
        <p className="break-words">{cause}</p>
        {advice && (
          <p className="break-words text-ink-soft">
            <Prose>{advice}</Prose>
          </p>
        )}
        {log.length > 0 && (
          <Fold title={t("The last lines of its log")}>
            {/* What scrolls must be reachable. */}
            {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
            <pre tabIndex={0} className="mt-1 max-h-48 overflow-auto rounded-md bg-ground p-3 font-mono text-xs leading-5 text-ink-soft select-text">
              {log.join("\n")}
            </pre>
          </Fold>
        )}
        <div className="mt-2 flex flex-wrap gap-2">
          <FixButton version={version} fix={fix} />
          <Button size="small" kind="quiet" icon={<FileText aria-hidden />} onClick={() => go({ place: "version", subject: version.tag, part: "log" })}>
            {t("Open the log")}
          </Button>
          <CopyButton size="small" kind="quiet" label={t("Copy diagnosis")} text={[title, cause, advice, at, ...log].filter(Boolean).join("\n")} />
        </div>
      </div>
    </div>
  );
}

const FIXES: Record<Fix, { readonly words: string; readonly icon: ReactNode; readonly act: (version: VersionStatus) => Promise<void> }> = {
  launch: { words: t("Launch again"), icon: <Play aria-hidden />, act: (version) => launch(version) },
  "launch-on-processor": { words: t("Launch on the processor"), icon: <Cpu aria-hidden />, act: (version) => launch(version, true) },
  "install-again": { words: t("Install again…"), icon: <RotateCcw aria-hidden />, act: installAgain },
  "look-at-packages": {
    words: t("Look at its packages"),
    icon: <PackageSearch aria-hidden />,
    act: async ({ tag }) => go({ place: "version", subject: tag, part: "environment" }),
  },
};

function FixButton({ version, fix }: { readonly version: VersionStatus; readonly fix: Fix }) {
  const { words, icon, act } = FIXES[fix];
  return (
    <ActButton size="small" icon={icon} act={() => act(version)}>
      {words}
    </ActButton>
  );
}
