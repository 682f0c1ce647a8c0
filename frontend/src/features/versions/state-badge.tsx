import { Dot } from "@/ui/surfaces";
import { Badge } from "@/ui/surfaces";

import { type Phase, phaseLook } from "./standing";

/** A state in words, with its colour. */
export function StateBadge({ phase }: { readonly phase: Phase }) {
  const { words, tone, moving } = phaseLook(phase);
  return (
    <Badge tone={tone}>
      <Dot tone={tone} moving={moving} />
      {words}
    </Badge>
  );
}
