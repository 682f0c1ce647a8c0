import { ExternalLink as Icon } from "lucide-react";
import type { AnchorHTMLAttributes, MouseEvent } from "react";

import { attempt } from "@/state/attempt";
import { inWindow, invoke } from "@/state/launcher";

import { classes } from "./classes";

/** Opens a page of the web in the user's browser, from the window as from a tab. */
export async function openLink(url: string): Promise<void> {
  if (inWindow()) await attempt(invoke("window.open_link", { url }));
  else window.open(url, "_blank", "noopener,noreferrer");
}

interface ExternalLinkProps extends AnchorHTMLAttributes<HTMLAnchorElement> {
  readonly href: string;
}

/** A link out of the launcher, with the mark that says so. */
export function ExternalLink({ href, className, children, ...rest }: ExternalLinkProps) {
  const follow = (event: MouseEvent) => {
    if (!inWindow()) return;
    event.preventDefault();
    void openLink(href);
  };
  return (
    <a
      {...rest}
      href={href}
      target="_blank"
      rel="noreferrer"
      onClick={follow}
      className={classes("rounded-sm text-accent underline decoration-transparent underline-offset-2 hover:decoration-current", className)}
    >
      {children}
      <Icon aria-hidden className="ml-1 inline size-3 align-baseline" />
    </a>
  );
}
