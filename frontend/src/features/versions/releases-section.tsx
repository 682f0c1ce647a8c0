import { CloudOff, GitBranch, RefreshCw, SearchX, TriangleAlert } from "lucide-react";
import { type RefObject, useDeferredValue, useMemo, useState } from "react";

import { refreshReleases } from "@/state/changes";
import { openInstall } from "@/state/install-dialog";
import { useAnswer } from "@/state/launcher";
import { useRunning } from "@/state/operations";
import type { ReleaseListing, VersionStatus } from "@/transport/contract.generated";
import { Button, IconButton } from "@/ui/button";
import { ago, count } from "@/ui/format";
import { Empty, ErrorCard, SkeletonRows } from "@/ui/states";
import { Badge, Card, Section } from "@/ui/surfaces";
import { t } from "@/words";

import { ReleaseFilter } from "./release-filter";
import { ReleaseList } from "./release-list";
import { newCount, type ReleaseRow, rowsOf } from "./releases";

const SHOWN_AT_FIRST = 8;

interface ReleasesProps {
  readonly versions: readonly VersionStatus[];
  readonly search: RefObject<HTMLInputElement | null>;
}

/** What can be installed: known at once, renewed in place. */
export function Releases({ versions, search }: ReleasesProps) {
  const { data, error, refetch } = useAnswer("versions.releases", {});
  const running = useRunning();
  const [words, setWords] = useState("");
  const [prereleases, setPrereleases] = useState(false);
  const deferred = useDeferredValue(words);
  const rows = useMemo(
    () => rowsOf(data?.releases ?? [], versions, running, { search: deferred, prereleases }),
    [data, versions, running, deferred, prereleases],
  );
  const fresh = newCount(rows);
  const refreshing = running.some(({ kind }) => kind === "versions.releases");
  return (
    <Section title={t("Releases")} actions={<Actions listing={data} refreshing={refreshing} fresh={versions.length > 0 ? fresh : 0} />}>
      {error && <ErrorCard error={error} onRetry={() => void refetch()} />}
      {data?.problem && <ErrorCard error={data.problem} title={t("The releases could not be asked for")} onRetry={() => void refreshReleases()} />}
      {data?.notes_problem && (
        <p className="flex items-start gap-2 text-sm text-ink-soft">
          <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-warn" />
          {t("Dates and notes are missing: {why}", { why: data.notes_problem })}
        </p>
      )}
      <Card className="@container overflow-hidden">
        {data && data.releases.length > 0 && (
          <ReleaseFilter
            search={search}
            words={words}
            onWords={setWords}
            prereleases={prereleases}
            onPrereleases={data.releases.some(({ prerelease }) => prerelease) ? setPrereleases : null}
          />
        )}
        <Body listing={data} refreshing={refreshing} rows={rows} searched={deferred !== ""} failed={error !== null} />
      </Card>
    </Section>
  );
}

interface ActionsProps {
  readonly listing: ReleaseListing | undefined;
  readonly refreshing: boolean;
  readonly fresh: number;
}

function Actions({ listing, refreshing, fresh }: ActionsProps) {
  return (
    <>
      {fresh > 0 && (
        <span className="hidden sm:inline-flex">
          <Badge tone="accent">{t("{count} new since yours", { count: count(fresh) })}</Badge>
        </span>
      )}
      <span role="status" className="hidden text-sm text-ink-faint sm:inline">
        {refreshing ? t("Asking the repository…") : listing?.fetched_at && t("as of {when}", { when: ago(listing.fetched_at) })}
      </span>
      <Button size="small" kind="quiet" icon={<GitBranch aria-hidden />} onClick={() => openInstall()}>
        {t("Branch or commit…")}
      </Button>
      <IconButton label={t("Look for new releases")} shortcut="r" disabled={refreshing} onClick={() => void refreshReleases()}>
        <RefreshCw aria-hidden className={refreshing ? "animate-spin" : ""} />
      </IconButton>
    </>
  );
}

interface BodyProps {
  readonly listing: ReleaseListing | undefined;
  readonly refreshing: boolean;
  readonly rows: readonly ReleaseRow[];
  readonly searched: boolean;
  readonly failed: boolean;
}

function Body({ listing, refreshing, rows, searched, failed }: BodyProps) {
  const [all, setAll] = useState(false);
  const nothingKnown = !listing || listing.releases.length === 0;
  if (nothingKnown && !failed && (!listing || refreshing || listing.refreshing)) return <SkeletonRows count={5} />;
  if (nothingKnown) {
    return (
      <Empty icon={<CloudOff aria-hidden />} title={t("No releases are known yet")} action={<Button onClick={() => void refreshReleases()}>{t("Ask the repository")}</Button>}>
        {t("They come from the repository, which did not answer so far. A branch or a commit that is on this machine can be installed all the same.")}
      </Empty>
    );
  }
  if (rows.length === 0) {
    return (
      <Empty icon={<SearchX aria-hidden />} title={t("No release like that")}>
        {t("The search looks at tags and notes. Branches and commits are installed by their name.")}
      </Empty>
    );
  }
  const shown = all || searched ? rows : rows.slice(0, SHOWN_AT_FIRST);
  return (
    <>
      <ReleaseList rows={shown} />
      {shown.length < rows.length && (
        <button type="button" onClick={() => setAll(true)} className="h-10 w-full border-t text-sm font-medium text-ink-soft outline-offset-[-2px] hover:bg-hover hover:text-ink">
          {t("Show all {count} releases", { count: count(rows.length) })}
        </button>
      )}
    </>
  );
}
