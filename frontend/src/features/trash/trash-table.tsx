import { useRef } from "react";

import { useRunning } from "@/state/operations";
import type { TrashedVersion } from "@/transport/contract.generated";
import { Checkbox } from "@/ui/checkbox";
import { useRoving } from "@/ui/roving";
import { Card } from "@/ui/surfaces";
import { t } from "@/words";

import { isGoing } from "./entries";
import { TrashRow } from "./trash-row";
import type { Chosen } from "./use-chosen";

interface TrashTableProps {
  readonly entries: readonly TrashedVersion[];
  readonly chosen: Chosen;
}

/** One stop of the Tab key; arrows go from row to row, and along a row. */
export function TrashTable({ entries, chosen }: TrashTableProps) {
  const running = useRunning();
  const body = useRef<HTMLTableSectionElement>(null);
  useRoving(body);
  const { ids, choose, chooseAll } = chosen;
  return (
    <Card className="@container overflow-hidden">
      <table className="tabular w-full border-collapse text-left">
        <thead className="border-b text-xs text-ink-faint">
          <tr className="h-9">
            <th scope="col" className="w-10 pl-4">
              <Checkbox label={t("Choose everything")} checked={ids.size === entries.length || (ids.size > 0 && "some")} onChange={chooseAll} />
            </th>
            <th scope="col" className="pr-3 pl-1 font-normal">{t("Version")}</th>
            <th scope="col" className="hidden px-3 font-normal @xl:table-cell">{t("Removed")}</th>
            <th scope="col" className="px-3 font-normal">{t("Deleted for good")}</th>
            <th scope="col" className="px-3 text-right font-normal">{t("Size")}</th>
            <th scope="col" className="px-3">
              <span className="sr-only">{t("Actions")}</span>
            </th>
          </tr>
        </thead>
        <tbody ref={body}>
          {entries.map((one) => (
            <TrashRow key={one.entry} of={one} chosen={ids.has(one.entry)} going={isGoing(one, running)} onChoose={(yes) => choose(one.entry, yes)} />
          ))}
        </tbody>
      </table>
    </Card>
  );
}
