import { Check, X } from "lucide-react";

import type { OperationSnapshot } from "@/transport/contract.generated";
import { classes } from "@/ui/classes";
import { seconds } from "@/ui/format";
import { t } from "@/words";

import { amountWords } from "./amounts";
import { type Stage, stagesOf, type StageState } from "./stages";
import { stepSeconds, useMoments } from "./step-times";

const WORDS: Record<StageState, string> = {
  done: t("done"),
  now: t("under way"),
  next: t("to come"),
  broken: t("ended here"),
  skipped: t("not reached"),
};

/** Every step of an operation, one under the other, with what is known of the one under way. */
export function StageList({ operation }: { readonly operation: OperationSnapshot }) {
  const moments = useMoments(operation.id);
  const ended = operation.finished_at === null ? null : operation.progress.elapsed_seconds;
  const took = stepSeconds(moments, ended);
  const stages = stagesOf(operation);
  return (
    <ol className="flex flex-col">
      {stages.map((stage, index) => (
        <StageRow
          key={stage.name}
          stage={stage}
          last={index === stages.length - 1}
          took={stage.state === "now" ? undefined : took.get(stage.name)}
          about={stage.state === "now" || stage.state === "broken" ? aboutNow(operation) : null}
        />
      ))}
    </ol>
  );
}

interface StageRowProps {
  readonly stage: Stage;
  readonly last: boolean;
  readonly took: number | undefined;
  readonly about: string | null;
}

function StageRow({ stage, last, took, about }: StageRowProps) {
  return (
    <li
      {...(stage.state === "now" ? { "aria-current": "step" as const } : {})}
      className="relative flex gap-3 pb-2.5 last:pb-0"
    >
      {!last && <span aria-hidden className="absolute top-5 bottom-0 left-[9.5px] w-px bg-line-strong" />}
      <Mark state={stage.state} />
      <div className="min-w-0 flex-1">
        <p className={classes("leading-5", stage.state === "next" || stage.state === "skipped" ? "text-ink-faint" : "text-ink")}>
          {stage.title}
          <span className="sr-only">, {WORDS[stage.state]}</span>
        </p>
        {about && <p className="truncate text-sm text-ink-soft">{about}</p>}
      </div>
      {took !== undefined && <span className="tabular text-sm leading-5 text-ink-faint">{seconds(took)}</span>}
    </li>
  );
}

function Mark({ state }: { readonly state: StageState }) {
  return (
    <span
      aria-hidden
      className={classes(
        "relative flex size-5 shrink-0 items-center justify-center rounded-full border [&_svg]:size-3",
        state === "done" && "border-transparent bg-ok-soft text-ok",
        state === "now" && "border-accent bg-accent-soft",
        state === "broken" && "border-transparent bg-bad-soft text-bad",
        (state === "next" || state === "skipped") && "border-line-strong bg-surface",
      )}
    >
      {state === "done" && <Check />}
      {state === "broken" && <X />}
      {state === "now" && <span className="animate-dot size-2 rounded-full bg-accent" />}
    </span>
  );
}

function aboutNow({ progress }: OperationSnapshot): string | null {
  return [amountWords(progress), progress.detail].filter(Boolean).join(" · ") || null;
}
