import { DropdownMenu as Radix } from "radix-ui";
import type { ReactElement, ReactNode } from "react";

import { classes } from "./classes";
import { Keys } from "./keys";

interface MenuProps {
  readonly trigger: ReactElement;
  readonly children: ReactNode;
  readonly align?: "start" | "end";
}

export function Menu({ trigger, children, align = "end" }: MenuProps) {
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          align={align}
          sideOffset={6}
          collisionPadding={8}
          className="animate-rise z-40 min-w-52 rounded-lg border border-line-strong bg-raised p-1 shadow-overlay"
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

interface MenuItemProps {
  readonly children: ReactNode;
  readonly onSelect: () => void;
  readonly icon?: ReactNode;
  readonly shortcut?: string;
  readonly danger?: boolean;
  readonly disabled?: boolean;
}

export function MenuItem({ children, onSelect, icon, shortcut, danger, disabled }: MenuItemProps) {
  return (
    <Radix.Item
      onSelect={onSelect}
      disabled={disabled ?? false}
      className={classes(
        "flex h-8 cursor-default items-center gap-2.5 rounded-md px-2 outline-none select-none [&_svg]:size-4",
        "data-disabled:opacity-45 data-highlighted:bg-hover",
        danger ? "text-bad" : "text-ink",
      )}
    >
      <span className="flex w-4 justify-center text-ink-faint">{icon}</span>
      <span className="flex-1">{children}</span>
      {shortcut && <Keys of={shortcut} />}
    </Radix.Item>
  );
}

export function MenuLabel({ children }: { readonly children: ReactNode }) {
  return <Radix.Label className="px-2 py-1.5 text-xs text-ink-faint">{children}</Radix.Label>;
}

export function MenuLine() {
  return <Radix.Separator className="my-1 h-px bg-line" />;
}
