import { Power } from "lucide-react";
import type { ReactNode } from "react";

import type { InstanceStatus, LastExit, VersionStatus } from "@/transport/contract.generated";
import { CopyButton } from "@/ui/copy";
import { ExternalLink } from "@/ui/external-link";
import { ago, dateAndTime, seconds } from "@/ui/format";
import { PathValue } from "@/ui/path-value";
import { Card, Code, Facts } from "@/ui/surfaces";
import { t } from "@/words";


/** Where it runs and since when; or how its last run ended. */
export function RunFacts({ version: { instance, last_exit: exit } }: { readonly version: VersionStatus }) {
  return (
    <Card className="p-4">
      {instance && <Facts of={running(instance)} />}
      {!instance && exit && <Facts of={ended(exit)} />}
      {!instance && !exit && (
        <p className="flex items-center gap-3 text-ink-soft">
          <Power aria-hidden className="size-4 text-ink-faint" />
          {t("It has not run yet.")}
        </p>
      )}
    </Card>
  );
}

type Fact = readonly [string, ReactNode];

function running(instance: InstanceStatus): readonly Fact[] {
  return [
    [t("Address"), <Address key="address" url={instance.url} />],
    [t("Port"), String(instance.port)],
    [t("Process"), instance.pid === null ? t("not known yet") : String(instance.pid)],
    [t("Since"), t("{moment}, {ago}", { moment: dateAndTime(instance.started_at), ago: ago(instance.started_at) })],
    [
      t("Ready"),
      instance.ready_seconds === null
        ? t("not yet")
        : t("{time} after its start", { time: seconds(instance.ready_seconds) }),
    ],
    [t("Log"), <PathValue key="log" path={instance.log_file} file />],
  ];
}

function ended({ words, at, on_request: wanted }: LastExit): readonly Fact[] {
  return [
    [t("Ended"), at === null ? t("at a time that is not known") : t("{moment}, {ago}", { moment: dateAndTime(at), ago: ago(at) })],
    [t("Why"), wanted ? t("It was asked to") : t("By itself")],
    [t("How"), <Code key="how">{words}</Code>],
  ];
}

function Address({ url }: { readonly url: string }) {
  return (
    <span className="flex flex-wrap items-center gap-x-2">
      <ExternalLink href={url}>{url}</ExternalLink>
      <CopyButton size="small" kind="quiet" text={url} label={t("Copy")} className="-my-1" />
    </span>
  );
}
