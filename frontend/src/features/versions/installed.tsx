import { useRef } from "react";

import { Ring } from "@/features/operations/ring";
import { drawnFraction } from "@/features/operations/amounts";
import { stepTitle } from "@/features/operations/wording";
import { followInstall } from "@/state/install-dialog";
import type { OperationSnapshot, VersionStatus } from "@/transport/contract.generated";
import { Button } from "@/ui/button";
import { percent } from "@/ui/format";
import { useRoving } from "@/ui/roving";
import { Badge, Card, Section } from "@/ui/surfaces";
import { t } from "@/words";

import { InstalledRow } from "./installed-row";

interface InstalledProps {
  readonly versions: readonly VersionStatus[];
  /** What is being installed. */
  readonly coming: readonly OperationSnapshot[];
}

/** The versions beside the one above, to compare; those that are on their way come first. */
export function Installed({ versions, coming }: InstalledProps) {
  const list = useRef<HTMLTableElement>(null);
  useRoving(list);
  if (versions.length + coming.length === 0) return null;
  return (
    <Section title={t("Other versions")}>
      <Card className="@container overflow-hidden">
        <table ref={list} className="tabular w-full border-collapse text-left">
          <Head />
          <tbody>
            {coming.map((operation) => (
              <ComingRow key={operation.id} operation={operation} />
            ))}
            {versions.map((version) => (
              <InstalledRow key={version.tag} version={version} />
            ))}
          </tbody>
        </table>
      </Card>
    </Section>
  );
}

function Head() {
  const cell = "px-3 font-normal";
  return (
    <thead className="border-b text-xs text-ink-faint">
      <tr className="h-8">
        <th scope="col" className="pr-3 pl-4 font-normal">{t("Version")}</th>
        <th scope="col" className={cell}>{t("State")}</th>
        <th scope="col" className={`${cell} hidden text-right @xl:table-cell`}>{t("Size")}</th>
        <th scope="col" className={`${cell} hidden @3xl:table-cell`}>Torch</th>
        <th scope="col" className={`${cell} hidden @3xl:table-cell`}>Python</th>
        <th scope="col" className={`${cell} hidden @2xl:table-cell`}>{t("Last used")}</th>
        <th scope="col" className={cell}>
          <span className="sr-only">{t("Actions")}</span>
        </th>
      </tr>
    </thead>
  );
}

function ComingRow({ operation }: { readonly operation: OperationSnapshot }) {
  const { progress, kind, subject, id } = operation;
  const fraction = drawnFraction(operation);
  return (
    <tr data-row className="h-10 border-b last:border-b-0">
      <th scope="row" className="pr-3 pl-4 font-medium">{subject}</th>
      <td colSpan={5} className="px-3">
        <div className="flex items-center gap-3">
          <Badge tone="accent">{t("Installing")}</Badge>
          <Ring fraction={fraction} className="size-4" />
          <span className="min-w-0 truncate text-sm text-ink-soft">
            {fraction !== null && `${percent(fraction)} · `}
            {progress.step ? stepTitle(kind, progress.step) : t("Waiting for its turn")}
          </span>
        </div>
      </td>
      <td className="px-3 text-right">
        <Button size="small" onClick={() => followInstall(id)}>
          {t("Show")}
        </Button>
      </td>
    </tr>
  );
}
