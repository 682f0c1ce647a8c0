import { ArrowDown, FileText } from "lucide-react";
import { useCallback, useRef, useState } from "react";

import type { VersionStatus } from "@/transport/contract.generated";
import type { LauncherError } from "@/transport/transport";
import { Button } from "@/ui/button";
import { count } from "@/ui/format";
import { Notice } from "@/ui/notice";
import { Empty, ErrorCard, SkeletonRows } from "@/ui/states";
import { t } from "@/words";

import type { LogState } from "./log-reader";
import { LogToolbar } from "./log-toolbar";
import { type LogHandle, LogView } from "./log-view";
import { type Marks, marked, markedWords } from "./marks";
import { useLog } from "./use-log";
import { useLogCommands } from "./use-log-commands";
import { type LogTools, useLogTools } from "./use-log-tools";

/** What the last run of a version said, as it says it. */
export function Log({ version }: { readonly version: VersionStatus }) {
  const [log, read] = useLog(version.tag, version.state);
  if (log.error && !log.known) {
    return (
      <div className="p-6">
        <ErrorCard error={log.error} onRetry={read} />
      </div>
    );
  }
  if (!log.known) return <SkeletonRows count={12} />;
  if (log.content.lines.length === 0) {
    return (
      <>
        {log.error && <NotReadOn error={log.error} onRetry={read} />}
        <Silent version={version} log={log} />
      </>
    );
  }
  return <Spoken key={log.file} version={version} log={log} read={read} />;
}

interface SilentProps {
  readonly version: VersionStatus;
  readonly log: LogState;
}

interface SpokenProps extends SilentProps {
  readonly read: () => void;
}

function Spoken({ version, log, read }: SpokenProps) {
  const view = useRef<LogHandle>(null);
  const search = useRef<HTMLInputElement>(null);
  const [following, setFollowing] = useState(true);
  const [wrap, setWrap] = useState(false);
  const [marks, setMarks] = useState<Marks | null>(null);
  const tools = useLogTools(log.content.lines, view);
  const mark = useCallback((number: number, extend: boolean) => setMarks((now) => marked(now, number, extend)), []);
  useLogCommands({ tools, search, view, wrap, setWrap });

  return (
    <section aria-label={t("Log of {tag}", { tag: version.tag })} className="relative flex min-h-0 flex-1 flex-col">
      <LogToolbar
        tools={tools}
        file={log.file}
        lines={log.content.lines}
        marks={marks}
        onUnmark={() => setMarks(null)}
        wrap={wrap}
        onWrap={setWrap}
        search={search}
        onLeaveSearch={() => view.current?.focus()}
      />
      {log.gaps && <Gaps />}
      {log.error && <NotReadOn error={log.error} onRetry={read} />}
      <p role="status" className="sr-only">
        {markedWords(tools.shown, marks)}
      </p>
      {tools.shown.length === 0 ? (
        <NoneOfThese tools={tools} />
      ) : (
        <LogView
          ref={view}
          label={t("Lines of the log")}
          lines={tools.shown}
          words={tools.words}
          cursor={tools.cursor}
          marks={marks}
          wrap={wrap}
          following={following}
          onFollow={setFollowing}
          onMark={mark}
          onUnmark={() => setMarks(null)}
        />
      )}
      {!following && tools.shown.length > 0 && <ToTheEnd onPress={() => view.current?.toEnd()} />}
    </section>
  );
}

function ToTheEnd({ onPress }: { readonly onPress: () => void }) {
  return (
    <div className="pointer-events-none absolute inset-x-0 bottom-5 flex justify-center">
      <Button
        size="small"
        icon={<ArrowDown aria-hidden />}
        onClick={onPress}
        className="animate-rise pointer-events-auto rounded-full shadow-overlay"
      >
        {t("Jump to the end")}
      </Button>
    </div>
  );
}

function Gaps() {
  return (
    <p className="border-b bg-surface px-6 py-1 text-xs text-ink-faint">
      {t("Only the newest lines are here. The whole log is in its file.")}
    </p>
  );
}

interface NotReadOnProps {
  readonly error: LauncherError;
  readonly onRetry: () => void;
}

/** What stands here is true, but there may be more. */
function NotReadOn({ error: { message, hint }, onRetry }: NotReadOnProps) {
  return (
    <Notice
      urgent
      title={t("The log could not be read on")}
      className="rounded-none border-x-0 border-t-0 px-6 py-3"
      action={
        <Button size="small" onClick={onRetry}>
          {t("Try again")}
        </Button>
      }
    >
      {message} {hint}
    </Notice>
  );
}

function Silent({ version, log }: SilentProps) {
  const ran = log.file !== "";
  return (
    <Empty icon={<FileText aria-hidden />} title={ran ? t("It has said nothing yet") : t("It has not run yet")}>
      {ran
        ? t("What {tag} writes appears here as it writes it.", { tag: version.tag })
        : t("Once {tag} is launched, what it says appears here and stays until the next start.", { tag: version.tag })}
    </Empty>
  );
}

function NoneOfThese({ tools }: { readonly tools: LogTools }) {
  return (
    <Empty
      icon={<FileText aria-hidden />}
      title={tools.filter === "errors" ? t("No errors") : t("No warnings and no errors")}
      action={<Button onClick={() => tools.setFilter("all")}>{t("Show all lines")}</Button>}
    >
      {tools.total === 1 ? t("The one line does not look like one.") : t("Nothing in the {count} lines looks like one.", { count: count(tools.total) })}
    </Empty>
  );
}
