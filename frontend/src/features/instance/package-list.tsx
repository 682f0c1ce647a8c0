import { useMemo, useState } from "react";

import type { ConstraintReport, EnvironmentReport } from "@/transport/contract.generated";
import { Input } from "@/ui/fields";
import { count } from "@/ui/format";
import { SkeletonRows } from "@/ui/states";
import { Badge, Card, Section, type Tone } from "@/ui/surfaces";
import { t } from "@/words";

import { type PackageRow, packageRows, type PackageState } from "./packages";

interface PackageListProps {
  readonly constraints: ConstraintReport | undefined;
  readonly check: EnvironmentReport | undefined;
}

const STATES: Record<PackageState, { readonly words: string; readonly tone: Tone } | null> = {
  "as installed": null,
  changed: { words: t("changed"), tone: "warn" },
  missing: { words: t("missing"), tone: "bad" },
  added: { words: t("added later"), tone: "plain" },
};

/** Every package by its name, with a field to find one. */
export function PackageList({ constraints, check }: PackageListProps) {
  const [words, setWords] = useState("");
  const all = useMemo(() => packageRows(constraints, check), [constraints, check]);
  const wanted = words.trim().toLowerCase();
  const shown = wanted === "" ? all : all.filter(({ name }) => name.toLowerCase().includes(wanted));
  const known = constraints !== undefined || check !== undefined;
  return (
    <Section
      title={known ? t("Packages · {count}", { count: count(all.length) }) : t("Packages")}
      actions={
        <Input
          type="search"
          aria-label={t("Find a package")}
          placeholder={t("Find a package")}
          value={words}
          onChange={(event) => setWords(event.target.value)}
          className="w-56"
        />
      }
    >
      <Card className="overflow-hidden">
        {!known && <SkeletonRows count={6} />}
        {known && shown.length === 0 && (
          <p className="p-4 text-ink-soft">
            {wanted === "" ? t("There are none.") : t("No package is called “{words}”.", { words })}
          </p>
        )}
        {shown.length > 0 && (
          <ul className="grid sm:grid-cols-2 xl:grid-cols-3">
            {shown.map((row) => (
              <PackageItem key={`${row.name}${row.state}`} row={row} />
            ))}
          </ul>
        )}
      </Card>
    </Section>
  );
}

function PackageItem({ row: { name, version, wanted, state, isProtected } }: { readonly row: PackageRow }) {
  const mark = STATES[state];
  return (
    <li className="-mt-px flex h-8 min-w-0 items-center gap-2 border-t px-4 text-sm">
      <span className="min-w-0 truncate" title={name}>
        {name}
      </span>
      {mark && <Badge tone={mark.tone}>{mark.words}</Badge>}
      {isProtected && <Badge>{t("protected")}</Badge>}
      <span className="tabular ml-auto shrink-0 font-mono text-xs text-ink-soft">
        {[version, wanted && t("was {version}", { version: wanted })].filter(Boolean).join(" · ")}
      </span>
    </li>
  );
}
