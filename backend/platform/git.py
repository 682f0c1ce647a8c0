"""Git, through GitPython where it reads and as a cancellable child where it works.

One bare mirror a repository holds the whole history once; each installation is a locked worktree
of it. GitPython is imported when it is first needed: it costs a tenth of a second.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from backend.exceptions import (
    ComfyUILauncherError,
    DiskFailed,
    DiskFull,
    OperationConflict,
    RepositoryUnreachable,
    SourceFailed,
    SourceIncomplete,
    VersionNotFound,
)
from backend.file_utils import free_bytes, storage_errors
from backend.logging_config import get_logger
from backend.platform.git_command import Git, options
from backend.platform.locks import FileLock, held
from backend.platform.subprocesses import Completed
from backend.validators import is_commit

if TYPE_CHECKING:
    from git import Repo

ReferenceKind = Literal["tag", "branch", "commit"]
OnProgress = Callable[[int, int, str], None]
Check = Callable[[], None]

MISSING_OBJECT_WORDS: Final = (
    "missing blob",
    "missing tree",
    "missing commit",
    "bad object",
    "bad tree object",
    "unable to read",
    "did not send all necessary objects",
    "could not read",
    "object file is empty",
    "is corrupt",
    "promisor",
)
UNREACHABLE_WORDS: Final = (
    "could not resolve host",
    "unable to access",
    "connection",
    "does not appear to be a git repository",
    "repository not found",
    "does not exist",
    "could not read from remote repository",
    "dubious ownership",
    "terminal prompts disabled",
    "timed out",
    "operation too slow",
)
ANSWER_SECONDS: Final = 30.0  # for the list of names, which is small
SILENCE_SECONDS: Final = 60  # a fetch without a byte for that long has lost its server
TURN_SECONDS: Final = 0.2  # how often someone who waits for a mirror is asked whether to go on
NOTES_SECONDS: Final = 2.0  # a start of the launcher may wait here, so not for a whole fetch

_log: Final = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RemoteReferences:
    """The names that a repository offers, each with its commit (40 hex digits)."""

    tags: dict[str, str]
    branches: dict[str, str]


@dataclass(frozen=True, slots=True)
class ResolvedReference:
    """What a reference means in the mirror. `committed_at` is the commit's own date, in UTC."""

    kind: ReferenceKind
    name: str
    commit: str
    committed_at: datetime


