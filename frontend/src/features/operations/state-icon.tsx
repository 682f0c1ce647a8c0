import { Ban, CircleAlert, CircleCheck, CircleDashed, Unplug } from "lucide-react";

import type { OperationSnapshot } from "@/transport/contract.generated";
import { classes } from "@/ui/classes";

import { drawnFraction } from "./amounts";
import { Ring } from "./ring";

interface StateIconProps {
  readonly operation: OperationSnapshot;
  readonly className?: string;
}

/** The state of an operation as a picture; a ring while it is at work. The words stand beside it. */
export function StateIcon({ operation, className }: StateIconProps) {
  const size = classes("size-4 shrink-0", className);
  switch (operation.state) {
    case "running":
    case "cancelling":
      return <Ring fraction={drawnFraction(operation)} className={size} />;
    case "succeeded":
      return <CircleCheck aria-hidden className={classes(size, "text-ok")} />;
    case "failed":
      return <CircleAlert aria-hidden className={classes(size, "text-bad")} />;
    case "cancelled":
      return <Ban aria-hidden className={classes(size, "text-ink-faint")} />;
    case "interrupted":
      if (operation.recovery?.outcome === "finished") return <CircleCheck aria-hidden className={classes(size, "text-ok")} />;
      return <Unplug aria-hidden className={classes(size, "text-warn")} />;
    default: // waiting, or in a state of another release
      return <CircleDashed aria-hidden className={classes(size, "text-ink-faint")} />;
  }
}
