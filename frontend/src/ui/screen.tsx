import type { ReactNode } from "react";

import { classes } from "./classes";

interface ScreenProps {
  readonly title: ReactNode;
  /** Beside the title: a state, a count. */
  readonly aside?: ReactNode;
  /** The actions of this page, at the right. */
  readonly actions?: ReactNode;
  /** The content fills the height and scrolls inside itself. */
  readonly filling?: boolean;
  readonly children: ReactNode;
}

/** The frame of every place: a header that stays, and content below it. */
export function Screen({ title, aside, actions, filling, children }: ScreenProps) {
  return (
    <div className="flex min-h-0 min-w-0 flex-1 flex-col">
      <header className="flex h-14 shrink-0 items-center gap-3 border-b px-6">
        <h1 className="truncate text-lg font-semibold">{title}</h1>
        {aside}
        <div className="ml-auto flex items-center gap-2">{actions}</div>
      </header>
      <div className={classes("flex min-h-0 flex-1 flex-col", filling ? "overflow-hidden" : "overflow-y-auto")}>
        {filling ? (
          children
        ) : (
          <div className="mx-auto flex w-full max-w-5xl flex-col gap-8 px-6 pt-6 pb-24">{children}</div>
        )}
      </div>
    </div>
  );
}
