import { Download, Search } from "lucide-react";
import { useRef, useState } from "react";

import { HealthLine } from "@/features/health/health-line";
import { TrashLine } from "@/features/trash/trash-line";
import { useCommands } from "@/state/commands";
import { openInstall } from "@/state/install-dialog";
import { Screen } from "@/ui/screen";
import { useAnswer } from "@/state/launcher";
import { useRunning } from "@/state/operations";
import type { VersionList } from "@/transport/contract.generated";
import { Button } from "@/ui/button";
import { ErrorCard } from "@/ui/states";
import { t } from "@/words";

import { FirstRun } from "./first-run";
import { Hero } from "./hero";
import { HomeSkeleton } from "./home-skeleton";
import { Installed } from "./installed";
import { comingOf } from "./releases";
import { Releases } from "./releases-section";
import { mainVersion } from "./standing";

/** Can I create now? The version to work with, the others, and what else there is. */
export function Home() {
  const { data, error, refetch } = useAnswer("versions.list", {});
  const empty = data?.versions.length === 0;
  return (
    <Screen
      title={t("Home")}
      actions={
        data && !empty && (
          <Button icon={<Download aria-hidden />} onClick={() => openInstall()}>
            {t("Install another…")}
          </Button>
        )
      }
    >
      {error && <ErrorCard error={error} onRetry={() => void refetch()} />}
      {!data && !error && <HomeSkeleton />}
      {data && <Versions list={data} />}
    </Screen>
  );
}

function Versions({ list }: { readonly list: VersionList }) {
  const search = useRef<HTMLInputElement>(null);
  const coming = comingOf(useRunning(), list.versions);
  const main = mainVersion(list.versions, list.default);
  const [othersAsked, askOthers] = useState(false);
  useCommands([
    { id: "search-releases", title: t("Search the releases"), group: t("Versions"), shortcut: "/", icon: <Search />, run: () => search.current?.focus() },
  ]);
  return (
    <>
      <HealthLine besides={list.problems} />
      {main ? <Hero key={main.tag} version={main} /> : <FirstRun coming={coming[0]} onOthers={() => askOthers(true)} />}
      {main && <Installed versions={list.versions.filter((version) => version !== main)} coming={coming} />}
      <TrashLine />
      {(main || othersAsked) && <Releases versions={list.versions} search={search} />}
    </>
  );
}
