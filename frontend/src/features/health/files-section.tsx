import { CircleCheck, RefreshCw } from "lucide-react";
import { useEffect, useRef } from "react";

import { useAnswer } from "@/state/launcher";
import type { StateFile } from "@/transport/contract.generated";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy";
import { sentence } from "@/ui/format";
import { PathValue } from "@/ui/path-value";
import { Prose } from "@/ui/prose";
import { ErrorCard, SkeletonRows } from "@/ui/states";
import { Badge, Card, Section } from "@/ui/surfaces";
import { t } from "@/words";

import { outcomeLook, problemWords, soundWords } from "./health";

interface FilesSectionProps {
  /** The address names this section: it comes into sight. */
  readonly named: boolean;
  /** How much of the page around it is drawn: each part that comes moves it. */
  readonly drawn: number;
}

/** Every file that the launcher keeps its state in: whether it reads as it should, and what to do where not. */
export function FilesSection({ named, drawn }: FilesSectionProps) {
  const { data, error, isFetching, refetch } = useAnswer("system.state", {}, { refetchOnMount: "always" });
  const known = data !== undefined;
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!named) return;
    place.current?.scrollIntoView?.({ block: "start" });
    place.current?.focus({ preventScroll: true });
  }, [named, drawn, known]);
  return (
    <div ref={place} tabIndex={-1} className="scroll-mt-6 rounded-sm outline-none">
      <Section
        title={t("The launcher's files")}
        actions={
          <Button size="small" kind="quiet" busy={isFetching} icon={<RefreshCw aria-hidden />} onClick={() => void refetch()}>
            {t("Look again")}
          </Button>
        }
      >
        {error && <ErrorCard error={error} title={t("They could not be looked at")} onRetry={() => void refetch()} />}
        {!data && !error && (
          <Card>
            <SkeletonRows count={2} />
          </Card>
        )}
        {data && data.problems.length === 0 && (
          <Card className="flex items-center gap-3 px-5 py-4">
            <CircleCheck aria-hidden className="size-5 shrink-0 text-ok" />
            <div>
              <p className="tabular font-medium">{soundWords(data)}</p>
              <p className="text-sm text-ink-soft">{t("Each was read whole, and its checksum fits.")}</p>
            </div>
          </Card>
        )}
        {data && data.problems.length > 0 && (
          <Card>
            <p className="tabular border-b px-5 py-3 text-ink-soft">{t("{some} do not read as they should. Nothing is deleted because of that, and models and outputs are not in them.", { some: problemWords(data) })}</p>
            <ul>
              {data.problems.map((file) => (
                <FileRow key={file.path} file={file} />
              ))}
            </ul>
          </Card>
        )}
      </Section>
    </div>
  );
}

function FileRow({ file }: { readonly file: StateFile }) {
  const { path, what, outcome, reason, advice } = file;
  const { words, tone } = outcomeLook(outcome);
  return (
    <li className="flex flex-wrap items-start gap-x-6 gap-y-2 border-b px-5 py-4 last:border-b-0">
      <div className="flex min-w-0 flex-1 basis-80 flex-col gap-1">
        <p className="flex flex-wrap items-center gap-2">
          <span className="inline-block font-medium first-letter:uppercase">{what}</span>
          <Badge tone={tone}>{words}</Badge>
        </p>
        <PathValue path={path} file />
        <p className="break-words text-ink-soft">
          <Prose>{sentence(reason)}</Prose>
        </p>
        <p className="break-words">
          <Prose>{advice}</Prose>
        </p>
      </div>
      <CopyButton size="small" kind="quiet" label={t("Copy")} aria-label={t("Copy what is known of {path}", { path })} text={[what, path, `${outcome}: ${reason}`, advice].join("\n")} />
    </li>
  );
}
