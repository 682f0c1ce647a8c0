import type { ReactNode } from "react";

import { useAnswer } from "@/state/launcher";
import { go, toAddress } from "@/state/route";
import type { SettingsList } from "@/transport/contract.generated";
import { classes } from "@/ui/classes";
import { Screen } from "@/ui/screen";
import { Notice } from "@/ui/notice";
import { ErrorCard, SkeletonRows } from "@/ui/states";
import { Card, Section } from "@/ui/surfaces";
import { t } from "@/words";

import { ENTRIES, type SectionName, SECTIONS } from "./catalogue";
import { ModelFolders, Root } from "./folders";
import { SettingRow } from "./setting-row";
import { MenuEntry } from "./shortcut";
import { Tokens } from "./tokens";

export function Settings({ section }: { readonly section?: string }) {
  const chosen = SECTIONS.find((one) => one.name === section)?.name ?? "general";
  return (
    <Screen title={t("Settings")} filling>
      <div className="flex min-h-0 flex-1 flex-col md:flex-row">
        <SectionList chosen={chosen} />
        <div className="min-h-0 flex-1 overflow-y-auto">
          <div className="flex max-w-3xl flex-col gap-8 p-6 pb-24">
            <Chosen section={chosen} />
          </div>
        </div>
      </div>
    </Screen>
  );
}

function SectionList({ chosen }: { readonly chosen: SectionName }) {
  return (
    <nav aria-label={t("Sections of the settings")} className="shrink-0 border-b p-3 md:w-52 md:border-r md:border-b-0">
      <ul className="flex flex-wrap gap-0.5 md:flex-col">
        {SECTIONS.map(({ name, title }) => (
          <li key={name}>
            <button
              type="button"
              aria-current={name === chosen ? "page" : undefined}
              onClick={() => go({ place: "settings", part: name })}
              className={classes(
                "h-8 w-full rounded-md px-2.5 text-left",
                name === chosen ? "bg-hover font-medium text-ink" : "text-ink-soft hover:bg-hover hover:text-ink",
              )}
            >
              {title}
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Chosen({ section }: { readonly section: SectionName }) {
  const { data, error, refetch } = useAnswer("settings.list", {});
  const title = SECTIONS.find((one) => one.name === section)?.title ?? "";
  if (error) return <ErrorCard error={error} title={t("The settings could not be read")} onRetry={() => void refetch()} />;
  if (!data) return <Card><SkeletonRows count={6} /></Card>;
  return (
    <>
      {data.problem && <Notice urgent>{data.problem}</Notice>}
      <Section title={title}>
        <Card>
          {SPECIAL[section]?.first?.(data)}
          {ENTRIES[section].map((entry) => {
            const setting = data.settings.find((one) => one.name === entry.name);
            return setting && <SettingRow key={entry.name} entry={entry} setting={setting} />;
          })}
        </Card>
      </Section>
      {SPECIAL[section]?.after?.(data)}
    </>
  );
}

function ToTheTrash() {
  return (
    <a href={toAddress({ place: "trash" })} className="flex h-8 w-fit items-center rounded-md border border-line-strong bg-raised px-3 font-medium hover:bg-hover">
      {t("Open the trash")}
    </a>
  );
}

interface Extras {
  readonly first?: (settings: SettingsList) => ReactNode;
  readonly after?: (settings: SettingsList) => ReactNode;
}

const SPECIAL: Partial<Record<SectionName, Extras>> = {
  general: { after: () => <MenuEntry /> },
  folders: { first: (settings) => <Root path={settings.root} />, after: ({ settings }) => <ModelFolders settings={settings} /> },
  disk: { after: () => <ToTheTrash /> },
  tokens: { first: (settings) => <Tokens secrets={settings.secrets} /> },
};
