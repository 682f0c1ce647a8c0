from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.config import AppConfig, Settings
from backend.exceptions import OperationCancelled, RepositoryUnreachable, ToolMissing
from backend.file_utils import PREVIOUS_SUFFIX, Value, read_json
from backend.github_integration import RETRY_SECONDS, GitHubReleasesFetcher, ReleaseList
from backend.platform.git import RemoteReferences
from backend.platform.http import HttpClient
from tests.fakes.comfyui import TAGS, Fault, GitHubApi
from tests.fakes.ports import Clock, all_at_once
from tests.helpers.servers import Reply, json_reply, serve

COMMITS = {tag: f"{number:040x}" for number, tag in enumerate(TAGS, start=1)}
TOKEN = "ghp_0123456789abcdefghijABCDEFGHIJ"
START = datetime(2025, 11, 1, 12, tzinfo=UTC)


class Repository:
    """Where tags come from; `fault` is raised in place of an answer."""

    def __init__(self) -> None:
        self.url = "https://github.com/Comfy-Org/ComfyUI"
        self.tags = dict(COMMITS)
        self.branches = {"master": "f" * 40}
        self.fault: Exception | None = None
        self.asked = 0

    def remote_references(self, check: Any = None) -> RemoteReferences:
        self.asked += 1
        if self.fault is not None:
            raise self.fault
        return RemoteReferences(dict(self.tags), dict(self.branches))


class Office:
    """A fetcher, the repository and the API it asks, and a clock."""

    def __init__(self, folder: Path, api: str) -> None:
        self.cache = folder / "metadata" / "github_cache.json"
        self.repository = Repository()
        self.settings = Settings(github_api=api)
        self.token: str | None = None
        self.clock = Clock(0)
        self.fetcher = self.another()

    def another(self) -> GitHubReleasesFetcher:
        """A fetcher of another start of the app."""
        return GitHubReleasesFetcher(
            self.cache,
            self.repository,
            lambda: HttpClient(2, 0, user_agent="tests"),
            settings=lambda: self.settings,
            token=lambda: self.token,
            now=lambda: START + timedelta(seconds=self.clock()),
        )

    def dated(self) -> dict[str, bool]:
        """Each tag that is listed, and whether its notes are known."""
        cached = self.fetcher.cached()
        assert cached is not None
        return {release.tag: release.notes is not None for release in cached.releases}


@pytest.fixture
def api() -> Iterator[GitHubApi]:
    with GitHubApi() as running:
        yield running


@pytest.fixture
def office(tmp_path: Path, api: GitHubApi) -> Office:
    return Office(tmp_path, api.url)


ALL_KNOWN = dict.fromkeys(reversed(TAGS), True)
NONE_KNOWN = dict.fromkeys(reversed(TAGS), False)


def test_tags_come_from_git_and_notes_from_github(office: Office, api: GitHubApi) -> None:
    releases = office.fetcher.refresh()
    assert releases.notes_problem is None
    newest = releases.releases[0]
    assert (newest.tag, newest.commit) == ("v0.3.64", COMMITS["v0.3.64"])
    assert newest.notes is not None
    assert "Release v0.3.64" in newest.notes
    assert newest.published_at == datetime(2025, 10, 8, 6, 1, 17, tzinfo=UTC)
    assert newest.page == "https://github.com/Comfy-Org/ComfyUI/releases/tag/v0.3.64"
    assert releases.branches == {"master": "f" * 40}
    assert office.dated() == ALL_KNOWN


def test_nothing_is_known_before_anyone_asked(office: Office) -> None:
    assert office.fetcher.cached() is None
    assert office.repository.asked == 0


def test_what_was_asked_once_is_known_to_the_next_start_without_a_request(
    office: Office, api: GitHubApi
) -> None:
    releases = office.fetcher.refresh()
    seen = len(api.requests)
    assert office.another().cached() == releases
    assert len(api.requests) == seen


