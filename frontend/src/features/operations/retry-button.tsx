import { useMutation } from "@tanstack/react-query";
import { RotateCcw } from "lucide-react";

import { attempt } from "@/state/attempt";
import { go } from "@/state/route";
import { Button } from "@/ui/button";
import { t } from "@/words";

import type { Request } from "./outcome";

/** Asks for the same again and shows the new job. */
export function RetryButton({ request }: { readonly request: Request }) {
  const retry = useMutation({
    mutationFn: () => attempt(request.ask()),
    onSuccess: (begun) => begun && go({ place: "jobs", part: begun.operation_id }),
  });
  return (
    <Button size="small" icon={<RotateCcw aria-hidden />} busy={retry.isPending} onClick={() => retry.mutate()}>
      {t("Try again")}
    </Button>
  );
}
