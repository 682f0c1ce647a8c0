/** What can be installed, sorted out for someone who has some of it already. */

import type { OperationSnapshot, Release, VersionStatus } from "@/transport/contract.generated";
import { t } from "@/words";

export interface ReleaseRow {
  readonly release: Release;
  readonly installed: boolean;
  /** What installs it now. */
  readonly operation: OperationSnapshot | null;
  /** Came out after the newest that is installed here. */
  readonly isNew: boolean;
  /** `2 weeks newer`, where both dates are known and it is. */
  readonly newerBy: string | null;
}

export interface Wanted {
  readonly search: string;
  readonly prereleases: boolean;
}

/** The releases that are looked for, in their order: the newest first. */
export function rowsOf(
  releases: readonly Release[],
  versions: readonly VersionStatus[],
  running: readonly OperationSnapshot[],
  { search, prereleases }: Wanted,
): readonly ReleaseRow[] {
  const installed = new Set(versions.map(({ tag }) => tag));
  const first = releases.findIndex(({ tag }) => installed.has(tag));
  const mine = newestDate(versions);
  const installs = running.filter(({ kind }) => kind === "versions.install");
  return releases.flatMap((release, index) => {
    if (!isWanted(release, search, prereleases || installed.has(release.tag))) return [];
    const isNew = first >= 0 ? index < first : isAfter(release, mine);
    return {
      release,
      installed: installed.has(release.tag),
      operation: installs.find(({ subject }) => subject === release.tag) ?? null,
      isNew,
      newerBy: isNew && mine && release.published_at ? newerWords(mine, release.published_at) : null,
    };
  });
}

function isWanted({ tag, prerelease, notes }: Release, search: string, prereleases: boolean): boolean {
  if (prerelease && !prereleases) return false;
  const words = search.trim().toLowerCase();
  return tag.toLowerCase().includes(words) || (words.length > 2 && (notes ?? "").toLowerCase().includes(words));
}

function newestDate(versions: readonly VersionStatus[]): string | null {
  const dates = versions.map((version) => version.released_at).sort((a, b) => Date.parse(a) - Date.parse(b));
  return dates.at(-1) ?? null;
}

function isAfter({ published_at: at }: Release, mine: string | null): boolean {
  return mine !== null && at !== null && Date.parse(at) > Date.parse(mine);
}

const DAY_MS = 86_400_000;

/** How much younger the second date is: in days, then weeks, then months. */
export function newerWords(mine: string, theirs: string): string | null {
  const days = Math.round((Date.parse(theirs) - Date.parse(mine)) / DAY_MS);
  if (!(days > 0)) return null;
  if (days === 1) return t("1 day newer");
  if (days < 14) return t("{count} days newer", { count: days });
  if (days < 61) return t("{count} weeks newer", { count: Math.round(days / 7) });
  return t("{count} months newer", { count: Math.round(days / 30.4) });
}

/** The release to recommend: the newest that is none of the early ones. */
export function newestRelease(releases: readonly Release[]): Release | undefined {
  return releases.find(({ prerelease }) => !prerelease) ?? releases[0];
}

/** How many came out since the newest that is installed. */
export function newCount(rows: readonly ReleaseRow[]): number {
  return rows.filter(({ isNew, release }) => isNew && !release.prerelease).length;
}

/** Installations under way of what is not listed as installed yet. */
export function comingOf(
  running: readonly OperationSnapshot[],
  versions: readonly VersionStatus[],
): readonly OperationSnapshot[] {
  return running.filter(
    ({ kind, subject }) => kind === "versions.install" && !versions.some(({ tag }) => tag === subject),
  );
}
