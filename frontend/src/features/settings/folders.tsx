import { FolderOpen, FolderPlus, X } from "lucide-react";
import { type FormEvent, useState } from "react";

import { attempt } from "@/state/attempt";
import { useDroppedPaths } from "@/state/drop";
import { inWindow, invoke, useAnswer, useChange } from "@/state/launcher";
import { adoptModels } from "@/state/models";
import type { ModelFolder, SettingStatus } from "@/transport/contract.generated";
import { Button, IconButton } from "@/ui/button";
import { classes } from "@/ui/classes";
import { Input } from "@/ui/fields";
import { count } from "@/ui/format";
import { ErrorCard, SkeletonRows } from "@/ui/states";
import { Badge, Card, Code, Section } from "@/ui/surfaces";
import { t } from "@/words";

import { entryTitle } from "./catalogue";
import { ofExisting } from "./model-folders";

/** Where everything lives. It is moved by moving the folder: nothing in it names its own place. */
export function Root({ path }: { readonly path: string }) {
  return (
    <div className="flex items-center gap-4 border-b px-5 py-4">
      <div className="min-w-0 flex-1">
        <p className="font-medium">{t("Where everything lives")}</p>
        <Code>{path}</Code>
        <p className="mt-1 text-sm text-ink-soft">
          {t("Versions, models, outputs and settings. To have it elsewhere, start the launcher with COMFYUI_LAUNCHER_HOME.")}
        </p>
      </div>
      <Reveal path={path} />
    </div>
  );
}

/** The folders of models that every version reads in place. */
export function ModelFolders({ settings }: { readonly settings: readonly SettingStatus[] }) {
  const { data, error, refetch } = useAnswer("models.folders", {});
  const use = useChange("models.use");
  const over = useDroppedPaths((paths) => void adoptModels(paths));
  const existing = ofExisting(data?.folders ?? [], settings);
  return (
    <Section title={t("Folders of models")} actions={data && <Badge>{t("{count} models", { count: count(data.model_count) })}</Badge>}>
      <Card className={classes(over && "border-accent bg-accent-soft")}>
        {error && <ErrorCard error={error} onRetry={() => void refetch()} className="m-4" />}
        {!data && !error && <SkeletonRows count={2} />}
        {data?.folders.map((folder) => <FolderRow key={folder.path} folder={folder} existing={folder === existing} />)}
        <AddFolder busy={use.isPending} onAdd={(path) => use.mutate({ path })} />
        {use.error && <ErrorCard error={use.error} className="m-4 mt-0" />}
      </Card>
    </Section>
  );
}

interface FolderRowProps {
  readonly folder: ModelFolder;
  /** It is read because another setting names it: only there it can be taken out. */
  readonly existing: boolean;
}

function FolderRow({ folder, existing }: FolderRowProps) {
  const forget = useChange("models.forget");
  const kinds = Object.entries(folder.kinds).map(([kind, models]) => `${kind} ${count(models)}`);
  return (
    <div className="border-b px-5 py-3">
      <div className="flex items-center gap-3">
        <div className="min-w-0 flex-1">
          <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
            <Code>{folder.path}</Code>
            {existing && <Badge>{t("from “{setting}”", { setting: entryTitle("existing_comfyui") })}</Badge>}
            {folder.shared && <Badge tone="accent">{t("shared")}</Badge>}
            {!folder.exists && <Badge tone="warn">{t("not there now")}</Badge>}
          </div>
          <p className="tabular mt-0.5 text-sm text-ink-soft">{kinds.length > 0 ? kinds.join(" · ") : t("no models in it yet")}</p>
        </div>
        {folder.exists && <Reveal path={folder.path} />}
        {!folder.shared && !existing && (
          <IconButton label={t("No longer read this folder; its files stay")} onClick={() => forget.mutate({ path: folder.path })}>
            <X aria-hidden />
          </IconButton>
        )}
      </div>
      {forget.error && <ErrorCard error={forget.error} className="mt-3" />}
    </div>
  );
}

function AddFolder({ busy, onAdd }: { readonly busy: boolean; readonly onAdd: (path: string) => void }) {
  const [typed, setTyped] = useState("");
  const choose = async () => {
    const chosen = await attempt(invoke("window.choose_folder", {}));
    if (chosen && chosen.path !== null) onAdd(chosen.path);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (typed.trim()) onAdd(typed.trim());
    setTyped("");
  };
  if (inWindow()) {
    return (
      <div className="flex items-center gap-3 px-5 py-3">
        <p className="flex-1 text-sm text-ink-soft">{t("Drop a folder here, or choose one. Its files stay where they are.")}</p>
        <Button busy={busy} icon={<FolderPlus aria-hidden />} onClick={() => void choose()}>
          {t("Add a folder")}
        </Button>
      </div>
    );
  }
  return (
    <form onSubmit={submit} className="flex items-center gap-3 px-5 py-3">
      <Input mono aria-label={t("Folder of models to add")} placeholder="/data/models" value={typed} onChange={(event) => setTyped(event.target.value)} />
      <Button type="submit" busy={busy} icon={<FolderPlus aria-hidden />}>
        {t("Add the folder")}
      </Button>
    </form>
  );
}

function Reveal({ path }: { readonly path: string }) {
  if (!inWindow()) return null;
  return (
    <IconButton label={t("Show in the file manager")} onClick={() => void attempt(invoke("window.reveal", { path }))}>
      <FolderOpen aria-hidden />
    </IconButton>
  );
}
