import type { VersionStatus } from "@/transport/contract.generated";
import { Badge, Card } from "@/ui/surfaces";
import { t } from "@/words";

import { HeroButtons } from "./hero-buttons";
import { HeroFacts } from "./hero-facts";
import { HeroState } from "./hero-state";
import { NoModels } from "./no-models";
import { StateBadge } from "./state-badge";
import { TroubleCard } from "./trouble-card";
import { useStanding } from "./use-versions";

/** The version to work with, large: what it does, and the one thing to do next. */
export function Hero({ version }: { readonly version: VersionStatus }) {
  const standing = useStanding(version);
  return (
    <Card aria-label={t("The version to work with")} className="@container relative overflow-hidden">
      <div aria-hidden className="graph-paper absolute inset-0 [mask-image:linear-gradient(to_left,#000,transparent_70%)]" />
      <div className="relative flex flex-wrap items-start gap-x-6 gap-y-4 px-6 pt-6 pb-5">
        <div className="min-w-0 flex-1 basis-72">
          <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <h2 className="text-2xl font-semibold tracking-tight break-all">
              <span className="sr-only">ComfyUI </span>
              {version.tag}
            </h2>
            <StateBadge phase={standing.phase} />
            {version.is_default && <Badge>{t("Default")}</Badge>}
          </div>
          <HeroState version={version} standing={standing} />
        </div>
        <HeroButtons version={version} phase={standing.phase} />
      </div>
      {standing.trouble && <TroubleCard version={version} trouble={standing.trouble} />}
      <NoModels />
      <HeroFacts version={version} />
    </Card>
  );
}
