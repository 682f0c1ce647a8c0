import { CircleAlert, WrapText } from "lucide-react";
import { type RefObject, useMemo } from "react";

import { Button, IconButton } from "@/ui/button";
import { classes } from "@/ui/classes";
import { Choice } from "@/ui/fields";
import { count } from "@/ui/format";
import { Tooltip } from "@/ui/tooltip";
import { t } from "@/words";

import { countOf, type LevelFilter, type LogLine } from "./log-lines";
import { LogCopyMenu } from "./log-copy-menu";
import { LogSearch } from "./log-search-field";
import type { Marks } from "./marks";
import type { LogTools } from "./use-log-tools";

interface LogToolbarProps {
  readonly tools: LogTools;
  readonly file: string;
  readonly lines: readonly LogLine[];
  readonly marks: Marks | null;
  readonly onUnmark: () => void;
  readonly wrap: boolean;
  readonly onWrap: (wrap: boolean) => void;
  readonly search: RefObject<HTMLInputElement | null>;
  readonly onLeaveSearch: () => void;
}

/** Looking for something in the log, and taking it along. */
export function LogToolbar({ tools, file, lines, marks, onUnmark, wrap, onWrap, search, onLeaveSearch }: LogToolbarProps) {
  return (
    <div role="toolbar" aria-label={t("Log")} className="flex shrink-0 flex-wrap items-center gap-x-3 gap-y-2 border-b bg-surface px-6 py-2">
      <LogSearch tools={tools} input={search} onLeave={onLeaveSearch} />
      <Levels tools={tools} lines={lines} />
      <NextError tools={tools} />
      <div className="ml-auto flex items-center gap-1">
        <IconButton
          label={wrap ? t("Long lines in one piece") : t("Wrap long lines")}
          shortcut="w"
          aria-pressed={wrap}
          onClick={() => onWrap(!wrap)}
          className={classes(wrap && "bg-hover text-ink")}
        >
          <WrapText aria-hidden />
        </IconButton>
        <LogCopyMenu shown={tools.shown} file={file} marks={marks} onUnmark={onUnmark} />
      </div>
    </div>
  );
}

function Levels({ tools, lines }: Pick<LogToolbarProps, "tools" | "lines">) {
  const warnings = useMemo(() => countOf(lines, "warning"), [lines]);
  const options: readonly { value: LevelFilter; label: string }[] = [
    { value: "all", label: t("All") },
    { value: "warnings", label: warnings > 0 ? t("Warnings {count}", { count: count(warnings) }) : t("Warnings") },
    { value: "errors", label: t("Errors") },
  ];
  return <Choice label={t("Lines to show")} value={tools.filter} onChange={tools.setFilter} options={options} />;
}

function NextError({ tools }: { readonly tools: LogTools }) {
  const many = tools.errors.length;
  if (many === 0) return null;
  return (
    <Tooltip text={t("To the next error")} shortcut="e">
      <Button size="small" icon={<CircleAlert aria-hidden className="text-bad" />} onClick={() => tools.toError("next")}>
        {many === 1 ? t("1 error") : t("{count} errors", { count: count(many) })}
      </Button>
    </Tooltip>
  );
}
