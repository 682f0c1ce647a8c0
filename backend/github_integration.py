"""What can be installed: tags from git, dates and notes from GitHub, kept for an hour.

Tags come by `git ls-remote`, which costs no API budget and works with any repository. GitHub is
only asked for release notes; where it refuses, the versions are listed without them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, Protocol
from urllib.parse import urlsplit

from packaging.version import InvalidVersion, Version
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from backend.config import AppConfig, Settings
from backend.exceptions import (
    ComfyUILauncherError,
    GitHubLimitReached,
    HttpFailed,
    NetworkError,
    OperationCancelled,
    UnexpectedAnswer,
)
from backend.file_utils import Absent, Corrupt, atomic_write_json, read_json
from backend.logging_config import get_logger
from backend.platform.git import RemoteReferences
from backend.platform.http import Answer

PAGE_SIZE: Final = 100
MAX_PAGES: Final = 10
RETRY_SECONDS: Final = 60
_log = get_logger(__name__)


class Release(BaseModel):
    """A version that the repository offers. Dates and notes are known where GitHub told them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tag: str
    commit: str
    prerelease: bool = False
    published_at: datetime | None = None
    notes: str | None = None
    page: str | None = None


class ReleaseList(BaseModel):
    """`metadata/github_cache.json`: what was last known. Ages in seconds."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True
    )

    schema_version: Literal[1] = Field(1, alias="schema")
    repository: str
    fetched_at: AwareDatetime
    releases: tuple[Release, ...]
    branches: dict[str, str] = Field(default_factory=dict)
    etag: str | None = None
    notes_problem: str | None = None

    def age_seconds(self, now: datetime) -> float:
        return (now - self.fetched_at).total_seconds()

    def is_stale(self, now: datetime) -> bool:
        # A time in the future is one of a wrong clock: it says nothing about freshness.
        return not 0 <= self.age_seconds(now) <= AppConfig.RELEASES_FRESH_SECONDS


class ReferenceSource(Protocol):
    """Where tags come from."""

    @property
    def url(self) -> str: ...

    def remote_references(self, check: Callable[[], None] | None = None) -> RemoteReferences: ...


class JsonGetter(Protocol):
    """Where notes come from."""

    def get_json(
        self,
        url: str,
        *,
        headers: dict[str, str],
        credentials: dict[str, str],
        accept_statuses: tuple[int, ...],
        check: Callable[[], None],
    ) -> Answer: ...


class RefreshProgress(Protocol):
    """Who is told how a refresh goes, and may end it by raising."""

    def step(self, name: str) -> AbstractContextManager[None]: ...

    def advance(self, *, detail: str) -> None: ...

    def check(self) -> None: ...


class NobodyWatches:
    """The progress of a refresh that is not told to anyone."""

    def step(self, _name: str) -> AbstractContextManager[None]:
        return nullcontext()

    def advance(self, *, detail: str) -> None:
        """Nobody wants to know."""

    def check(self) -> None:
        """Nobody ends it."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A refresh without an answer. `error` None: it was cancelled, or is still at work."""

    at: datetime
    repository: str
    error: ComfyUILauncherError | None