def test_versions_are_ordered_as_versions_and_odd_tags_come_last(office: Office) -> None:
    office.repository.tags = dict.fromkeys(
        ["v0.3.9", "nightly", "v0.3.10", "v1.0rc1", "v0.3.10.post1", "old"], "0" * 40
    )
    tags = [release.tag for release in office.fetcher.refresh().releases]
    assert tags == ["v1.0rc1", "v0.3.10.post1", "v0.3.10", "v0.3.9", "old", "nightly"]


def test_a_release_whose_tag_is_gone_is_not_offered(office: Office) -> None:
    del office.repository.tags["v0.3.62"]
    assert "v0.3.62" not in {release.tag for release in office.fetcher.refresh().releases}


def test_prereleases_are_marked(tmp_path: Path) -> None:
    with GitHubApi(prereleases=["v0.3.64"]) as api:
        releases = Office(tmp_path, api.url).fetcher.refresh().releases
    assert [release.prerelease for release in releases] == [True, False, False, False]


# --- Asking again


def test_asking_again_costs_nothing_of_the_limit(office: Office, api: GitHubApi) -> None:
    office.fetcher.refresh()
    (first,) = api.requests
    assert "if-none-match" not in first.headers
    office.clock.pass_by(60)
    again = office.another().refresh()
    assert "if-none-match" in api.requests[1].headers
    assert again.notes_problem is None
    assert office.dated() == ALL_KNOWN
    assert again.fetched_at == START + timedelta(seconds=60)


def test_a_new_release_is_seen_although_the_old_ones_are_known(
    office: Office, api: GitHubApi
) -> None:
    office.fetcher.refresh()
    api.tags.append("v0.3.65")
    office.repository.tags["v0.3.65"] = "a" * 40
    assert office.fetcher.refresh().releases[0].tag == "v0.3.65"
    assert office.dated() == {"v0.3.65": True, **ALL_KNOWN}


def test_a_tag_without_a_release_yet_is_offered_without_notes(
    office: Office, api: GitHubApi
) -> None:
    office.fetcher.refresh()
    office.repository.tags["v0.3.65"] = "a" * 40
    office.fetcher.refresh()  # 304: nothing new on GitHub
    assert office.dated() == {"v0.3.65": False, **ALL_KNOWN}


def test_all_pages_are_read(tmp_path: Path) -> None:
    tags = [f"v0.{number // 100}.{number % 100}" for number in range(250)]
    with GitHubApi(tags) as api:
        office = Office(tmp_path, api.url)
        office.repository.tags = dict.fromkeys(tags, "0" * 40)
        releases = office.fetcher.refresh()
        assert [request.query["page"] for request in api.requests] == ["1", "2", "3"]
        assert {request.query["per_page"] for request in api.requests} == {"100"}
    assert len(releases.releases) == 250
    assert all(release.notes for release in releases.releases)


def test_a_full_last_page_is_no_endless_reading(tmp_path: Path) -> None:
    tags = [f"v0.0.{number}" for number in range(100)]
    with GitHubApi(tags) as api:
        office = Office(tmp_path, api.url)
        office.repository.tags = dict.fromkeys(tags, "0" * 40)
        office.fetcher.refresh()
        assert len(api.requests) == 2


def test_a_server_that_never_ends_is_left_after_ten_pages(tmp_path: Path) -> None:
    page = [{"tag_name": f"v{number}"} for number in range(100)]
    with serve(lambda _: json_reply(page)) as endless:
        Office(tmp_path, endless.url).fetcher.refresh()
        assert len(endless.seen) == 10


def test_a_repository_that_moved_is_followed(tmp_path: Path) -> None:
    with GitHubApi(moved={"comfyanonymous/ComfyUI": "Comfy-Org/ComfyUI"}) as api:
        office = Office(tmp_path, api.url)
        office.settings = Settings(github_api=api.url, github_repo="comfyanonymous/ComfyUI")
        assert office.fetcher.refresh().notes_problem is None
        assert office.dated() == ALL_KNOWN


