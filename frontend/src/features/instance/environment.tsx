import { CircleCheck, PackageSearch, ShieldCheck } from "lucide-react";
import { useState } from "react";

import { useAnswer } from "@/state/launcher";
import type { ConstraintReport, EnvironmentReport } from "@/transport/contract.generated";
import { Button } from "@/ui/button";
import { ago, count, date } from "@/ui/format";
import { Notice } from "@/ui/notice";
import { ErrorCard, Skeleton } from "@/ui/states";
import { Card, Code, Facts, Section } from "@/ui/surfaces";
import { t } from "@/words";

import { PackageList } from "./package-list";

/** The packages of a version, and whether they still are what was installed. */
export function Environment({ tag }: { readonly tag: string }) {
  const [asked, setAsked] = useState(false);
  const check = useAnswer("versions.check", { tag }, { enabled: asked });
  const constraints = useAnswer("versions.constraints", { tag });
  const look = () => (asked || check.data ? void check.refetch() : setAsked(true));

  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <div className="mx-auto flex w-full max-w-5xl flex-col gap-8 px-6 pt-6 pb-24">
        <Section
          title={t("Soundness")}
          actions={
            <Button size="small" icon={<PackageSearch aria-hidden />} busy={check.isFetching} onClick={look}>
              {check.data ? t("Check again") : t("Check")}
            </Button>
          }
        >
          {check.isFetching && !check.data && <Looking />}
          {check.error && !check.isFetching && <ErrorCard error={check.error} onRetry={look} />}
          {check.data && !check.error && <Verdict report={check.data} at={check.dataUpdatedAt} />}
          {!asked && !check.data && <NotLooked />}
        </Section>
        {constraints.data && <Held constraints={constraints.data} />}
        {constraints.error && !check.data ? (
          <ErrorCard error={constraints.error} onRetry={() => void constraints.refetch()} />
        ) : (
          <PackageList constraints={constraints.data} check={check.data} />
        )}
      </div>
    </div>
  );
}

function NotLooked() {
  return (
    <p className="text-ink-soft">
      {t("A check compares every package that is there with what was installed, and asks whether they fit together. It changes nothing.")}
    </p>
  );
}

function Looking() {
  return (
    <div role="status" aria-label={t("Looking at the packages")} className="flex flex-col gap-2 rounded-xl border bg-surface p-4">
      <Skeleton className="w-48" />
      <Skeleton className="w-72" />
    </div>
  );
}

function Verdict({ report, at }: { readonly report: EnvironmentReport; readonly at: number }) {
  const looked = ago(new Date(at).toISOString());
  if (report.sound) {
    return (
      <Card className="flex items-center gap-3 p-4">
        <CircleCheck aria-hidden className="size-5 text-ok" />
        <div>
          <p className="font-medium">{t("Everything is as it was installed")}</p>
          <p className="text-sm text-ink-soft">
            {report.packages.length === 1
              ? t("There is 1 package. Checked {ago}.", { ago: looked })
              : t("{count} packages fit together. Checked {ago}.", { count: count(report.packages.length), ago: looked })}
          </p>
        </div>
      </Card>
    );
  }
  return (
    <Notice urgent title={t("It is not what was installed")}>
      <p>{t("A custom node may have changed it. Installing the version again makes it whole.")}</p>
      <Findings title={t("Missing")} of={report.missing} />
      <Findings title={t("Changed")} of={report.changed} />
      <Findings title={t("Do not fit together")} of={report.problems} />
    </Notice>
  );
}

function Findings({ title, of }: { readonly title: string; readonly of: readonly string[] }) {
  if (of.length === 0) return null;
  return (
    <div className="mt-2">
      <h4 className="text-sm font-medium">
        {title} <span className="tabular text-ink-soft">{count(of.length)}</span>
      </h4>
      <ul>
        {of.map((one) => (
          <li key={one}>
            <Code>{one}</Code>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Held({ constraints }: { readonly constraints: ConstraintReport }) {
  const { packages_as_of: asOf, protected: guarded, overrides } = constraints;
  return (
    <Section title={t("What holds it together")}>
      <Card className="flex gap-3 p-4">
        <ShieldCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-ink-faint" />
        <Facts
          of={[
            [t("Packages as of"), asOf === null ? t("the day of the installation") : date(asOf)],
            [t("Protected"), guarded.length === 0 ? t("none") : <Pins key="protected" of={guarded} />],
            [t("Overrides"), overrides.length === 0 ? t("none") : <Pins key="overrides" of={overrides} />],
          ]}
        />
      </Card>
    </Section>
  );
}

function Pins({ of }: { readonly of: readonly string[] }) {
  return (
    <span className="flex flex-wrap gap-x-4">
      {of.map((one) => (
        <Code key={one}>{one}</Code>
      ))}
    </span>
  );
}
