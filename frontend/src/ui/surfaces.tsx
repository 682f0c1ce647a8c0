import type { HTMLAttributes, ReactNode } from "react";

import { classes } from "./classes";

export function Card({ className, ...rest }: HTMLAttributes<HTMLElement>) {
  return <section {...rest} className={classes("rounded-xl border bg-surface", className)} />;
}

interface SectionProps {
  readonly title: string;
  /** At the right end of the title's line. */
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

export function Section({ title, actions, children }: SectionProps) {
  return (
    <section className="flex flex-col gap-3">
      <header className="flex min-h-8 items-center gap-3">
        <h2 className="flex-1 text-base font-semibold">{title}</h2>
        {actions}
      </header>
      {children}
    </section>
  );
}

/** Facts as name and value, one under the other. */
export function Facts({ of }: { readonly of: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="grid grid-cols-[max-content_1fr] gap-x-6 gap-y-1.5">
      {of.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-ink-soft">{name}</dt>
          <dd className="tabular min-w-0 break-words">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A path, a hash, a command. */
export function Code({ children }: { readonly children: ReactNode }) {
  return <code className="font-mono text-sm break-all text-ink-soft">{children}</code>;
}

const TONES = {
  plain: "bg-hover text-ink-soft",
  accent: "bg-accent-soft text-accent",
  ok: "bg-ok-soft text-ok",
  warn: "bg-warn-soft text-warn",
  bad: "bg-bad-soft text-bad",
} as const;

export type Tone = keyof typeof TONES;

export function Badge({ tone = "plain", children }: { readonly tone?: Tone; readonly children: ReactNode }) {
  return (
    <span
      className={classes(
        "inline-flex h-5 items-center gap-1.5 rounded-full px-2 text-xs font-medium whitespace-nowrap",
        TONES[tone],
      )}
    >
      {children}
    </span>
  );
}

const DOTS = {
  plain: "bg-ink-faint",
  accent: "bg-accent",
  ok: "bg-ok",
  warn: "bg-warn",
  bad: "bg-bad",
} as const;

/** A state as colour; its words stand beside it, or in `label` where there is no room. */
export function Dot({ tone, moving, label }: { readonly tone: Tone; readonly moving?: boolean; readonly label?: string }) {
  return (
    <span
      {...(label ? { role: "img", "aria-label": label } : { "aria-hidden": true })}
      className={classes("inline-block size-2 shrink-0 rounded-full", DOTS[tone], moving && "animate-dot")}
    />
  );
}
