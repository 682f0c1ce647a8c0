import { CircleCheck, HardDrive, TriangleAlert, Wifi, WifiOff } from "lucide-react";
import type { ReactNode } from "react";

import type { InstallationPlan } from "@/transport/contract.generated";
import { classes } from "@/ui/classes";
import { bytes } from "@/ui/format";
import { Skeleton } from "@/ui/states";
import { t } from "@/words";

import { networkOf, priceOf } from "./price";

const BARS = { accent: "bg-accent", warn: "bg-warn", bad: "bg-bad" } as const;

/** What it takes of the disk and of the network, before anything is done. */
export function InstallPrice({ plan }: { readonly plan: InstallationPlan | undefined }) {
  if (!plan) return <Pending />;
  if (plan.already_installed) {
    return (
      <Line icon={<CircleCheck aria-hidden className="text-ok" />}>
        {t("{tag} is installed already.", { tag: plan.tag })}
      </Line>
    );
  }
  const { share, tone, words } = priceOf(plan);
  const network = networkOf(plan);
  return (
    <div className="flex flex-col gap-4 rounded-lg border bg-ground p-4">
      <div className="flex flex-col gap-2">
        <div className="tabular flex items-baseline gap-2">
          <HardDrive aria-hidden className="size-4 self-center text-ink-faint" />
          <span className="text-ink-soft">{t("about")}</span>
          <span className="text-xl font-semibold">{bytes(plan.needed_bytes)}</span>
          <span className="text-ink-soft">{t("of disk")}</span>
        </div>
        <div className="h-2 overflow-hidden rounded-full bg-hover" role="img" aria-label={t("Share of the free room")}>
          <div className={classes("h-full min-w-1 rounded-full", BARS[tone])} style={{ width: `${share * 100}%` }} />
        </div>
        <p className={classes("tabular text-sm", tone === "bad" ? "text-bad" : "text-ink-soft")}>{words}</p>
      </div>
      <Line icon={network.ok ? <Wifi aria-hidden className="text-ink-faint" /> : <WifiOff aria-hidden className="text-warn" />}>
        {network.words}
      </Line>
      {tone === "warn" && (
        <Line icon={<TriangleAlert aria-hidden className="text-warn" />}>{t("Most of what is free goes into it: little is left for models and outputs.")}</Line>
      )}
    </div>
  );
}

function Line({ icon, children }: { readonly icon: ReactNode; readonly children: ReactNode }) {
  return (
    <p className="flex gap-2 text-sm text-ink-soft [&_svg]:mt-0.5 [&_svg]:size-4 [&_svg]:shrink-0">
      {icon}
      <span>{children}</span>
    </p>
  );
}

function Pending() {
  return (
    <div role="status" aria-label={t("Looking what it needs")} className="flex flex-col gap-3 rounded-lg border bg-ground p-4">
      <Skeleton className="h-6 w-28" />
      <Skeleton className="h-2 w-full" />
      <Skeleton className="w-3/5" />
    </div>
  );
}
