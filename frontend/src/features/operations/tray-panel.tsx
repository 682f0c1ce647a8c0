import { X } from "lucide-react";
import { useEffect, useRef } from "react";

import { show } from "@/state/interface";
import { isFinal, useOperations } from "@/state/operations";
import { toAddress } from "@/state/route";
import type { OperationSnapshot } from "@/transport/contract.generated";
import { IconButton } from "@/ui/button";
import { ago } from "@/ui/format";
import { t } from "@/words";

import { amountWords, stageWords } from "./amounts";
import { CancelButton } from "./cancel-button";
import { LiveProgress } from "./live-progress";
import { StateIcon } from "./state-icon";
import { isQuiet, operationTitle, stateWords, stepTitle } from "./wording";

const RECENT = 3;

/** What runs and the last of what ran. It stands beside the page: nothing waits for it. */
export function TrayPanel({ onClose }: { readonly onClose: () => void }) {
  const panel = useRef<HTMLElement>(null);
  const operations = useOperations().filter((one) => !isQuiet(one));
  const running = operations.filter((one) => !isFinal(one));
  const recent = operations.filter(isFinal).slice(0, RECENT);

  useEffect(() => panel.current?.focus(), []);

  useEffect(() => {
    const within = panel.current;
    const press = (event: KeyboardEvent) => event.key === "Escape" && onClose();
    within?.addEventListener("keydown", press);
    return () => within?.removeEventListener("keydown", press);
  }, [onClose]);

  return (
    <section
      ref={panel}
      tabIndex={-1}
      aria-label={t("What runs now")}
      className="animate-rise pointer-events-auto flex max-h-[calc(100vh-6rem)] w-96 min-w-0 flex-col rounded-xl border border-line-strong bg-surface shadow-overlay outline-none"
    >
      <header className="flex items-center gap-2 py-2 pr-2 pl-4">
        <h2 className="flex-1 font-semibold">{t("What runs now")}</h2>
        <a href={toAddress({ place: "jobs" })} onClick={leave} className="rounded-sm px-2 text-sm text-ink-soft hover:text-ink">
          {t("All jobs")}
        </a>
        <IconButton label={t("Close")} shortcut="escape" onClick={onClose}>
          <X aria-hidden />
        </IconButton>
      </header>
      <div className="flex min-h-0 flex-col overflow-y-auto">
        {running.length === 0 && <p className="px-4 pb-4 text-ink-soft">{t("Nothing runs at the moment.")}</p>}
        <ul className="flex flex-col">
          {running.map((one) => (
            <RunningRow key={one.id} operation={one} />
          ))}
        </ul>
        {recent.length > 0 && <Recent operations={recent} />}
      </div>
    </section>
  );
}

function RunningRow({ operation }: { readonly operation: OperationSnapshot }) {
  const { kind, progress } = operation;
  const step = progress.step === null ? stateWords(operation.state) : stepTitle(kind, progress.step);
  return (
    <li className="flex flex-col gap-2 border-t px-4 py-3">
      <div className="flex items-start gap-3">
        <div className="min-w-0 flex-1">
          <JobLink operation={operation} className="block truncate font-medium" />
          <p className="truncate text-sm text-ink-soft">
            {[stageWords(progress), step].filter(Boolean).join(" · ")}
          </p>
        </div>
        <CancelButton operation={operation} />
      </div>
      <LiveProgress operation={operation} />
      <p className="truncate text-sm text-ink-faint">
        {[amountWords(progress), progress.detail].filter(Boolean).join(" · ") || "\u00A0"}
      </p>
    </li>
  );
}

function Recent({ operations }: { readonly operations: readonly OperationSnapshot[] }) {
  return (
    <div className="border-t bg-ground py-2 first:border-t-0 last:rounded-b-xl">
      <h3 className="px-4 pb-1 text-xs text-ink-faint">{t("Before that")}</h3>
      <ul>
        {operations.map((one) => (
          <li key={one.id} className="flex h-8 items-center gap-2.5 px-4">
            <StateIcon operation={one} />
            <JobLink operation={one} className="min-w-0 flex-1 truncate text-sm" />
            <span className="tabular text-xs whitespace-nowrap text-ink-faint">
              {ago(one.finished_at ?? one.created_at)}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

// The page of jobs shows all of this; the panel would only stand in front of it.
const leave = () => show({ trayOpen: false });

interface JobLinkProps {
  readonly operation: OperationSnapshot;
  readonly className: string;
}

function JobLink({ operation, className }: JobLinkProps) {
  return (
    <a
      href={toAddress({ place: "jobs", part: operation.id })}
      onClick={leave}
      className={`${className} rounded-sm hover:underline`}
    >
      {operationTitle(operation)}
    </a>
  );
}
