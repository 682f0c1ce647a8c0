import { Square, Trash2 } from "lucide-react";

import { keptWords } from "@/features/trash/plan";
import { InTheWay, PlanView } from "@/features/trash/plan-view";
import { stop } from "@/state/changes";
import { useAnswer } from "@/state/launcher";
import type { RemovalPlan, VersionStatus } from "@/transport/contract.generated";
import { ActButton } from "@/ui/act-button";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Notice } from "@/ui/notice";
import { PathValue } from "@/ui/path-value";
import { ErrorCard, Skeleton } from "@/ui/states";
import { t } from "@/words";

import { uninstall } from "./actions";
import { stopAsking, useRemoval } from "./removal";
import { useStanding } from "./use-versions";

/** What removing a version would do to the disk, before anything is done. */
export function UninstallDialog() {
  const tag = useRemoval((state) => state.tag);
  const version = useAnswer("versions.list", {}).data?.versions.find((one) => one.tag === tag);
  return version ? <Question key={version.tag} version={version} /> : null;
}

function Question({ version }: { readonly version: VersionStatus }) {
  const { tag, path } = version;
  const { data, error, refetch } = useAnswer("versions.plan_uninstall", { tag });
  const runs = useStanding(version).phase === "running";
  const go = () => {
    stopAsking();
    void uninstall(tag);
  };
  return (
    <Dialog
      open
      onClose={stopAsking}
      title={t("Move {tag} to the trash?", { tag })}
      description={t("Models, outputs and settings lie elsewhere and stay.")}
      actions={
        <>
          <Button autoFocus onClick={stopAsking}>
            {t("Keep it")}
          </Button>
          <Button kind="primary" icon={<Trash2 aria-hidden />} disabled={runs || (data?.in_the_way.length ?? 0) > 0} onClick={go}>
            {t("Move to the trash")}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        {runs && <Runs tag={tag} />}
        {data && <InTheWay plan={data} />}
        {error ? <ErrorCard error={error} title={t("It could not be looked at")} onRetry={() => void refetch()} /> : <PlanView plan={data} when={t("comes back, once it is deleted for good")} />}
        {!error && <Kept plan={data} />}
        <PathValue path={path} />
      </div>
    </Dialog>
  );
}

function Kept({ plan }: { readonly plan: RemovalPlan | undefined }) {
  if (!plan) return <Skeleton className="h-5 w-11/12" />;
  return (
    <p className="text-ink-soft">
      {t("It waits in the trash {how_long}, whole, and can be taken back. Until then its room stays taken.", { how_long: keptWords(plan.kept_days) })}
    </p>
  );
}

function Runs({ tag }: { readonly tag: string }) {
  return (
    <Notice
      title={t("{tag} is running", { tag })}
      action={
        <ActButton size="small" icon={<Square aria-hidden />} act={() => stop(tag)}>
          {t("Stop {tag}", { tag })}
        </ActButton>
      }
    >
      {t("Its files stay where they are while it runs. Stop it first.")}
    </Notice>
  );
}