# --- When GitHub does not answer as it should


FAULTS = {
    "rate limit": Fault.rate_limited(int(datetime(2025, 11, 1, 13, 30, tzinfo=UTC).timestamp())),
    "secondary limit": Fault.too_many_requests(42),
    "forbidden": Fault(403, {"x-ratelimit-remaining": "55"}, b'{"message": "Forbidden"}'),
    "not found": Fault(404, {}, b'{"message": "Not Found"}'),
    "server error": Fault.server_error(),
    "bad gateway": Fault.server_error(502),
    "broken JSON": Fault.malformed_json(),
    "no list": Fault(200, {}, b'{"message": "hello"}'),
    "a page": Fault(200, {"Content-Type": "text/html"}, b"<html>Please log in</html>"),
    "entries without a tag": Fault(200, {}, b'[{"name": "v1"}]'),
    "a date that is none": Fault(200, {}, b'[{"tag_name": "v1", "published_at": "soon"}]'),
    "nothing": Fault(200, {}, b""),
    "reset": Fault.connection_reset(),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_versions_are_listed_whatever_github_says(
    office: Office, api: GitHubApi, fault: Fault
) -> None:
    api.fail(fault)
    releases = office.fetcher.refresh()
    assert releases.notes_problem
    assert "Traceback" not in releases.notes_problem
    assert office.dated() == NONE_KNOWN
    assert releases.releases[0].commit == COMMITS["v0.3.64"]


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_notes_that_are_known_stay_while_github_is_in_trouble(
    office: Office, api: GitHubApi, fault: Fault
) -> None:
    office.fetcher.refresh()
    api.fail(fault)
    assert office.fetcher.refresh().notes_problem
    assert office.dated() == ALL_KNOWN
    api.recover()
    assert office.fetcher.refresh().notes_problem is None
    assert "if-none-match" in api.requests[-1].headers, "trouble does not lose the ETag"


def test_trouble_on_the_second_page_loses_no_note_that_was_known(tmp_path: Path) -> None:
    tags = [f"v0.{number // 100}.{number % 100}" for number in range(150)]
    with GitHubApi(tags) as api:
        office = Office(tmp_path, api.url)
        office.repository.tags = dict.fromkeys(tags, "0" * 40)
        office.fetcher.refresh()
        api.tags.append("v9.0.0")  # so that the first page is a new one
        take = api.take
        api.take = lambda request: (  # type: ignore[method-assign]
            Fault.server_error() if request.query.get("page") == "2" else take(request)
        )
        assert office.fetcher.refresh().notes_problem
    assert all(office.dated().values())


def test_a_spent_limit_says_until_when(office: Office, api: GitHubApi) -> None:
    api.fail(FAULTS["rate limit"])
    problem = office.fetcher.refresh().notes_problem
    assert problem is not None
    assert "until 13:30 UTC" in problem
    assert "GITHUB_TOKEN" in problem


def test_a_secondary_limit_says_for_how_long(office: Office, api: GitHubApi) -> None:
    api.fail(FAULTS["secondary limit"])
    assert "42 s from now" in str(office.fetcher.refresh().notes_problem)


@pytest.mark.parametrize("reset", ["", "soon", "-1", "99999999999999999999", "²"])
def test_a_limit_with_an_odd_time_is_still_only_a_limit(
    office: Office, api: GitHubApi, reset: str
) -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset.encode().decode("latin-1")}
    api.fail(Fault(403, headers, b"{}"))
    assert "no more requests" in str(office.fetcher.refresh().notes_problem)
    assert office.dated() == NONE_KNOWN


