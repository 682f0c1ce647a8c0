import { elapsedSeconds } from "@/features/operations/amounts";
import { useMoments } from "@/features/operations/step-times";
import { StageList } from "@/features/operations/stage-list";
import { useNow } from "@/features/operations/use-now";
import { operationTitle } from "@/features/operations/wording";
import { isFinal } from "@/state/operations";
import type { OperationSnapshot } from "@/transport/contract.generated";
import { classes } from "@/ui/classes";
import { seconds } from "@/ui/format";
import { Card } from "@/ui/surfaces";
import { t } from "@/words";

import { lengthOf, type Stretch, stretchesOf } from "./stretches";

/** The last start: its stretches in time where this page heard them, else its stages. */
export function StartTimeline({ operation }: { readonly operation: OperationSnapshot }) {
  const working = !isFinal(operation);
  const now = useNow(working);
  const elapsed = elapsedSeconds(operation, now);
  const moments = useMoments(operation.id);
  const stretches = stretchesOf(moments, working ? null : elapsed);
  return (
    <Card className="p-4">
      <div className="mb-3 flex items-baseline gap-3">
        <h3 className="font-medium">{operationTitle(operation)}</h3>
        <span className="tabular ml-auto text-sm text-ink-soft">
          {working ? t("{time} so far", { time: seconds(Math.floor(elapsed)) }) : seconds(elapsed)}
        </span>
      </div>
      {stretches.length > 1 ? <Stretches of={stretches} now={elapsed} /> : <StageList operation={operation} />}
    </Card>
  );
}

function Stretches({ of, now }: { readonly of: readonly Stretch[]; readonly now: number }) {
  const whole = lengthOf(of, now);
  return (
    <ol className="grid grid-cols-[max-content_1fr_max-content] items-center gap-x-4 gap-y-1.5 text-sm">
      {of.map((stretch) => (
        <StretchRow key={`${stretch.title}${stretch.from}`} stretch={stretch} whole={whole} now={now} />
      ))}
    </ol>
  );
}

interface StretchRowProps {
  readonly stretch: Stretch;
  readonly whole: number;
  readonly now: number;
}

function StretchRow({ stretch: { title, from, to }, whole, now }: StretchRowProps) {
  const end = Math.max(from, to ?? now);
  return (
    <li className="contents">
      <span className={to === null ? "text-ink" : "text-ink-soft"}>{title}</span>
      <span aria-hidden className="relative h-2 rounded-full bg-hover">
        <span
          className={classes("absolute inset-y-0 min-w-1 rounded-full", to === null ? "animate-dot bg-accent" : "bg-accent/70")}
          style={{ left: `${(from / whole) * 100}%`, width: `${((end - from) / whole) * 100}%` }}
        />
      </span>
      <span className="tabular text-right text-ink-soft">{seconds(end - from)}</span>
    </li>
  );
}