class SourceRepository:
    """The repository that versions come from: its names, its mirror, and worktrees of it.

    Several threads and processes may use it at once: in one mirror, they take turns.
    """

    def __init__(
        self,
        url: Callable[[], str],
        mirrors: Path,
        *,
        base_environment: Mapping[str, str] = os.environ,
        silence_seconds: int = SILENCE_SECONDS,
    ) -> None:
        self._git = Git(base_environment)
        self._url = url
        self._mirrors = mirrors
        self._silence = silence_seconds

    @property
    def url(self) -> str:
        return self._url()

    @property
    def mirror(self) -> Path:
        """Where the mirror of the present repository is (or will be)."""
        digest = hashlib.sha256(self.url.encode()).hexdigest()[:12]
        return self._mirrors / f"{digest}.git"

    def has_mirror(self) -> bool:
        """Whether the history was fetched before."""
        return (self.mirror / "packed-refs").is_file() or any((self.mirror / "refs").glob("*/*"))

    def is_reachable(self) -> bool:
        """Whether the repository answers now; waits ten seconds at most."""
        try:
            done = self._git.run("ls-remote", "--heads", "--", self.url, timeout_seconds=10.0)
        except TimeoutError:
            return False
        return done.returncode == 0

    def remote_references(
        self, check: Check | None = None, *, timeout_seconds: float = ANSWER_SECONDS
    ) -> RemoteReferences:
        """What the repository offers now; one round trip, no API budget.

        Raises: RepositoryUnreachable, ToolMissing.
        """
        try:
            done = self._git.run(
                "ls-remote", "--tags", "--heads", "--", self.url,
                check=check, timeout_seconds=timeout_seconds,
            )  # fmt: skip
        except TimeoutError as error:
            detail = f"no answer in {timeout_seconds:g} seconds"
            raise RepositoryUnreachable(self.url, detail=detail) from error
        if done.returncode:
            raise RepositoryUnreachable(self.url, detail=done.tail)
        return parse_references(done.output)

    def fetch(self, check: Check | None = None, on_progress: OnProgress | None = None) -> None:
        """Brings the mirror up to date; the first time, the whole history.

        Raises: RepositoryUnreachable, SourceIncomplete, SourceFailed, ToolMissing, NotWritable.
        """
        patience = options("http.lowSpeedLimit=1", f"http.lowSpeedTime={self._silence}")
        with held(self._lock(self.mirror), check):
            _remove_stale_locks(self.mirror)
            self._ensure_mirror(check)
            done = self._in_mirror(
                *patience, "fetch", "--progress", "--prune",
                "--no-auto-maintenance", "--no-write-fetch-head", "--", self.url,
                "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*",
                check=check, on_line=_progress_reader(on_progress),
            )  # fmt: skip
        if done.returncode:
            raise self._fetch_failure(done)

    def resolve(self, reference: str) -> ResolvedReference | None:
        """What `reference` means in the mirror as it is: a tag before a branch before a commit."""
        if not self.has_mirror():  # or another one is just making it
            return None
        from git.exc import BadName, GitCommandError

        repository = self._repository()
        try:
            candidates: list[tuple[ReferenceKind, str]] = [
                ("tag", f"refs/tags/{reference}"),
                ("branch", f"refs/heads/{reference}"),
            ]
            if is_commit(reference):
                candidates.append(("commit", reference))
            for kind, name in candidates:
                try:
                    commit = repository.commit(name)
                except (BadName, ValueError, GitCommandError):
                    continue
                when = commit.committed_datetime.astimezone(UTC)
                return ResolvedReference(kind, reference, commit.hexsha, when)
        finally:
            repository.close()
        return None

    def similar(self, reference: str) -> list[str]:
        """Up to three known tags or branches that resemble `reference`."""
        from difflib import get_close_matches

        if not self.has_mirror():  # or another one is just making it
            return []
        repository = self._repository()
        try:
            names = [tag.name for tag in repository.tags] + [head.name for head in repository.heads]
        finally:
            repository.close()
        return get_close_matches(reference, names, n=3)

    def find(
        self,
        reference: str,
        check: Check | None = None,
        on_progress: OnProgress | None = None,
    ) -> ResolvedReference:
        """`reference` resolved, from the network only if needed: a branch may have moved on.

        Raises: VersionNotFound and everything that `fetch` raises.
        """
        found = self.resolve(reference)
        if found is None or found.kind == "branch":
            self.fetch(check, on_progress)
            found = self.resolve(reference)
        if found is None:
            raise VersionNotFound(reference, similar=self.similar(reference))
        return found

    def add_worktree(self, commit: str, path: Path, check: Check | None = None) -> None:
        """A checkout of `commit` at `path`. Locked, so that git never takes it for a leftover.

        Raises: SourceIncomplete when the mirror lacks objects of it, SourceFailed.
        """
        with held(self._lock(self.mirror), check):
            done = self._in_mirror(
                "worktree", "add", "--detach", "--lock", "--", path, commit, check=check
            )
        if done.returncode:
            raise self._incomplete_or_failed(done, commit, "make the checkout")

    def forget_worktrees(self, checkouts: Collection[Path]) -> None:
        """Drops git's notes about checkouts that are gone for good, in whichever mirror.

        Only about these: one that lies in the trash keeps its notes, so that it can come back. In
        a mirror where another one works for longer, the notes stay: they cost a few bytes.
        """
        for mirror in sorted(self._mirrors.glob("*.git")):
            forgotten = [path for path in checkouts if _notes_of(mirror, path)]
            if not forgotten:
                continue
            try:
                with self._lock(mirror, timeout_seconds=NOTES_SECONDS):
                    self._forget(mirror, forgotten)
            except OperationConflict:
                _log.warning("%s is at work: its notes about gone checkouts stay", mirror)

    def _lock(self, mirror: Path, *, timeout_seconds: float = TURN_SECONDS) -> FileLock:
        """What lets one at a time into a mirror: git's own locks make the second one fail."""
        return FileLock(mirror.with_name(f"{mirror.name}.lock"), timeout_seconds=timeout_seconds)

    def _ensure_mirror(self, check: Check | None) -> None:
        if (self.mirror / "HEAD").is_file():
            return
        self._mirrors.mkdir(parents=True, exist_ok=True)
        done = self._git.run("init", "--quiet", "--bare", "--", self.mirror, check=check)
        if done.returncode:
            raise SourceFailed("make the mirror", detail=done.tail)

    def _fetch_failure(self, done: Completed) -> Exception:
        words = "\n".join(done.lines).lower()
        if any(word in words for word in UNREACHABLE_WORDS) and "missing" not in words:
            return RepositoryUnreachable(self.url, detail=done.tail)
        return self._incomplete_or_failed(done, "its history", "fetch the history")

    def _incomplete_or_failed(self, done: Completed, reference: str, action: str) -> Exception:
        words = "\n".join(done.lines).lower()
        if "no space left on device" in words:
            return DiskFull(self._mirrors, needed=None, free=free_bytes(self._mirrors))
        if "input/output error" in words:
            return DiskFailed(self._mirrors)
        if any(word in words for word in MISSING_OBJECT_WORDS):
            return SourceIncomplete(reference, self.url, detail=done.tail)
        return SourceFailed(action, detail=done.tail)

    def _in_mirror(
        self,
        *arguments: str | Path,
        check: Check | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> Completed:
        return self._git.run(f"--git-dir={self.mirror}", *arguments, check=check, on_line=on_line)

    def _forget(self, mirror: Path, checkouts: Collection[Path]) -> None:
        for checkout in checkouts:
            self._git.run(f"--git-dir={mirror}", "worktree", "unlock", "--", checkout)
        self._git.run(f"--git-dir={mirror}", "worktree", "prune", "--expire=now")

    def _repository(self) -> Repo:
        os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")  # a missing git is ours to explain
        from git import Repo

        repository = Repo(self.mirror, expand_vars=False)  # a `$` in a path is only a `$`
        repository.git.update_environment(**self._git.for_gitpython(), GIT_DIR=str(self.mirror))
        return repository


def parse_references(listing: str) -> RemoteReferences:
    """The answer of `git ls-remote`. A peeled tag (`^{}`) names the commit, so it wins."""
    tags: dict[str, str] = {}
    branches: dict[str, str] = {}
    for line in listing.splitlines():
        commit, _, name = line.partition("\t")
        if name.startswith("refs/tags/"):
            tag = name.removeprefix("refs/tags/")
            tags[tag.removesuffix("^{}")] = commit
        elif name.startswith("refs/heads/"):
            branches[name.removeprefix("refs/heads/")] = commit
    return RemoteReferences(tags, branches)


def _progress_reader(on_progress: OnProgress | None) -> Callable[[str], None] | None:
    """Understands git's progress lines, by GitPython's own parser."""
    if on_progress is None:
        return None
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    from git import RemoteProgress

    tell = on_progress

    class Progress(RemoteProgress):
        def update(
            self,
            op_code: int,
            cur_count: str | float,
            max_count: str | float | None = None,
            message: str = "",
        ) -> None:
            if op_code & self.RECEIVING:
                # We are in the thread that reads git's output: raising here would end no fetch,
                # only the reading. `check` ends the fetch.
                with contextlib.suppress(ComfyUILauncherError):
                    tell(int(cur_count), int(max_count or 0), message.strip(", "))

    return Progress().new_message_handler()


def _remove_stale_locks(mirror: Path) -> None:
    """Removes git's lock files that a kill left behind: they would stop every fetch for ever.

    Called where no other launcher works in the mirror. Those of worktrees stay: there the user may
    be at work. A git that outlived its killed launcher is at work too.
    """
    stale = list(_lock_files(mirror))
    if not stale or _git_is_at_work(mirror):
        return
    with storage_errors(mirror):
        for path in stale:
            _log.warning("%s was left behind by a git that was killed; it is removed", path)
            path.unlink(missing_ok=True)


def _lock_files(mirror: Path) -> Iterator[Path]:
    yield from mirror.glob("*.lock")
    for folder in ("refs", "objects/info"):
        yield from (mirror / folder).rglob("*.lock")


def _git_is_at_work(mirror: Path) -> bool:
    import psutil

    option = f"--git-dir={mirror}"
    return any(option in (p.info["cmdline"] or ()) for p in psutil.process_iter(["cmdline"]))


def _notes_of(mirror: Path, checkout: Path) -> bool:
    """Whether the mirror knows that checkout, and it is not there."""
    known = (path.read_text("utf-8").strip() for path in mirror.glob("worktrees/*/gitdir"))
    return not checkout.exists() and str(checkout / ".git") in known
