import { Cpu, Download, FolderPlus, HardDrive } from "lucide-react";
import { type ReactNode, useState } from "react";

import { reveal } from "@/state/changes";
import { useDroppedPaths } from "@/state/drop";
import { inWindow, useAnswer } from "@/state/launcher";
import { adoptModels } from "@/state/models";
import { Button } from "@/ui/button";
import { classes } from "@/ui/classes";
import { bytes, count } from "@/ui/format";
import { Prose } from "@/ui/prose";
import { Skeleton } from "@/ui/states";
import { Card, Code } from "@/ui/surfaces";
import { t } from "@/words";

import { FirstInstall, type FirstInstallProps } from "./first-install";
import { ModelsDialog } from "./models-dialog";

/** Home before there is a version: what this machine can do, and three choices at most. */
export function FirstRun(props: FirstInstallProps) {
  return (
    <div className="flex flex-col gap-5">
      <Welcome />
      <ol className="flex flex-col gap-3">
        <Place />
        <Models />
        <Step number={3} icon={<Download aria-hidden />} title={t("Install ComfyUI")} main>
          <FirstInstall {...props} />
        </Step>
      </ol>
    </div>
  );
}

function Welcome() {
  const { data } = useAnswer("system.hardware", {});
  return (
    <Card className="relative overflow-hidden">
      <div aria-hidden className="graph-paper absolute inset-0 [mask-image:linear-gradient(to_left,#000,transparent_75%)]" />
      <div className="relative flex flex-col gap-4 px-6 py-5 sm:flex-row sm:items-center sm:gap-6">
        <img src="/icon.svg" alt="" className="size-14 shrink-0" />
        <div className="min-w-0">
          <h2 className="text-2xl font-semibold tracking-tight">{t("Let's get ComfyUI running")}</h2>
          <div className="mt-1 flex min-h-6 items-start gap-2 text-ink-soft">
            <Cpu aria-hidden className="mt-1 size-4 shrink-0 text-ink-faint" />
            {data ? (
              <span>
                <Prose>{data.verdict}</Prose>
              </span>
            ) : (
              <Skeleton className="mt-1 w-72" />
            )}
          </div>
        </div>
      </div>
    </Card>
  );
}

interface StepProps {
  readonly number: number;
  readonly icon: ReactNode;
  readonly title: string;
  readonly children: ReactNode;
  readonly actions?: ReactNode;
  readonly main?: boolean;
  readonly hovered?: boolean;
}

function Step({ number, icon, title, children, actions, main, hovered }: StepProps) {
  return (
    <li
      className={classes(
        "flex flex-wrap items-center gap-x-5 gap-y-3 rounded-xl border bg-surface p-5",
        main && "border-accent/50",
        hovered && "border-accent bg-accent-soft",
      )}
    >
      <span
        aria-hidden
        className={classes(
          "flex size-10 shrink-0 items-center justify-center self-start rounded-lg [&_svg]:size-5",
          main ? "bg-accent-soft text-accent" : "bg-hover text-ink-soft",
        )}
      >
        {icon}
      </span>
      <div className="min-w-0 flex-1 basis-72">
        <h3 className="font-semibold">
          <span className="tabular mr-2 font-normal text-ink-faint">{number}</span>
          {title}
        </h3>
        <div className="mt-0.5 text-ink-soft">{children}</div>
      </div>
      {actions}
    </li>
  );
}

function Place() {
  const { data } = useAnswer("system.info", {});
  return (
    <Step
      number={1}
      icon={<HardDrive aria-hidden />}
      title={t("Everything lives in one folder")}
      actions={data && inWindow() && <Button onClick={() => void reveal(data.root)}>{t("Show it")}</Button>}
    >
      {data ? (
        <>
          <Code>{data.root}</Code>
          <span className="tabular"> · {t("{free} free", { free: bytes(data.free_bytes) })}</span>
          <p className="text-sm text-ink-faint">
            <Prose>{t("To have it elsewhere, close this and start the launcher with `COMFYUI_LAUNCHER_HOME` set to another folder.")}</Prose>
          </p>
        </>
      ) : (
        <Skeleton className="mt-1 w-64" />
      )}
    </Step>
  );
}

function Models() {
  const { data } = useAnswer("models.folders", {});
  const [open, setOpen] = useState(false);
  const over = useDroppedPaths((paths) => void adoptModels(paths));
  const found = data?.model_count ?? 0;
  return (
    <Step
      number={2}
      icon={<FolderPlus aria-hidden />}
      title={t("Do you have models already?")}
      hovered={over && !open}
      actions={<Button onClick={() => setOpen(true)}>{found > 0 ? t("Show the folders") : t("Use a folder…")}</Button>}
    >
      {found > 0 ? (
        <span className="text-ok">{found === 1 ? t("1 model is in reach. It is read in place.") : t("{count} models are in reach. They are read in place.", { count: count(found) })}</span>
      ) : (
        t("A ComfyUI that you have, or a folder of models, is read in place: nothing is copied. You can also do this later.")
      )}
      {inWindow() && found === 0 && <p className="text-sm text-ink-faint">{t("Or drop the folder onto this window.")}</p>}
      <ModelsDialog open={open} onClose={() => setOpen(false)} />
    </Step>
  );
}
