import { Info, X } from "lucide-react";
import { create } from "zustand";

import { useAnswer } from "@/state/launcher";
import { go } from "@/state/route";
import type { StateProblem } from "@/transport/contract.generated";
import { Button, IconButton } from "@/ui/button";
import { Notice } from "@/ui/notice";
import { Prose } from "@/ui/prose";
import { t } from "@/words";

import { lineOf } from "./health";

// What was read and put away, until the page is loaded anew.
const usePutAway = create<{ readonly words: string | null }>(() => ({ words: null }));

interface HealthLineProps {
  /** Records that whoever shows this could not have read. */
  readonly besides: readonly StateProblem[];
}

/** What became of the launcher's own files, in one line; nothing while all is well. */
export function HealthLine({ besides }: HealthLineProps) {
  const state = useAnswer("system.state", {});
  const notices = useAnswer("system.info", {}).data?.notices ?? [];
  const away = usePutAway(({ words }) => words);
  // Both answers count in one sentence: until then it would only jump.
  const line = state.isPending ? null : lineOf(state.data, besides, notices);
  if (!line || line.words === away) return null;
  return (
    <Notice
      urgent={line.wrong}
      calm={!line.wrong}
      className="items-center py-2.5"
      {...(line.wrong ? {} : { icon: <Info /> })}
      action={
        <span className="flex items-center gap-1">
          <Button size="small" onClick={() => go({ place: "about", part: "files" })}>
            {t("Show")}
          </Button>
          {!line.wrong && (
            <IconButton label={t("Put it away")} className="size-7" onClick={() => usePutAway.setState({ words: line.words })}>
              <X aria-hidden />
            </IconButton>
          )}
        </span>
      }
    >
      <Prose>{line.words}</Prose>
    </Notice>
  );
}
