import { Boxes } from "lucide-react";

import { Screen } from "@/ui/screen";
import { StateBadge } from "@/features/versions/state-badge";
import { useStanding } from "@/features/versions/use-versions";
import { useAnswer } from "@/state/launcher";
import { go, toAddress } from "@/state/route";
import type { VersionStatus } from "@/transport/contract.generated";
import { Empty, ErrorCard, SkeletonRows } from "@/ui/states";
import { Badge } from "@/ui/surfaces";
import { Tab, Tabs } from "@/ui/tabs";
import { t } from "@/words";

import { Environment } from "./environment";
import { InstanceActions } from "./instance-actions";
import { Log } from "./log";
import { Overview } from "./overview";

const TABS = [
  { value: "overview", label: t("Overview") },
  { value: "log", label: t("Log") },
  { value: "environment", label: t("Environment") },
] as const;

interface InstanceProps {
  readonly tag: string;
  readonly part: string;
}

/** One installed version: what it does, what it says, what it is made of. */
export function Instance({ tag, part }: InstanceProps) {
  const { data, error, isPending, refetch } = useAnswer("versions.list", {});
  const version = data?.versions.find((one) => one.tag === tag);
  if (version) return <Installed version={version} part={part} />;
  return (
    <Screen title={tag}>
      {isPending && <SkeletonRows count={6} />}
      {error && !data && <ErrorCard error={error} onRetry={() => void refetch()} />}
      {data && <NotInstalled tag={tag} />}
    </Screen>
  );
}

interface InstalledProps {
  readonly version: VersionStatus;
  readonly part: string;
}

function Installed({ version, part }: InstalledProps) {
  const { phase, operation, trouble } = useStanding(version);
  const shown = TABS.some(({ value }) => value === part) ? part : "overview";
  return (
    <Screen
      filling
      title={version.tag}
      aside={
        <>
          <StateBadge phase={phase} />
          {version.is_active && <Badge tone="accent">{t("Active")}</Badge>}
        </>
      }
      actions={<InstanceActions version={version} phase={phase} operation={operation} />}
    >
      <Tabs
        inset
        label={t("About {tag}", { tag: version.tag })}
        value={shown}
        onChange={(next) => go({ place: "version", subject: version.tag, part: next })}
        tabs={TABS}
      >
        <Tab value="overview">
          <Overview version={version} operation={operation} trouble={trouble} />
        </Tab>
        <Tab value="log">
          <Log version={version} />
        </Tab>
        <Tab value="environment">
          <Environment tag={version.tag} />
        </Tab>
      </Tabs>
    </Screen>
  );
}

function NotInstalled({ tag }: { readonly tag: string }) {
  return (
    <Empty
      icon={<Boxes aria-hidden />}
      title={t("{tag} is not installed", { tag })}
      action={
        <a
          href={toAddress({ place: "home" })}
          className="flex h-8 items-center rounded-md bg-accent px-3 font-medium text-accent-ink hover:bg-accent-hover"
        >
          {t("See what is installed")}
        </a>
      }
    >
      {t("It may have been moved to the trash, or it still has to be installed.")}
    </Empty>
  );
}
