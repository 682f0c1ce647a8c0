import type { HTMLAttributes, Ref } from "react";

interface ScrollRegionProps extends Omit<HTMLAttributes<HTMLDivElement>, "role" | "tabIndex"> {
  readonly label: string;
  readonly ref?: Ref<HTMLDivElement>;
}

/** Text that scrolls inside the page. Whoever has only a keyboard can reach it and scroll it. */
export function ScrollRegion({ label, children, ...rest }: ScrollRegionProps) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex, jsx-a11y/no-noninteractive-element-interactions -- scrolling is the interaction
    <div {...rest} role="region" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}
