import { ChevronRight } from "lucide-react";
import type { ReactNode } from "react";

interface FoldProps {
  readonly title: string;
  readonly children: ReactNode;
}

/** What only some want to see, behind its title. */
export function Fold({ title, children }: FoldProps) {
  return (
    <details className="group">
      <summary className="-mx-2 flex h-8 w-fit cursor-pointer list-none items-center gap-1.5 rounded-md px-2 text-ink-soft select-none hover:text-ink [&::-webkit-details-marker]:hidden">
        <ChevronRight aria-hidden className="size-4 transition-transform group-open:rotate-90" />
        {title}
      </summary>
      {children}
    </details>
  );
}
