import type { CSSProperties } from "react";
import { Toaster } from "sonner";

import { useInterface } from "@/state/interface";

const EDGE_PX = 16;
const RAIL_PX = { wide: 208, small: 56 } as const;

const COLOURS = {
  "--normal-bg": "var(--raised)",
  "--normal-text": "var(--ink)",
  "--normal-border": "var(--line-strong)",
} as CSSProperties;

/** Words about what happened elsewhere, at the left of the content: the tray has the right. */
export function Toasts() {
  const wide = useInterface((state) => state.railOpen);
  const left = (wide ? RAIL_PX.wide : RAIL_PX.small) + EDGE_PX;
  return (
    <Toaster
      position="bottom-left"
      closeButton
      offset={{ left, bottom: EDGE_PX }}
      mobileOffset={{ left, bottom: EDGE_PX, right: EDGE_PX }}
      style={COLOURS}
      toastOptions={{
        classNames: {
          toast: "!shadow-overlay !rounded-lg !font-sans",
          title: "!text-ink",
          description: "!text-ink-soft",
          actionButton: "!bg-hover !text-ink !border !border-solid !border-line-strong !h-7 !px-2.5",
          closeButton: "!bg-raised !text-ink-soft !border-line-strong hover:!text-ink",
        },
      }}
    />
  );
}
