import type { ReactNode } from "react";

import { withoutTerminal } from "@/state/advice";
import { isFinal } from "@/state/operations";
import type { OperationSnapshot } from "@/transport/contract.generated";
import { dateAndTime, seconds } from "@/ui/format";
import { Prose } from "@/ui/prose";
import { ErrorCard } from "@/ui/states";
import { Badge, Card, Code, Facts } from "@/ui/surfaces";
import { t } from "@/words";

import { elapsedSeconds } from "./amounts";
import { CancelButton } from "./cancel-button";
import { JobLog } from "./job-log";
import { JobNext } from "./job-next";
import { LiveProgress } from "./live-progress";
import { again, resultWords } from "./outcome";
import { RecoveryCard, recoveryLook } from "./recovery";
import { RetryButton } from "./retry-button";
import { StageList } from "./stage-list";
import { operationTitle, stateTone, stateWords } from "./wording";

/** One operation, whole: its stages, its end, what its tools said. */
export function JobDetail({ operation }: { readonly operation: OperationSnapshot }) {
  return (
    <article aria-label={operationTitle(operation)} className="min-w-0 flex-1 overflow-y-auto">
      <div className="flex max-w-3xl flex-col gap-5 px-6 pt-5 pb-24">
        <Head operation={operation} />
        <What operation={operation} />
        <Card className="p-4">
          {!isFinal(operation) && (
            <div className="mb-4 border-b pb-4">
              <LiveProgress operation={operation} />
            </div>
          )}
          <StageList operation={operation} />
        </Card>
        <JobLog operation={operation} />
        <Facts of={factsOf(operation)} />
      </div>
    </article>
  );
}

function Head({ operation }: { readonly operation: OperationSnapshot }) {
  const request = again(operation);
  const became = recoveryLook(operation);
  return (
    <header className="flex items-start gap-3">
      <div className="min-w-0 flex-1">
        <h2 className="text-xl font-semibold break-words">{operationTitle(operation)}</h2>
        <p className="tabular mt-1 flex flex-wrap items-center gap-2 text-sm text-ink-soft">
          <Badge tone={stateTone(operation.state)}>{stateWords(operation.state)}</Badge>
          {became && <Badge tone={became.tone}>{became.words}</Badge>}
          <span>{whenAndHowLong(operation)}</span>
        </p>
      </div>
      {!isFinal(operation) && <CancelButton operation={operation} />}
      {request && !operation.error && !became && <RetryButton request={request} />}
      <JobNext operation={operation} />
    </header>
  );
}

function whenAndHowLong(operation: OperationSnapshot): string {
  const when = dateAndTime(operation.created_at);
  return isFinal(operation) ? `${when} · ${seconds(elapsedSeconds(operation, 0))}` : when;
}

/** What came of it: what was made, what went wrong, or what became of it when the launcher had ended. */
function What({ operation }: { readonly operation: OperationSnapshot }) {
  const request = again(operation);
  if (recoveryLook(operation)) {
    return <RecoveryCard operation={operation} {...(request ? { action: <RetryButton request={request} /> } : {})} />;
  }
  return operation.error ? <Trouble operation={operation} /> : <Outcome operation={operation} />;
}

function Trouble({ operation }: { readonly operation: OperationSnapshot }) {
  const request = again(operation);
  if (!operation.error) return null;
  const error = { ...operation.error, hint: withoutTerminal(operation.error.hint) };
  return (
    <ErrorCard error={error} {...(request ? { action: <RetryButton request={request} /> } : {})} />
  );
}

function Outcome({ operation }: { readonly operation: OperationSnapshot }) {
  const words = resultWords(operation);
  return (
    words && (
      <p className="break-words text-ink-soft">
        <Prose>{words}</Prose>
      </p>
    )
  );
}

function factsOf(operation: OperationSnapshot): readonly (readonly [string, ReactNode])[] {
  return [
    [t("Job"), <Code key="job">{operation.id}</Code>],
    [t("Run by"), t("process {pid}", { pid: operation.owner.pid })],
  ];
}
