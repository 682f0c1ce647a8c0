import { ChevronLeft, ListChecks } from "lucide-react";
import { useMemo, useState } from "react";

import { Screen } from "@/ui/screen";
import { useAnswer } from "@/state/launcher";
import { go, goInstead, toAddress } from "@/state/route";
import type { OperationSnapshot } from "@/transport/contract.generated";
import { Button } from "@/ui/button";
import { classes } from "@/ui/classes";
import { Choice } from "@/ui/fields";
import { count } from "@/ui/format";
import { Notice } from "@/ui/notice";
import { Empty, ErrorCard, SkeletonRows } from "@/ui/states";
import { Badge } from "@/ui/surfaces";
import { useMedia } from "@/ui/use-media";
import { t } from "@/words";

import { JobDetail } from "./job-detail";
import { JobRows } from "./job-rows";
import { inOrder, type JobFilter, passes } from "./jobs-list";

const FILTERS: readonly { readonly value: JobFilter; readonly label: string }[] = [
  { value: "all", label: t("All") },
  { value: "running", label: t("Running") },
  { value: "done", label: t("Done") },
  { value: "failed", label: t("Failed") },
];

// Below this, at 200 % zoom for one, the list and a job stand one at a time.
const SIDE_BY_SIDE = "(min-width: 800px)";

/** Everything that takes time: what runs, what ran, and what became of it. */
export function Jobs({ selected }: { readonly selected?: string }) {
  const answer = useAnswer("operations.list", {});
  const all = useMemo(() => inOrder(answer.data?.operations ?? []), [answer.data]);
  return (
    <Screen filling title={t("Jobs")} aside={all.length > 0 && <Badge>{count(all.length)}</Badge>}>
      {answer.isPending && <SkeletonRows count={6} />}
      {answer.error && !answer.data && (
        <div className="p-6">
          <ErrorCard error={answer.error} onRetry={() => void answer.refetch()} />
        </div>
      )}
      {answer.data && answer.data.problems.length > 0 && (
        <div className="shrink-0 border-b p-3">
          <Unreadable records={answer.data.problems.length} />
        </div>
      )}
      {answer.data && all.length === 0 && <NothingYet />}
      {all.length > 0 && <ListAndDetail all={all} selected={selected} />}
    </Screen>
  );
}

/** One line: the page about the launcher's files says which, why, and what to do. */
function Unreadable({ records }: { readonly records: number }) {
  return (
    <Notice
      className="items-center py-2"
      action={
        <Button size="small" onClick={() => go({ place: "about", part: "files" })}>
          {t("Show")}
        </Button>
      }
    >
      {records === 1
        ? t("The record of a job cannot be read: it is missing here, and stays on the disk.")
        : t("The records of {count} jobs cannot be read: they are missing here, and stay on the disk.", { count: count(records) })}
    </Notice>
  );
}

interface ListAndDetailProps {
  readonly all: readonly OperationSnapshot[];
  readonly selected: string | undefined;
}

function ListAndDetail({ all, selected }: ListAndDetailProps) {
  const [filter, setFilter] = useState<JobFilter>("all");
  const wide = useMedia(SIDE_BY_SIDE);
  const shown = all.filter((one) => passes(one, filter));
  const chosen = all.find((one) => one.id === selected) ?? (selected || !wide ? undefined : shown[0]);
  return (
    <div className="flex min-h-0 flex-1">
      {(wide || !selected) && (
        <aside aria-label={t("All jobs")} className={classes("flex flex-col", wide ? "w-80 shrink-0 border-r" : "min-w-0 flex-1")}>
          <div className="p-3">
            <Choice label={t("Show")} value={filter} onChange={setFilter} options={FILTERS} />
          </div>
          {/* What an arrow key passes by is no place to come back to. */}
          <JobRows operations={shown} chosen={chosen?.id} {...(wide ? { onPass: (id) => goInstead({ place: "jobs", part: id }) } : {})} />
        </aside>
      )}
      {(wide || selected) && (
        <div className="flex min-w-0 flex-1 flex-col">
          {!wide && <ToTheList />}
          {chosen ? <JobDetail key={chosen.id} operation={chosen} /> : <NotThere />}
        </div>
      )}
    </div>
  );
}

function ToTheList() {
  return (
    <a href={toAddress({ place: "jobs" })} className="flex h-9 shrink-0 items-center gap-1 border-b px-4 text-sm text-ink-soft hover:text-ink">
      <ChevronLeft aria-hidden className="size-4" />
      {t("All jobs")}
    </a>
  );
}

function NothingYet() {
  return (
    <Empty icon={<ListChecks aria-hidden />} title={t("Nothing has run yet")}>
      {t("Whatever takes time stands here: installations, starts, and what became of them.")}
    </Empty>
  );
}

function NotThere() {
  return (
    <div className="flex-1">
      <Empty icon={<ListChecks aria-hidden />} title={t("This job is not on record")}>
        {t("The launcher keeps the newest ones. Choose another one from the list.")}
      </Empty>
    </div>
  );
}
