import { show } from "@/state/interface";
import type { OperationSnapshot } from "@/transport/contract.generated";
import { percent } from "@/ui/format";
import { Tooltip } from "@/ui/tooltip";
import { t } from "@/words";

import { drawnFraction, remainingWords, stageWords } from "./amounts";
import { Ring } from "./ring";
import { useNow } from "./use-now";
import { operationTitle, stateWords } from "./wording";

/** The first of what runs, in a line; opens the rest. */
export function TrayPill({ running }: { readonly running: readonly OperationSnapshot[] }) {
  const first = running.at(-1);
  const now = useNow(first !== undefined);
  if (!first) return null;
  const fraction = drawnFraction(first);
  return (
    <Tooltip text={t("Show what runs now")} shortcut="t">
      <button
        type="button"
        id="tray-pill"
        aria-expanded={false}
        onClick={() => show({ trayOpen: true })}
        className="animate-rise pointer-events-auto flex h-11 max-w-[max(13rem,min(24rem,calc(100vw-26rem)))] min-w-0 items-center gap-3 rounded-full border border-line-strong bg-raised pr-4 pl-3 shadow-overlay transition-colors hover:bg-hover"
      >
        <Ring fraction={fraction} />
        <span className="flex min-w-0 flex-col text-left">
          <span className="truncate text-sm leading-4 font-medium">{operationTitle(first)}</span>
          <span className="tabular truncate text-xs leading-4 text-ink-soft">{about(first, now)}</span>
        </span>
        {running.length > 1 && (
          <span className="tabular rounded-full bg-hover px-2 text-xs leading-5 text-ink-soft">
            {t("+{count}", { count: running.length - 1 })}
          </span>
        )}
      </button>
    </Tooltip>
  );
}

function about(operation: OperationSnapshot, now: number): string {
  const { progress, state } = operation;
  const fraction = drawnFraction(operation);
  if (state !== "running" || fraction === null) return stateWords(state);
  return [stageWords(progress), percent(fraction), remainingWords(operation, now)].filter(Boolean).join(" · ");
}
