import { Tabs as Radix } from "radix-ui";
import type { ReactNode } from "react";

import { classes } from "./classes";

interface TabsProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly tabs: readonly { readonly value: string; readonly label: ReactNode }[];
  /** The tabs begin where a page's header begins. */
  readonly inset?: boolean;
  readonly children: ReactNode;
}

/** Tabs with their panels: the children are `Tab`s. */
export function Tabs({ label, value, onChange, tabs, inset, children }: TabsProps) {
  return (
    <Radix.Root value={value} onValueChange={onChange} className="flex min-h-0 flex-1 flex-col">
      <Radix.List aria-label={label} className={classes("flex gap-1 border-b", inset && "px-3")}>
        {tabs.map((tab) => (
          <Radix.Trigger
            key={tab.value}
            value={tab.value}
            className="-mb-px flex h-9 items-center gap-2 border-b-2 border-transparent px-3 font-medium text-ink-soft hover:text-ink data-[state=active]:border-accent data-[state=active]:text-ink"
          >
            {tab.label}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {children}
    </Radix.Root>
  );
}

export function Tab({ value, children }: { readonly value: string; readonly children: ReactNode }) {
  return (
    <Radix.Content value={value} className="flex min-h-0 flex-1 flex-col focus-visible:outline-offset-[-2px]">
      {children}
    </Radix.Content>
  );
}
