import { Info } from "lucide-react";

import { FilesSection } from "@/features/health/files-section";
import { attempt } from "@/state/attempt";
import { invoke, useAnswer } from "@/state/launcher";
import type { Hardware, SystemInfo } from "@/transport/contract.generated";
import { CopyButton } from "@/ui/copy";
import { bytes, memory } from "@/ui/format";
import { Screen } from "@/ui/screen";
import { Notice } from "@/ui/notice";
import { Prose } from "@/ui/prose";
import { ErrorCard, Skeleton, SkeletonRows } from "@/ui/states";
import { Card, Code, Facts, Section } from "@/ui/surfaces";
import { t } from "@/words";

/** What this is, what it has to work with, and a report for someone who helps. */
export function About({ part }: { readonly part?: string }) {
  const info = useAnswer("system.info", {});
  const hardware = useAnswer("system.hardware", {});
  const report = useAnswer("system.diagnostics", {}, { refetchOnMount: "always" });
  return (
    <Screen title={t("About")} actions={<CopyReport />}>
      <div className="flex items-center gap-5">
        <img src="/icon.svg" alt="" className="size-16" />
        <div>
          <p className="text-2xl font-semibold">ComfyUI Launcher</p>
          <p className="tabular text-ink-soft">{info.data ? t("Version {version}", { version: info.data.launcher }) : <Skeleton className="w-24" />}</p>
        </div>
      </div>
      {info.error && <ErrorCard error={info.error} onRetry={() => void info.refetch()} />}
      {info.data?.notices.map((notice) => (
        <Notice key={notice} calm icon={<Info />}>
          <Prose>{notice}</Prose>
        </Notice>
      ))}
      <div className="grid gap-8 lg:grid-cols-2">
        <Section title={t("This machine")}>
          {hardware.error ? <ErrorCard error={hardware.error} onRetry={() => void hardware.refetch()} /> : <Card className="p-5">{hardware.data ? <Machine of={hardware.data} /> : <SkeletonRows />}</Card>}
        </Section>
        <Section title={t("The launcher")}>
          <Card className="p-5">{info.data ? <Launcher of={info.data} /> : <SkeletonRows />}</Card>
        </Section>
      </div>
      <FilesSection named={part === "files"} drawn={[info, hardware, report].filter((one) => one.data).length} />
      <Report asked={report} />
    </Screen>
  );
}

function Machine({ of }: { readonly of: Hardware }) {
  const cards = of.gpus.map((gpu) => (gpu.memory_bytes === null ? gpu.name : `${gpu.name}, ${memory(gpu.memory_bytes)}`));
  return (
    <div className="flex flex-col gap-4">
      <p>{of.verdict}</p>
      <Facts
        of={[
          [t("Graphics"), cards.length > 0 ? cards.join(" · ") : t("none that torch can use")],
          [t("Processor"), t("{name}, {count} cores", { name: of.processor, count: of.core_count })],
          [t("Memory"), memory(of.memory_bytes)],
          [t("Build of torch"), of.torch_backend],
        ]}
      />
    </div>
  );
}

function Launcher({ of }: { readonly of: SystemInfo }) {
  return (
    <Facts
      of={[
        [t("Folder"), <Code key="root">{of.root}</Code>],
        [t("Free room"), bytes(of.free_bytes)],
        [t("System"), of.platform],
        ["Python", of.python],
        ["git", of.git ?? t("missing")],
        ["uv", of.uv ?? t("missing")],
      ]}
    />
  );
}

function Report({ asked: { data, error, refetch } }: { readonly asked: ReturnType<typeof useAnswer<"system.diagnostics">> }) {
  return (
    <Section title={t("Report")} actions={<p className="text-sm text-ink-soft">{t("Without tokens, names and your home folder.")}</p>}>
      <Card>
        {error && <ErrorCard error={error} onRetry={() => void refetch()} className="m-4" />}
        {!data && !error && <SkeletonRows count={6} />}
        {data && (
          // A region that scrolls has to be reachable by keyboard.
          // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
          <pre tabIndex={0} aria-label={t("Report")} className="max-h-96 overflow-auto p-5 font-mono text-xs leading-5 whitespace-pre-wrap text-ink-soft">
            {data.text}
          </pre>
        )}
      </Card>
    </Section>
  );
}

/** Made anew at the moment it is copied. */
function CopyReport() {
  const text = async () => (await attempt(invoke("system.diagnostics", {})))?.text ?? null;
  return <CopyButton text={text} label={t("Copy the report")} kind="primary" />;
}
