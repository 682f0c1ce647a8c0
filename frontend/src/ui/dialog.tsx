import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";

import { t } from "@/words";

import { IconButton } from "./button";
import { classes } from "./classes";
import { useReturnFocus } from "./return-focus";

// Where nothing in it asked for the focus: the dialog itself, not the button that closes it.
function focusWhole(event: Event): void {
  event.preventDefault();
  (event.currentTarget as HTMLElement).focus();
}

interface DialogProps {
  readonly open: boolean;
  /** Also called by Esc and by a click outside. */
  readonly onClose: () => void;
  readonly title: string;
  /** One sentence below the title. */
  readonly description?: ReactNode;
  readonly children?: ReactNode;
  /** The buttons, the safe one first in the order of the keyboard. */
  readonly actions?: ReactNode;
  readonly wide?: boolean;
}

export function Dialog({ open, onClose, title, description, children, actions, wide }: DialogProps) {
  const giveFocusBack = useReturnFocus(open);
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-scrim" />
        <Radix.Content
          {...(description ? {} : { "aria-describedby": undefined })}
          onOpenAutoFocus={focusWhole}
          onCloseAutoFocus={giveFocusBack}
          className={classes(
            "animate-rise fixed top-1/2 left-1/2 z-40 flex max-h-[min(44rem,calc(100vh-3rem))] w-[calc(100vw-3rem)] -translate-x-1/2 -translate-y-1/2 flex-col",
            "rounded-xl border border-line-strong bg-surface shadow-overlay focus:outline-none",
            wide ? "max-w-3xl" : "max-w-lg",
          )}
        >
          <header className="flex items-start gap-4 px-6 pt-5 pb-3">
            <div className="min-w-0 flex-1">
              <Radix.Title className="text-lg font-semibold">{title}</Radix.Title>
              {description && (
                <Radix.Description asChild>
                  <div className="mt-1 text-ink-soft">{description}</div>
                </Radix.Description>
              )}
            </div>
            <Radix.Close asChild>
              <IconButton label={t("Close")} shortcut="escape" className="-mt-1 -mr-2">
                <X aria-hidden />
              </IconButton>
            </Radix.Close>
          </header>
          <div className="min-h-0 flex-1 overflow-y-auto px-6 pb-5">{children}</div>
          {actions && (
            <footer className="flex flex-wrap items-center justify-end gap-2 border-t px-6 py-4">
              {actions}
            </footer>
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
