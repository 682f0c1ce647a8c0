import type { ReactNode } from "react";

import type { VersionStatus } from "@/transport/contract.generated";
import { bytes, count, date, dateAndTime } from "@/ui/format";
import { PathValue } from "@/ui/path-value";
import { Card, Code, Facts } from "@/ui/surfaces";
import { t } from "@/words";


type Fact = readonly [string, ReactNode];

/** What was installed, with what, how large, and where. */
export function InstallationFacts({ version }: { readonly version: VersionStatus }) {
  return (
    <Card className="grid items-start gap-x-10 gap-y-4 p-4 lg:grid-cols-2">
      <Facts of={madeOf(version)} />
      <Facts of={whereAndWhen(version)} />
    </Card>
  );
}

function madeOf(version: VersionStatus): readonly Fact[] {
  const { torch } = version;
  return [
    [t("Torch"), [torch.version ?? t("unknown"), torch.spec ?? torch.backend].filter(Boolean).join(" · ")],
    [t("Python"), version.python],
    [t("Packages"), packages(version)],
    [t("Size"), t("{own} of its own, {all} in all", { own: bytes(version.own_bytes), all: bytes(version.logical_bytes) })],
  ];
}

function packages({ package_count: many, packages_as_of: asOf }: VersionStatus): string {
  const all = count(many);
  return asOf === null ? t("{all}, the newest at its installation", { all }) : t("{all}, as of {date}", { all, date: date(asOf) });
}

function whereAndWhen(version: VersionStatus): readonly Fact[] {
  return [
    [t("Source"), <Source key="source" version={version} />],
    [t("Released"), date(version.released_at)],
    [t("Installed"), dateAndTime(version.installed_at)],
    [t("Folder"), <PathValue key="folder" path={version.path} />],
  ];
}

function Source({ version: { kind, reference, commit } }: { readonly version: VersionStatus }) {
  return (
    <>
      {kind === "commit" ? t("a commit") : `${reference} `}
      {kind === "branch" && t("(branch) ")}
      <Code>{commit.slice(0, 10)}</Code>
    </>
  );
}
