import { ArrowDownToLine, CircleAlert, Search, WrapText } from "lucide-react";
import type { RefObject } from "react";

import { useCommands } from "@/state/commands";
import { t } from "@/words";

import type { LogHandle } from "./log-view";
import type { LogTools } from "./use-log-tools";

interface LogCommands {
  readonly tools: LogTools;
  readonly search: RefObject<HTMLInputElement | null>;
  readonly view: RefObject<LogHandle | null>;
  readonly wrap: boolean;
  readonly setWrap: (wrap: boolean) => void;
}

/** The log from the keyboard. */
export function useLogCommands({ tools, search, view, wrap, setWrap }: LogCommands): void {
  const group = t("Log");
  useCommands([
    { id: "log-search", title: t("Search in the log"), group, shortcut: "/", icon: <Search />, run: () => search.current?.select() },
    { id: "log-error", title: t("To the next error"), group, shortcut: "e", icon: <CircleAlert />, run: () => tools.toError("next") },
    { id: "log-error-before", title: t("To the error before"), group, icon: <CircleAlert />, run: () => tools.toError("previous") },
    { id: "log-wrap", title: wrap ? t("Long lines in one piece") : t("Wrap long lines"), group, shortcut: "w", icon: <WrapText />, run: () => setWrap(!wrap) },
    { id: "log-end", title: t("To the end of the log"), group, icon: <ArrowDownToLine />, run: () => view.current?.toEnd() },
  ]);
}
