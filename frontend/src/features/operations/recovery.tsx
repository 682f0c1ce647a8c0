import { CircleCheck, TriangleAlert, Undo2 } from "lucide-react";
import type { ReactNode } from "react";

import type { OperationSnapshot, Recovery } from "@/transport/contract.generated";
import { Prose } from "@/ui/prose";
import type { Tone } from "@/ui/surfaces";
import { t } from "@/words";

interface RecoveryLook {
  readonly title: string;
  /** In a word or two, beside the state. */
  readonly words: string;
  readonly tone: Tone;
  readonly icon: ReactNode;
}

const LOOKS: Readonly<Record<Recovery["outcome"], RecoveryLook>> = {
  finished: {
    title: t("It was finished at the next start"),
    words: t("Then finished"),
    tone: "ok",
    icon: <CircleCheck aria-hidden className="text-ok" />,
  },
  undone: {
    title: t("Everything is as it was before"),
    words: t("Undone"),
    tone: "plain",
    icon: <Undo2 aria-hidden className="text-ink-faint" />,
  },
  left: {
    title: t("It was left as it was found"),
    words: t("Something is left"),
    tone: "warn",
    icon: <TriangleAlert aria-hidden className="text-warn" />,
  },
};

/** What became of what an interrupted operation left; null while that is not settled. */
export function recoveryLook({ state, recovery }: Pick<OperationSnapshot, "state" | "recovery">): RecoveryLook | null {
  if (state !== "interrupted" || recovery === null) return null;
  // In the launcher's own word where this page does not know it.
  const { outcome } = recovery;
  return Object.hasOwn(LOOKS, outcome) ? LOOKS[outcome] : { ...LOOKS.left, title: String(outcome), words: String(outcome) };
}

interface RecoveryCardProps {
  readonly operation: OperationSnapshot;
  /** What can be done now. */
  readonly action?: ReactNode;
}

/** The launcher ended in the middle: what became of it, and the way to ask for it again. */
export function RecoveryCard({ operation, action }: RecoveryCardProps) {
  const look = recoveryLook(operation);
  if (!look || !operation.recovery) return null;
  return (
    <div role="note" className="flex gap-3 rounded-lg border border-line-strong bg-surface p-4">
      <span className="mt-0.5 shrink-0 [&_svg]:size-4">{look.icon}</span>
      <div className="flex min-w-0 flex-1 flex-col gap-1">
        <h3 className="font-semibold">{look.title}</h3>
        <p className="break-words text-ink-soft">
          {t("The launcher ended while this ran.")} <Prose>{operation.recovery.words}</Prose>
        </p>
        {action && <div className="mt-2 flex flex-wrap gap-2">{action}</div>}
      </div>
    </div>
  );
}