def test_a_silent_server_does_not_hold_the_list_for_long(tmp_path: Path) -> None:
    release = threading.Event()

    def wait(_: object) -> Reply:
        release.wait(10)
        return json_reply([])

    with serve(wait) as silent:
        office = Office(tmp_path, silent.url)
        office.fetcher = GitHubReleasesFetcher(
            office.cache,
            office.repository,
            lambda: HttpClient(0.3, 0, user_agent="tests"),
            settings=lambda: office.settings,
            token=lambda: None,
        )
        releases = office.fetcher.refresh()
        release.set()
    assert releases.notes_problem
    assert len(releases.releases) == len(TAGS)


def test_an_unreachable_repository_is_an_error_and_keeps_what_was_known(
    office: Office, api: GitHubApi
) -> None:
    known = office.fetcher.refresh()
    office.repository.fault = RepositoryUnreachable(office.repository.url, detail="offline")
    with pytest.raises(RepositoryUnreachable):
        office.fetcher.refresh()
    assert office.another().cached() == known


# --- Whom to ask


def test_a_repository_elsewhere_is_not_looked_up_on_github(office: Office, api: GitHubApi) -> None:
    office.settings = Settings()  # the API of github.com, which no test may ask
    office.repository.url = "file:///srv/ComfyUI"
    releases = office.fetcher.refresh()
    assert releases.notes_problem is None
    assert office.dated() == NONE_KNOWN
    assert office.settings.github_api == AppConfig.GITHUB_API_BASE
    assert api.requests == []


def test_another_repository_does_not_show_what_the_old_one_offers(office: Office) -> None:
    office.fetcher.refresh()
    office.repository.url = "https://github.com/someone/fork"
    assert office.fetcher.cached() is None
    office.repository.tags = {"v0.3.64": "e" * 40}
    office.repository.fault = None
    assert [release.commit for release in office.fetcher.refresh().releases] == ["e" * 40]


def test_the_etag_of_another_repository_is_not_sent(office: Office, api: GitHubApi) -> None:
    office.fetcher.refresh()
    office.repository.url = "https://github.com/someone/fork"
    office.fetcher.refresh()
    assert "if-none-match" not in api.requests[-1].headers


# --- The token


def test_the_token_goes_into_the_header_and_nowhere_else(office: Office, api: GitHubApi) -> None:
    office.token = TOKEN
    office.fetcher.refresh()
    (request,) = api.requests
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in request.path + str(request.query)
    assert TOKEN not in office.cache.read_text()


def test_without_a_token_nothing_of_the_kind_is_sent(office: Office, api: GitHubApi) -> None:
    office.fetcher.refresh()
    assert "authorization" not in api.requests[0].headers
    assert api.requests[0].headers["accept"] == "application/vnd.github+json"


def test_a_redirect_to_another_host_does_not_get_the_token(tmp_path: Path) -> None:
    with serve(lambda _: json_reply([])) as thief:
        with serve(lambda _: Reply(302, headers={"Location": f"{thief.url}/x"})) as api:
            office = Office(tmp_path, api.url)
            office.token = TOKEN
            office.fetcher.refresh()
            assert api.seen[0].headers["authorization"] == f"Bearer {TOKEN}"
        assert "authorization" not in thief.seen[0].headers


@pytest.mark.parametrize("fault", ["reset", "server error", "broken JSON", "forbidden"])
def test_trouble_never_repeats_the_token(
    office: Office, api: GitHubApi, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    office.token = TOKEN
    api.fail(FAULTS[fault])
    releases = office.fetcher.refresh()
    assert TOKEN not in releases.model_dump_json() + caplog.text


# --- The cache


def test_the_list_is_stale_after_an_hour(office: Office) -> None:
    releases = office.fetcher.refresh()
    office.clock.pass_by(AppConfig.RELEASES_FRESH_SECONDS)
    assert not office.fetcher.is_stale(releases)
    office.clock.pass_by(1)
    assert office.fetcher.is_stale(releases)
    assert not office.fetcher.is_stale(office.fetcher.refresh())


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\x00" * 500, b"[]", b'{"schema": 1}', b'{"schema": 2, "new": 1}', b"\xff\xfe"],
)
def test_a_damaged_cache_is_fetched_anew(office: Office, api: GitHubApi, content: bytes) -> None:
    office.fetcher.refresh()
    office.cache.write_bytes(content)
    office.cache.with_name(office.cache.name + PREVIOUS_SUFFIX).unlink(missing_ok=True)
    assert office.another().cached() is None
    assert office.fetcher.refresh().notes_problem is None
    assert office.dated() == ALL_KNOWN


