/** What stands where a list would be: nothing yet, not yet, or not possible. */

import { CircleAlert } from "lucide-react";
import type { ReactNode } from "react";

import type { Failure } from "@/transport/contract.generated";
import type { LauncherError } from "@/transport/transport";
import { t } from "@/words";

import { Button } from "./button";
import { classes } from "./classes";
import { CopyButton } from "./copy";
import { MakeRoom, RoomFacts } from "./disk-full";
import { Prose } from "./prose";

interface EmptyProps {
  readonly icon: ReactNode;
  readonly title: string;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
}

/** An empty list says what belongs here and how it comes here. */
export function Empty({ icon, title, children, action }: EmptyProps) {
  return (
    <div className="flex flex-col items-center gap-3 px-6 py-12 text-center">
      <div className="graph-paper flex size-16 items-center justify-center rounded-xl border text-ink-faint [&_svg]:size-7">
        {icon}
      </div>
      <h2 className="text-base font-semibold">{title}</h2>
      {children && <p className="max-w-md text-ink-soft">{children}</p>}
      {action}
    </div>
  );
}

/** The shape of what is coming. */
export function Skeleton({ className }: { readonly className?: string }) {
  return <div aria-hidden className={classes("skeleton h-4 rounded-md", className)} />;
}

/** Rows that are on their way. */
export function SkeletonRows({ count = 4 }: { readonly count?: number }) {
  return (
    <div role="status" aria-label={t("Loading")} className="flex flex-col gap-3 p-4">
      {Array.from({ length: count }, (_, index) => (
        <Skeleton key={index} className={index % 2 ? "w-3/5" : "w-4/5"} />
      ))}
    </div>
  );
}

const DISK_FULL = "disk-full";

interface ErrorCardProps {
  readonly error: Failure | LauncherError;
  /** What was being done, as a title: "Installing v0.3.64 failed". */
  readonly title?: string;
  /** The button that does what the hint says. */
  readonly action?: ReactNode;
  readonly onRetry?: () => void;
  readonly className?: string;
}

/** What happened, why, what to do: with one button that does it and one that copies the diagnosis. */
export function ErrorCard({ error, title, action, onRetry, className }: ErrorCardProps) {
  return (
    <div
      role="alert"
      className={classes("flex gap-3 rounded-lg border border-bad/40 bg-bad-soft p-4", className)}
    >
      <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-bad" />
      <div className="flex min-w-0 flex-1 flex-col gap-1">
        {title && <h3 className="font-semibold">{title}</h3>}
        <p className={classes("break-words", title ? "" : "font-medium")}><Prose>{error.message}</Prose></p>
        <p className="break-words text-ink-soft">
          <Prose>{error.hint}</Prose>
        </p>
        {error.code === DISK_FULL && <RoomFacts details={error.details} />}
        <div className="mt-2 flex flex-wrap gap-2">
          {error.code === DISK_FULL && <MakeRoom />}
          {action}
          {onRetry && (
            <Button size="small" onClick={onRetry}>
              {t("Try again")}
            </Button>
          )}
          <CopyButton text={() => diagnosis(error, title)} label={t("Copy diagnosis")} size="small" kind="quiet" />
        </div>
      </div>
    </div>
  );
}

function diagnosis(error: Failure | LauncherError, title: string | undefined): string {
  const details = JSON.stringify(error.details, null, 2);
  return [title, `${error.code}: ${error.message}`, error.hint, details].filter(Boolean).join("\n");
}
