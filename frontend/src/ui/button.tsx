import { cva, type VariantProps } from "class-variance-authority";
import { LoaderCircle } from "lucide-react";
import type { ButtonHTMLAttributes, MouseEvent, ReactNode, Ref } from "react";

import { classes } from "./classes";
import { Tooltip } from "./tooltip";

const look = cva(
  [
    "inline-flex shrink-0 items-center justify-center gap-2 rounded-md font-medium whitespace-nowrap",
    "transition-colors duration-100 select-none",
    "disabled:cursor-not-allowed disabled:opacity-50 [&_svg]:shrink-0",
  ],
  {
    variants: {
      kind: {
        primary: "bg-accent text-accent-ink hover:not-disabled:bg-accent-hover",
        plain: "border border-line-strong bg-raised text-ink hover:not-disabled:bg-hover",
        quiet: "text-ink-soft hover:not-disabled:bg-hover hover:not-disabled:text-ink",
        danger: "bg-bad-solid text-bad-ink hover:not-disabled:opacity-90",
      },
      size: {
        small: "h-7 px-2.5 text-sm [&_svg]:size-3.5",
        medium: "h-8 px-3 text-base [&_svg]:size-4",
        large: "h-11 rounded-lg px-5 text-lg [&_svg]:size-5",
      },
    },
    defaultVariants: { kind: "plain", size: "medium" },
  },
);

export interface ButtonProps
  extends ButtonHTMLAttributes<HTMLButtonElement>, VariantProps<typeof look> {
  readonly icon?: ReactNode;
  /** The action is under way: the button keeps its width and cannot be pressed twice. */
  readonly busy?: boolean;
  readonly ref?: Ref<HTMLButtonElement>;
}

export function Button({ kind, size, icon, busy, className, children, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      // Not `disabled`: a button that is would lose the focus of whoever pressed it by keyboard.
      {...(busy ? { "aria-busy": true, "aria-disabled": true, onClick: doNothing } : {})}
      className={classes(look({ kind, size }), className)}
    >
      {busy ? <LoaderCircle aria-hidden className="animate-spin" /> : icon}
      {children}
    </button>
  );
}

function doNothing(event: MouseEvent): void {
  event.preventDefault(); // a form is not sent either
}

export interface IconButtonProps extends Omit<ButtonProps, "icon" | "children"> {
  /** What it does: the name for screen readers, and the tooltip. */
  readonly label: string;
  readonly shortcut?: string;
  readonly children: ReactNode;
}

/** A button that is only a picture, and therefore always has a tooltip. */
export function IconButton({
  label,
  shortcut,
  kind = "quiet",
  className,
  ...rest
}: IconButtonProps) {
  return (
    <Tooltip text={label} {...(shortcut ? { shortcut } : {})}>
      <Button kind={kind} aria-label={label} className={classes("size-8 px-0", className)} {...rest} />
    </Tooltip>
  );
}
