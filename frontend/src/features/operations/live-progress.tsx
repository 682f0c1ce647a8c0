import type { OperationSnapshot } from "@/transport/contract.generated";
import { percent, seconds } from "@/ui/format";
import { Progress } from "@/ui/progress";
import { t } from "@/words";

import { drawnFraction, elapsedSeconds, remainingWords } from "./amounts";
import { useNow } from "./use-now";
import { operationTitle } from "./wording";

/** The bar of an operation at work, with its time so far and the time that is left. */
export function LiveProgress({ operation }: { readonly operation: OperationSnapshot }) {
  const fraction = drawnFraction(operation);
  const now = useNow(true);
  const elapsed = elapsedSeconds(operation, now);
  return (
    <div className="flex flex-col gap-1.5">
      <Progress label={operationTitle(operation)} fraction={fraction} />
      <div className="tabular flex gap-3 text-sm text-ink-soft">
        {fraction !== null && <span>{percent(fraction)}</span>}
        <span>{remainingWords(operation, now)}</span>
        <span className="ml-auto">{t("{time} so far", { time: seconds(Math.floor(elapsed)) })}</span>
      </div>
    </div>
  );
}
