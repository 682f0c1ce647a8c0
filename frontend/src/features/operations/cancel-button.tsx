import { useMutation } from "@tanstack/react-query";

import { attempt } from "@/state/attempt";
import { invoke } from "@/state/launcher";
import type { OperationSnapshot } from "@/transport/contract.generated";
import { Button } from "@/ui/button";
import { t } from "@/words";

import { operationTitle } from "./wording";

/** Asks an operation to stop. It leaves things as they were before it, which can take a moment. */
export function CancelButton({ operation }: { readonly operation: OperationSnapshot }) {
  const cancel = useMutation({
    mutationFn: () => attempt(invoke("operations.cancel", { operation_id: operation.id })),
  });
  // A refusal is told, and it can be asked for again.
  const asked = operation.state === "cancelling" || cancel.isPending || !!cancel.data;
  return (
    <Button
      size="small"
      busy={asked}
      aria-label={t("Cancel: {what}", { what: operationTitle(operation) })}
      onClick={() => cancel.mutate()}
    >
      {asked ? t("Cancelling") : t("Cancel")}
    </Button>
  );
}
