import type { ReactNode } from "react";

import type { VersionStatus } from "@/transport/contract.generated";
import { ago, bytes, count, date } from "@/ui/format";
import { t } from "@/words";

/** What it is made of, in one line that can be compared. */
export function HeroFacts({ version }: { readonly version: VersionStatus }) {
  const facts: readonly (readonly [string, ReactNode, string?])[] = [
    [t("Released"), date(version.released_at), ago(version.released_at)],
    ["Torch", version.torch.version ?? version.torch.backend ?? t("unknown")],
    ["Python", version.python],
    [
      t("Packages"),
      count(version.package_count),
      version.packages_as_of ? t("as of {date}", { date: date(version.packages_as_of) }) : t("the newest"),
    ],
    [t("Size"), bytes(version.own_bytes), t("{all} in all", { all: bytes(version.logical_bytes) })],
    [t("Last used"), version.last_launched_at ? ago(version.last_launched_at) : t("never")],
  ];
  return (
    <dl className="relative grid grid-cols-2 gap-x-4 gap-y-4 border-t px-6 py-4 @md:grid-cols-3 @2xl:grid-cols-6">
      {facts.map(([name, value, besides]) => (
        <div key={name} className="tabular min-w-0">
          <dt className="text-xs text-ink-faint">{name}</dt>
          <dd className="font-medium break-words">{value}</dd>
          {besides && <dd className="text-xs text-ink-faint">{besides}</dd>}
        </div>
      ))}
    </dl>
  );
}
