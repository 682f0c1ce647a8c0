import { ChevronDown, ChevronUp, Search } from "lucide-react";
import type { KeyboardEvent, RefObject } from "react";

import { IconButton } from "@/ui/button";
import { Input } from "@/ui/fields";
import { count } from "@/ui/format";
import { t } from "@/words";

import type { LogTools } from "./use-log-tools";

interface LogSearchProps {
  readonly tools: LogTools;
  readonly input: RefObject<HTMLInputElement | null>;
  readonly onLeave: () => void;
}

/** Words to find: Enter to the next place, Shift and Enter to the one before, Esc ends it. */
export function LogSearch({ tools, input, onLeave }: LogSearchProps) {
  const press = (event: KeyboardEvent) => {
    if (event.key === "Enter") {
      event.preventDefault();
      tools.toHit(event.shiftKey ? "previous" : "next");
    }
    if (event.key === "Escape") {
      tools.setTyped("");
      onLeave();
    }
  };
  return (
    <div role="search" className="flex items-center gap-1">
      <div className="relative">
        <Search aria-hidden className="absolute top-2 left-2.5 size-4 text-ink-faint" />
        <Input
          ref={input}
          type="text"
          aria-label={t("Search in the log")}
          placeholder={t("Search")}
          value={tools.typed}
          onChange={(event) => tools.setTyped(event.target.value)}
          onKeyDown={press}
          className="w-52 pr-20 lg:w-64 pl-8"
        />
        <span role="status" className="tabular pointer-events-none absolute top-1.5 right-2.5 text-sm leading-5 text-ink-faint">
          {found(tools)}
        </span>
      </div>
      {tools.hits.length > 0 && (
        <>
          <IconButton label={t("The place before")} className="size-7" onClick={() => tools.toHit("previous")}>
            <ChevronUp aria-hidden />
          </IconButton>
          <IconButton label={t("The next place")} shortcut="enter" className="size-7" onClick={() => tools.toHit("next")}>
            <ChevronDown aria-hidden />
          </IconButton>
        </>
      )}
    </div>
  );
}

function found({ words, hits, cursor }: LogTools): string {
  if (words === "") return "";
  if (hits.length === 0) return t("none");
  const at = cursor === null ? -1 : hits.indexOf(cursor);
  const all = count(hits.length);
  return at < 0 ? all : t("{number} of {all}", { number: count(at + 1), all });
}
