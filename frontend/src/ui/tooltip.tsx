import { Tooltip as Radix } from "radix-ui";
import type { ReactElement } from "react";

import { Keys } from "./keys";

interface TooltipProps {
  readonly text: string;
  readonly shortcut?: string;
  readonly children: ReactElement;
}

export function Tooltip({ text, shortcut, children }: TooltipProps) {
  return (
    <Radix.Root delayDuration={400}>
      <Radix.Trigger asChild>{children}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          sideOffset={6}
          collisionPadding={8}
          className="animate-rise z-50 flex max-w-80 items-center gap-2 rounded-md border border-line-strong bg-raised px-2 py-1 text-sm text-ink shadow-overlay"
        >
          <span className="min-w-0 break-words">{text}</span>
          {shortcut && <Keys of={shortcut} />}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

export const TooltipProvider = Radix.Provider;
