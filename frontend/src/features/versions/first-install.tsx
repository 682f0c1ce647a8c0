import { Download } from "lucide-react";

import { LiveProgress } from "@/features/operations/live-progress";
import { operationTitle } from "@/features/operations/wording";
import { refreshReleases } from "@/state/changes";
import { followInstall, openInstall } from "@/state/install-dialog";
import { useAnswer } from "@/state/launcher";
import type { OperationSnapshot } from "@/transport/contract.generated";
import { Button } from "@/ui/button";
import { bytes, date } from "@/ui/format";
import { ErrorCard, Skeleton } from "@/ui/states";
import { t } from "@/words";

import { newestRelease } from "./releases";

export interface FirstInstallProps {
  readonly coming: OperationSnapshot | undefined;
  /** Shows what else there is. */
  readonly onOthers: () => void;
}

/** The newest release with its price; while it is installed, how far that is. */
export function FirstInstall({ coming, onOthers }: FirstInstallProps) {
  const releases = useAnswer("versions.releases", {});
  const newest = newestRelease(releases.data?.releases ?? []);
  if (coming) return <Coming operation={coming} />;
  const problem = releases.error ?? releases.data?.problem;
  if (!newest && problem) {
    return <ErrorCard className="mt-2" error={problem} title={t("The releases could not be asked for")} onRetry={() => void refreshReleases()} />;
  }
  return (
    <div className="flex flex-wrap items-center gap-x-5 gap-y-3">
      <div className="min-w-0 flex-1 basis-64">
        {newest ? (
          <p>
            <span className="tabular font-medium text-ink">{newest.tag}</span> {t("is the newest release")}
            {newest.published_at && t(", of {date}", { date: date(newest.published_at) })}.
          </p>
        ) : (
          <p role="status">{t("Asking the repository for the newest release…")}</p>
        )}
        <Price reference={newest?.tag} />
      </div>
      <div className="flex items-center gap-2">
        <Button kind="quiet" onClick={onOthers}>
          {t("Another release")}
        </Button>
        <Button size="large" kind="primary" disabled={!newest} icon={<Download aria-hidden />} onClick={() => openInstall(newest?.tag)}>
          {newest ? t("Install {reference}", { reference: newest.tag }) : t("Install")}
        </Button>
      </div>
    </div>
  );
}

function Price({ reference }: { readonly reference: string | undefined }) {
  const { data: plan } = useAnswer("versions.plan", { reference: reference ?? "" }, { enabled: reference !== undefined });
  if (!plan) return <Skeleton className="mt-1.5 w-52" />;
  return (
    <p className={plan.enough_room ? "tabular text-sm" : "tabular text-sm text-bad"}>
      {t("It takes about {needed} of the {free} that are free.", { needed: bytes(plan.needed_bytes), free: bytes(plan.free_bytes) })}
    </p>
  );
}

function Coming({ operation }: { readonly operation: OperationSnapshot }) {
  return (
    <div className="mt-2 flex flex-wrap items-end gap-x-5 gap-y-3">
      <div className="min-w-0 flex-1 basis-64">
        <p className="mb-2 font-medium text-ink">{operationTitle(operation)}</p>
        <LiveProgress operation={operation} />
      </div>
      <Button onClick={() => followInstall(operation.id)}>{t("Show the stages")}</Button>
    </div>
  );
}