class GitHubReleasesFetcher:
    """The list of releases: from the cache at once, from the network when it is time."""

    def __init__(
        self,
        cache_file: Path,
        source: ReferenceSource,
        http: Callable[[], JsonGetter],
        *,
        settings: Callable[[], Settings],
        token: Callable[[], str | None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._cache_file = cache_file
        self._source = source
        self._http = http
        self._settings = settings
        self._token = token
        self._now = now
        self._lock = threading.Lock()
        self._attempt: _Attempt | None = None

    @property
    def repository(self) -> str:
        """Where the releases come from at present."""
        return self._source.url

    def cached(self) -> ReleaseList | None:
        """What was last known of the present repository, whatever its age; None if nothing."""
        result = read_json(self._cache_file, ReleaseList)
        if isinstance(result, Absent):
            return None
        if isinstance(result, Corrupt):  # only a cache: what it held is fetched again
            _log.warning("%s is damaged (%s) and is fetched anew", result.path, result.reason)
            known = result.previous
        else:
            known = result.value
        return known if known is not None and known.repository == self._source.url else None

    def is_stale(self, known: ReleaseList) -> bool:
        return known.is_stale(self._now())

    def failed_lately(self) -> bool:
        """Whether the last refresh got no answer less than a minute ago: asking again is noise."""
        last = self._unanswered()
        return last is not None and (self._now() - last.at).total_seconds() < RETRY_SECONDS

    def problem(self) -> ComfyUILauncherError | None:
        """Why the last refresh failed; None when it did not, or something newer is known."""
        last = self._unanswered()
        return last.error if last is not None else None

    def _unanswered(self) -> _Attempt | None:
        """The last try without an answer from the present repository. An answer of another
        process, which the file tells of, counts too."""
        last = self._attempt
        if last is None or last.repository != self._source.url:
            return None
        known = self.cached()
        return None if known is not None and known.fetched_at > last.at else last

    def refresh(self, progress: RefreshProgress | None = None) -> ReleaseList:
        """Asks the repository, and GitHub for the notes; keeps and returns the answer.

        Who waited for another's refresh gets its answer, or its failure.
        Raises: RepositoryUnreachable, ToolMissing, DiskFull, NotWritable, and what `progress`
        raises. Trouble with GitHub alone is told in `notes_problem`.
        """
        asked = self._now()
        with self._lock:
            known = self.cached()
            if known is not None and known.fetched_at > asked:
                return known
            last = self._attempt
            if last is not None and last.at > asked and last.error is not None:
                raise last.error
            # It stands until there is an answer: what no one foresaw is not tried again at once.
            self._attempt = _Attempt(asked, self._source.url, None)
            try:
                releases = self._fetch(known, progress or NobodyWatches())
            except ComfyUILauncherError as error:
                reason = None if isinstance(error, OperationCancelled) else error
                self._attempt = _Attempt(self._now(), self._source.url, reason)
                raise
            self._attempt = None
        return releases

    def _fetch(self, known: ReleaseList | None, progress: RefreshProgress) -> ReleaseList:
        with progress.step("refresh"):
            references = self._source.remote_references(progress.check)
        with progress.step("notes"):
            notes, etag, problem = self._notes(known, progress)
            progress.check()
            releases = ReleaseList(
                repository=self._source.url,
                fetched_at=self._now(),
                releases=_merge(references.tags, notes),
                branches=references.branches,
                etag=etag,
                notes_problem=problem,
            )
            atomic_write_json(self._cache_file, releases)
        return releases

    def _notes(
        self, known: ReleaseList | None, progress: RefreshProgress
    ) -> tuple[dict[str, Release], str | None, str | None]:
        """Notes by tag, the ETag to ask with next time, and what went wrong if something did."""
        old = {release.tag: release for release in known.releases} if known else {}
        etag = known.etag if known else None
        if not self._is_on_github():
            return old, None, None
        try:
            return self._ask_github(old, etag, progress)
        except NetworkError as error:
            _log.warning("no release notes: %s", error)
            return old, etag, f"{error.message} {error.hint}"

    def _is_on_github(self) -> bool:
        """Another host or a local mirror has no notes there, unless an API address is set."""
        settings = self._settings()
        named = settings.github_api != AppConfig.GITHUB_API_BASE
        return named or (urlsplit(self._source.url).hostname or "") == "github.com"

    def _ask_github(
        self, old: dict[str, Release], etag: str | None, progress: RefreshProgress
    ) -> tuple[dict[str, Release], str | None, str | None]:
        notes: dict[str, Release] = {}
        first_etag = None
        for page in range(1, MAX_PAGES + 1):
            progress.advance(detail=f"page {page}")
            answer = self._page(page, etag if page == 1 else None, progress.check)
            if answer.status == 304:
                return old, etag, None
            entries = _entries(answer, self._api_host())
            notes |= {entry.tag: entry for entry in entries}
            first_etag = answer.headers.get("etag") if page == 1 else first_etag
            if len(entries) < PAGE_SIZE:
                break
        return notes, first_etag, None

    def _page(self, page: int, etag: str | None, check: Callable[[], None]) -> Answer:
        settings = self._settings()
        token = self._token()
        base = settings.github_api.rstrip("/")
        url = f"{base}/repos/{settings.github_repo}/releases?per_page={PAGE_SIZE}&page={page}"
        answer = self._http().get_json(
            url,
            headers={
                "Accept": "application/vnd.github+json",
                **({"If-None-Match": etag} if etag else {}),
            },
            credentials={"Authorization": f"Bearer {token}"} if token else {},
            accept_statuses=(200, 304, 403, 429),
            check=check,
        )
        if answer.status in {403, 429}:
            raise self._refusal(answer)
        return answer

    def _refusal(self, answer: Answer) -> NetworkError:
        """The hourly limit says when it ends; the one against haste says how long to wait."""
        wait = answer.headers.get("retry-after")
        if answer.headers.get("x-ratelimit-remaining") == "0":
            return GitHubLimitReached(resets_at=_time_of(answer.headers.get("x-ratelimit-reset")))
        if wait or answer.status == 429:
            return GitHubLimitReached(resets_at=f"{wait} s from now" if wait else None)
        return HttpFailed(self._api_host(), answer.status)

    def _api_host(self) -> str:
        return urlsplit(self._settings().github_api).hostname or "the GitHub API"


def _time_of(epoch: str | None) -> str | None:
    try:
        return f"{datetime.fromtimestamp(int(epoch or ''), UTC):%H:%M} UTC"
    except (ValueError, OverflowError, OSError):  # no number, or no time that there is
        return None


def _entries(answer: Answer, host: str) -> list[Release]:
    if not isinstance(answer.body, list):
        raise UnexpectedAnswer(host, detail="the releases are not a list")
    try:
        return [_release(item) for item in answer.body if isinstance(item, dict)]
    except (KeyError, ValueError, TypeError) as error:
        raise UnexpectedAnswer(host, detail=f"a release lacks {error}") from error


def _release(item: dict[str, Any]) -> Release:
    return Release(
        tag=str(item["tag_name"]),
        commit="",
        prerelease=bool(item.get("prerelease")),
        published_at=item.get("published_at"),
        notes=item.get("body"),
        page=item.get("html_url"),
    )


def _merge(tags: dict[str, str], notes: dict[str, Release]) -> tuple[Release, ...]:
    """One entry a tag, newest version first. A tag without notes is a release all the same."""
    merged = [
        notes[tag].model_copy(update={"commit": commit})
        if tag in notes
        else Release(tag=tag, commit=commit)
        for tag, commit in tags.items()
    ]
    return tuple(sorted(merged, key=lambda release: _order(release.tag), reverse=True))


def _order(tag: str) -> tuple[int, Version, str]:
    try:
        return 1, Version(tag.removeprefix("v")), tag
    except InvalidVersion:
        return 0, Version("0"), tag
