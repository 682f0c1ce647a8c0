import type { Trouble } from "@/features/versions/standing";
import { TroubleCard } from "@/features/versions/trouble-card";
import { useOperations } from "@/state/operations";
import type { OperationSnapshot, VersionStatus } from "@/transport/contract.generated";
import { Notice } from "@/ui/notice";
import { Section } from "@/ui/surfaces";
import { t } from "@/words";

import { InstallationFacts } from "./installation-facts";
import { RunFacts } from "./run-facts";
import { StartTimeline } from "./start-timeline";

interface OverviewProps {
  readonly version: VersionStatus;
  readonly operation: OperationSnapshot | null;
  readonly trouble: Trouble | null;
}

/** What it does now, how it came to that, and what it is. */
export function Overview({ version, operation, trouble }: OverviewProps) {
  const launch = useLastLaunch(version.tag);
  const atWork = operation?.kind === "versions.launch";
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <div className="mx-auto flex w-full max-w-5xl flex-col gap-8 px-6 pt-6 pb-24">
        <Notices version={version} trouble={trouble} />
        <div className="grid gap-8 lg:grid-cols-2">
          <Section title={version.instance ? t("This run") : t("The last run")}>
            <RunFacts version={version} />
          </Section>
          {launch && (
            <Section title={atWork ? t("The start") : t("The last start")}>
              <StartTimeline operation={launch} />
            </Section>
          )}
        </div>
        <Section title={t("Installation")}>
          <InstallationFacts version={version} />
        </Section>
      </div>
    </div>
  );
}

function useLastLaunch(tag: string): OperationSnapshot | undefined {
  return useOperations().find(({ kind, subject }) => kind === "versions.launch" && subject === tag);
}

function Notices({ version, trouble }: Pick<OverviewProps, "version" | "trouble">) {
  const { instance, missing } = version;
  return (
    <>
      {trouble && (
        <div className="-mx-6 -mb-6">
          <h2 className="sr-only">{t("What went wrong")}</h2>
          <TroubleCard version={version} trouble={trouble} />
        </div>
      )}
      {missing.length > 0 && (
        <Notice title={t("Parts of this version are missing")}>
          {t("Missing: {what}. Install it again: what is left goes to the trash, and models and outputs stay.", {
            what: missing.join(", "),
          })}
        </Notice>
      )}
      {instance && !instance.supervised && (
        <Notice title={t("It runs without its supervisor")}>
          {t("The process that watched it was ended from outside. It works on, and Stop still ends it, but its log no longer grows.")}
        </Notice>
      )}
    </>
  );
}
