import { useLayoutEffect, useRef } from "react";

import { isFinal, useOperationLogs } from "@/state/operations";
import type { OperationSnapshot } from "@/transport/contract.generated";
import { CopyButton } from "@/ui/copy";
import { ScrollRegion } from "@/ui/scroll-region";
import { Section } from "@/ui/surfaces";
import { t } from "@/words";

const NONE: readonly string[] = [];

/** What the tools behind an operation said, as far as this page was there to hear it. */
export function JobLog({ operation }: { readonly operation: OperationSnapshot }) {
  const lines = useOperationLogs((logs) => logs.lines[operation.id] ?? NONE);
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);

  useLayoutEffect(() => {
    if (box.current && atEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines]);

  if (lines.length === 0) {
    if (isFinal(operation)) return null;
    return <p className="text-sm text-ink-faint">{t("What its tools say appears here.")}</p>;
  }
  return (
    <Section
      title={t("What its tools said")}
      actions={<CopyButton size="small" kind="quiet" text={lines.join("\n")} label={t("Copy")} />}
    >
      <ScrollRegion
        ref={box}
        label={t("What its tools said")}
        onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
          atEnd.current = scrollTop + clientHeight >= scrollHeight - 24;
        }}
        className="max-h-72 overflow-auto rounded-lg border bg-ground p-3 font-mono text-xs leading-5 whitespace-pre-wrap text-ink-soft select-text"
      >
        {lines.map((line, index) => (
          <div key={index}>{line || "\u00A0"}</div>
        ))}
      </ScrollRegion>
    </Section>
  );
}
