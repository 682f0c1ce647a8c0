import { FileMinus, HardDrive, ShieldCheck, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";

import { bytes } from "@/ui/format";
import { Skeleton } from "@/ui/states";
import { t } from "@/words";

import { type DeletionPlan, filesWords, outsideWords, sharedWords, shareThatComesBack } from "./plan";

interface PlanViewProps {
  readonly plan: DeletionPlan | undefined;
  /** When it comes back: `at once`. */
  readonly when: string;
}

/** What deleting would do to the disk, looked at file by file; its shape while that is done. */
export function PlanView({ plan, when }: PlanViewProps) {
  if (!plan) return <Pending />;
  const outside = plan.outside_bytes > 0;
  return (
    <div className="flex flex-col gap-3 rounded-lg border bg-ground p-4">
      <div className="flex flex-col gap-2">
        <div className="tabular flex h-7 items-center gap-2">
          <HardDrive aria-hidden className="size-4 text-ink-faint" />
          <span className="text-xl font-semibold">{bytes(plan.frees_bytes)}</span>
          <span className="text-ink-soft">{when}</span>
        </div>
        <div className="h-2 overflow-hidden rounded-full bg-line-strong" role="img" aria-label={t("Share that comes back")}>
          <div className="h-full min-w-1 rounded-full bg-accent" style={{ width: `${shareThatComesBack(plan) * 100}%` }} />
        </div>
        <p className="tabular text-sm text-ink-soft">{sharedWords(plan)}</p>
      </div>
      <Line icon={<FileMinus aria-hidden className="text-ink-faint" />}>{filesWords(plan)}</Line>
      <Line icon={outside ? <TriangleAlert aria-hidden className="text-bad" /> : <ShieldCheck aria-hidden className="text-ok" />}>{outsideWords(plan)}</Line>
    </div>
  );
}

function Line({ icon, children }: { readonly icon: ReactNode; readonly children: ReactNode }) {
  return (
    <p className="tabular flex gap-2 text-sm text-ink-soft [&_svg]:mt-0.5 [&_svg]:size-4 [&_svg]:shrink-0">
      {icon}
      <span className="min-w-0">{children}</span>
    </p>
  );
}

// As high as what comes: nothing jumps.
function Pending() {
  return (
    <div role="status" aria-label={t("Looking at every file")} className="flex flex-col gap-3 rounded-lg border bg-ground p-4">
      <div className="flex flex-col gap-2">
        <Skeleton className="h-7 w-36" />
        <Skeleton className="h-2 w-full" />
        <Skeleton className="h-5 w-4/5" />
      </div>
      <Skeleton className="h-5 w-3/5" />
      <Skeleton className="h-5 w-1/2" />
    </div>
  );
}

/** Why it cannot be deleted now, with what to do about it. */
export function InTheWay({ plan: { in_the_way: obstacles } }: { readonly plan: DeletionPlan }) {
  if (obstacles.length === 0) return null;
  return (
    <div role="alert" className="flex gap-3 rounded-lg border border-warn/40 bg-warn-soft p-4">
      <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-warn" />
      <div className="min-w-0">
        <h3 className="font-semibold">{t("Something is in the way")}</h3>
        <ul className="break-words text-ink-soft">
          {obstacles.map((obstacle) => (
            <li key={obstacle}>{obstacle}</li>
          ))}
        </ul>
      </div>
    </div>
  );
}
