import { TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";

import { classes } from "./classes";

interface NoticeProps {
  readonly title?: string;
  readonly children?: ReactNode;
  /** In the place of the sign for a warning. */
  readonly icon?: ReactNode;
  /** What can be done about it, at the end. */
  readonly action?: ReactNode;
  /** It came up by itself: a screen reader says it at once. */
  readonly urgent?: boolean;
  /** Nothing has to be done about it. */
  readonly calm?: boolean;
  readonly className?: string;
}

/** Something to know, mostly that something is not as it should be, though nothing has failed. */
export function Notice({ title, children, icon, action, urgent, calm, className }: NoticeProps) {
  return (
    <div
      role={urgent ? "alert" : "note"}
      className={classes(
        "flex flex-wrap gap-x-3 gap-y-2 rounded-lg border p-4",
        calm ? "border-line-strong bg-surface" : "border-warn/40 bg-warn-soft",
        className,
      )}
    >
      <span aria-hidden className={classes("mt-0.5 [&_svg]:size-4", calm ? "text-ink-faint" : "text-warn")}>
        {icon ?? <TriangleAlert />}
      </span>
      <div className="min-w-0 flex-1 basis-64 break-words">
        {title && <h3 className="font-semibold">{title}</h3>}
        {children && <div className={title ? "text-ink-soft" : ""}>{children}</div>}
      </div>
      {action}
    </div>
  );
}
