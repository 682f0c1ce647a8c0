import { Check } from "lucide-react";

import { stagesOf } from "@/features/operations/stages";
import type { OperationSnapshot } from "@/transport/contract.generated";
import { classes } from "@/ui/classes";
import { t } from "@/words";

/** The steps of a start side by side: what is done, what is on, what comes. */
export function LaunchSteps({ operation }: { readonly operation: OperationSnapshot }) {
  const stages = stagesOf(operation);
  const number = stages.findIndex(({ state }) => state === "now") + 1;
  return (
    <div>
      <p className="sr-only">{t("Stage {number} of {all}", { number: Math.max(1, number), all: stages.length })}</p>
      <ol className="flex flex-wrap items-center gap-x-4 gap-y-1 text-sm">
        {stages.map(({ name, title, state }) => (
          <li
            key={name}
            {...(state === "now" ? { "aria-current": "step" as const } : {})}
            className={classes("flex items-center gap-1.5", state === "now" ? "font-medium text-ink" : "text-ink-faint")}
          >
            {state === "done" ? (
              <Check aria-label={t("done")} className="size-3.5 text-ok" />
            ) : (
              <span aria-hidden className={classes("size-2 rounded-full", state === "now" ? "animate-dot bg-accent" : "border border-line-strong")} />
            )}
            {title}
          </li>
        ))}
      </ol>
    </div>
  );
}
