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
  readonly className?: string;
}

/** Something that is not as it should be, though nothing has failed. */
export function Notice({ title, children, icon, action, urgent, className }: NoticeProps) {
  return (
    <div
      role={urgent ? "alert" : "note"}
      className={classes("flex flex-wrap gap-x-3 gap-y-2 rounded-lg border border-warn/40 bg-warn-soft p-4", className)}
    >
      <span aria-hidden className="mt-0.5 text-warn [&_svg]:size-4">
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