def test_the_list_before_the_damage_is_used_when_there_is_one(office: Office) -> None:
    office.fetcher.refresh()
    office.fetcher.refresh()
    office.cache.write_bytes(b"{")
    assert office.dated() == ALL_KNOWN


def test_a_date_without_its_zone_is_damage_and_no_crash(office: Office) -> None:
    office.fetcher.refresh()
    content = json.loads(office.cache.read_text())
    office.cache.write_text(json.dumps(content | {"fetched_at": "2025-11-01T12:00:00"}))
    known = office.fetcher.cached()
    assert known is None or office.fetcher.is_stale(known) in {True, False}


def test_the_file_says_which_schema_it_has(office: Office) -> None:
    releases = office.fetcher.refresh()
    assert json.loads(office.cache.read_text())["schema"] == 1
    assert read_json(office.cache, ReleaseList) == Value(releases)


# --- Without an answer


def test_what_failed_is_told_until_something_newer_is_known(office: Office) -> None:
    office.repository.fault = RepositoryUnreachable("there", detail="no route")
    with pytest.raises(RepositoryUnreachable):
        office.fetcher.refresh()
    assert office.fetcher.problem() is office.repository.fault
    assert office.fetcher.failed_lately()
    office.repository.fault = None
    office.clock.pass_by(1)
    office.another().refresh()
    assert office.fetcher.problem() is None, "another process had an answer"
    assert not office.fetcher.failed_lately()


def test_a_failure_says_nothing_about_another_repository(office: Office) -> None:
    office.repository.fault = RepositoryUnreachable("there", detail="no route")
    with pytest.raises(RepositoryUnreachable):
        office.fetcher.refresh()
    office.repository.url = "https://github.com/someone/fork"
    assert (office.fetcher.problem(), office.fetcher.failed_lately()) == (None, False)


@pytest.mark.parametrize(
    "fault", [ToolMissing("git", command="install git"), ZeroDivisionError("no one foresaw this")]
)
def test_whatever_went_wrong_is_not_tried_again_at_once(office: Office, fault: Exception) -> None:
    office.repository.fault = fault
    with pytest.raises(type(fault)):
        office.fetcher.refresh()
    assert office.fetcher.failed_lately()
    office.clock.pass_by(RETRY_SECONDS)
    assert not office.fetcher.failed_lately()


def test_a_refresh_says_what_it_is_at_and_can_be_ended_there(office: Office) -> None:
    watcher = Watcher()
    office.fetcher.refresh(watcher)
    assert watcher.seen == ["refresh", "notes", "page 1"]
    watcher.cancelled_at = "page 1"
    with pytest.raises(OperationCancelled):
        office.fetcher.refresh(watcher)
    assert (office.fetcher.problem(), office.fetcher.failed_lately()) == (None, True)


class Watcher:
    """Notes how a refresh goes, and ends it where it is told to."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.cancelled_at = ""

    def step(self, name: str) -> AbstractContextManager[None]:
        self.seen.append(name)
        return nullcontext()

    def advance(self, *, detail: str) -> None:
        self.seen.append(detail)

    def check(self) -> None:
        if self.seen[-1] == self.cancelled_at:
            raise OperationCancelled("one")


def test_several_refreshes_at_once_leave_a_sound_list(office: Office) -> None:
    all_at_once([office.fetcher.refresh, lambda: office.another().refresh()] * 4)
    assert office.dated() == ALL_KNOWN
