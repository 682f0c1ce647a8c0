/** Waits for the end of an operation, as the events tell it. */

import { invoke, queryClient } from "./launcher";
import { isFinal } from "./operations";
import type { OperationList, OperationSnapshot } from "@/transport/contract.generated";

const KEY = ["operations.list", {}] as const;

/** The operation once it has ended. */
export async function whenEnded(operationId: string): Promise<OperationSnapshot> {
  await queryClient.ensureQueryData({ queryKey: KEY, queryFn: () => invoke("operations.list", {}) });
  return new Promise((resolve) => {
    const cache = queryClient.getQueryCache();
    const look = () => {
      const known = queryClient.getQueryData<OperationList>(KEY);
      const operation = known?.operations.find(({ id }) => id === operationId);
      if (!operation || !isFinal(operation)) return;
      stop();
      resolve(operation);
    };
    const stop = cache.subscribe(look);
    look();
  });
}
