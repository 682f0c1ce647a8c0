import { House, RotateCcw } from "lucide-react";
import { Component, type ComponentType, type ReactNode } from "react";

import { go, useRoute } from "@/state/route";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy";
import { t } from "@/words";

interface FaultProps {
  readonly fault: Error;
  /** Draws what was to be there anew. */
  readonly again: () => void;
}

interface Props {
  readonly children: ReactNode;
  /** Where we are: somewhere else what had a fault is over. */
  readonly at?: string;
  /** What stands there instead. */
  readonly shows: ComponentType<FaultProps>;
}

interface State {
  readonly fault: Error | null;
  readonly at: string | undefined;
}

/** A fault of our own in drawing: a sentence and a way out instead of nothing. */
export class Faults extends Component<Props, State> {
  override state: State = { fault: null, at: this.props.at };

  static getDerivedStateFromError(fault: Error): Partial<State> {
    return { fault };
  }

  static getDerivedStateFromProps({ at }: Props, state: State): State | null {
    return at === state.at ? null : { fault: null, at };
  }

  override render(): ReactNode {
    const { fault } = this.state;
    const { shows: Instead, children } = this.props;
    return fault ? <Instead fault={fault} again={() => this.setState({ fault: null })} /> : children;
  }
}

/** Instead of the whole page. */
export function FaultOfPage({ fault }: FaultProps) {
  return (
    <FaultCard fault={fault}>
      <Button kind="primary" icon={<RotateCcw aria-hidden />} onClick={() => location.reload()}>
        {t("Draw it anew")}
      </Button>
    </FaultCard>
  );
}

/** Instead of one place: the others are as they were. */
export function FaultOfPlace({ fault, again }: FaultProps) {
  const home = useRoute().place === "home";
  return (
    <FaultCard fault={fault}>
      {!home && (
        <Button kind="primary" icon={<House aria-hidden />} onClick={() => go({ place: "home" })}>
          {t("Home")}
        </Button>
      )}
      <Button kind={home ? "primary" : "plain"} icon={<RotateCcw aria-hidden />} onClick={again}>
        {t("Draw it anew")}
      </Button>
    </FaultCard>
  );
}

function FaultCard({ fault, children }: { readonly fault: Error; readonly children: ReactNode }) {
  return (
    <div role="alert" className="graph-paper flex h-full items-center justify-center p-6">
      <div className="flex max-w-lg min-w-0 flex-col gap-3 rounded-xl border bg-surface p-7 shadow-overlay">
        <h1 className="text-xl font-semibold">{t("This page made a mistake")}</h1>
        <p className="text-ink-soft">
          {t("Nothing was lost: what runs goes on. Drawing it anew usually helps; the report helps us to mend it.")}
        </p>
        <pre className="max-h-32 overflow-auto rounded-md bg-hover px-3 py-2 font-mono text-xs break-words whitespace-pre-wrap text-ink-soft">
          {fault.message || fault.name}
        </pre>
        <div className="mt-2 flex flex-wrap gap-2">
          {children}
          <CopyButton text={`${fault.message}\n${fault.stack ?? ""}`} label={t("Copy the report")} kind="quiet" />
        </div>
      </div>
    </div>
  );
}
