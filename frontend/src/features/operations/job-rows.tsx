import { type KeyboardEvent, useRef, useState } from "react";

import { isFinal } from "@/state/operations";
import { toAddress } from "@/state/route";
import type { OperationSnapshot } from "@/transport/contract.generated";
import { classes } from "@/ui/classes";
import { ago, percent, seconds } from "@/ui/format";
import { t } from "@/words";

import { drawnFraction, elapsedSeconds } from "./amounts";
import { recoveryLook } from "./recovery";
import { StateIcon } from "./state-icon";
import { useNow } from "./use-now";
import { operationTitle, stateWords } from "./wording";

interface JobRowsProps {
  readonly operations: readonly OperationSnapshot[];
  readonly chosen: string | undefined;
  /** Where a job is shown beside the list: what the arrow keys come to. */
  readonly onPass?: (id: string) => void;
}

/** One stop of the Tab key; arrows, Home and End go from job to job. */
export function JobRows({ operations, chosen, onPass }: JobRowsProps) {
  const list = useRef<HTMLUListElement>(null);
  const now = useNow(operations.some((one) => !isFinal(one)));
  const [passed, pass] = useState(chosen);
  const current = onPass ? chosen : passed;
  const stop = operations.some((one) => one.id === current) ? current : operations[0]?.id;

  const move = (event: KeyboardEvent) => {
    const at = operations.findIndex((one) => one.id === stop);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: operations.length - 1 }[event.key];
    const next = to === undefined ? undefined : operations[to];
    if (!next) return;
    event.preventDefault();
    pass(next.id);
    onPass?.(next.id);
    list.current?.querySelectorAll("a")[operations.indexOf(next)]?.focus();
  };

  if (operations.length === 0) {
    return <p className="px-4 py-3 text-ink-soft">{t("No job is like that.")}</p>;
  }
  return (
    <ul ref={list} className="min-h-0 flex-1 overflow-y-auto px-2 pb-20">
      {operations.map((one) => (
        <li key={one.id}>
          <a
            href={toAddress({ place: "jobs", part: one.id })}
            tabIndex={one.id === stop ? 0 : -1}
            onKeyDown={move}
            aria-current={one.id === chosen ? "true" : undefined}
            className={classes(
              "flex items-center gap-3 rounded-md px-2 py-1.5 outline-offset-[-2px]",
              one.id === chosen ? "bg-hover" : "hover:bg-hover",
            )}
          >
            <StateIcon operation={one} />
            <span className="min-w-0 flex-1">
              <span className="block truncate text-sm font-medium">{operationTitle(one)}</span>
              <span className="tabular block truncate text-xs text-ink-soft">{about(one, now)}</span>
            </span>
          </a>
        </li>
      ))}
    </ul>
  );
}

function about(operation: OperationSnapshot, now: number): string {
  const took = seconds(elapsedSeconds(operation, now));
  if (!isFinal(operation)) {
    const fraction = drawnFraction(operation);
    return [stateWords(operation.state), fraction === null ? "" : percent(fraction)].filter(Boolean).join(" · ");
  }
  const became = recoveryLook(operation)?.words ?? "";
  return [ago(operation.finished_at ?? operation.created_at), took, became].filter(Boolean).join(" · ");
}
