"""The door against pages, names, forms and programs that must not come in: cell by cell."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.api.dispatch import Dispatcher
from backend.api.endpoint import ENDPOINTS
from backend.api.rate_limits import RateLimiter
from backend.composition import App, build_app
from backend.service.addresses import Addresses
from backend.service.app import create_app
from backend.service.keys import KEPT_SESSIONS, Keys
from tests.helpers.service import API, Answer, ask

PORT = 8000
TOKEN = "correct-horse-battery-staple-0123456789abcdef"
HERE = f"127.0.0.1:{PORT}"
OWN = f"http://{HERE}"
CHANGE = f"{API}/rpc/settings.change"
Pairs = list[tuple[str, str]]

GOOD_HOSTS = [HERE, f"localhost:{PORT}", f"[::1]:{PORT}"]
BAD_HOSTS: list[str | None] = [
    None,
    "",
    "127.0.0.1",
    "localhost",
    "127.0.0.1:8001",
    "[::1]",
    "::1:8000",
    "evil.example",
    "evil.example:8000",
    "localhost.evil.example:8000",
    "127.0.0.1.evil.example:8000",
    "evil.example#127.0.0.1:8000",
    "127.0.0.1:8000@evil.example",
    "127.1:8000",
    "2130706433:8000",
    "0.0.0.0:8000",
    "127.0.0.1:8000, evil.example:8000",
]
GOOD_ORIGINS: list[str | None] = [None, OWN, f"http://localhost:{PORT}", f"http://[::1]:{PORT}"]
BAD_ORIGINS = [
    "null",
    "",
    "http://evil.example",
    "https://127.0.0.1:8000",
    "http://127.0.0.1:8188",
    "http://127.0.0.1:8000.evil.example",
    "http://localhost.evil.example:8000",
    "http://127.0.0.1:8000/",
]
GOOD_TYPES = ["application/json", "application/json; charset=utf-8"]
BAD_TYPES: list[str | None] = [None, "text/plain", "application/x-www-form-urlencoded"]
GOOD_TOKENS = [f"Bearer {TOKEN}"]
BAD_TOKENS: list[str | None] = [None, f"Bearer {TOKEN[:-1]}0"]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An app without rate limits, which would hide what else refuses."""
    root = tmp_path_factory.mktemp("gate")
    made = build_app("service", {"COMFYUI_LAUNCHER_HOME": str(root)})
    yield replace(made, dispatcher=Dispatcher(made.dispatcher._api, RateLimiter({})))
    made.close()


@pytest.fixture(scope="module")
def asgi(app: App) -> ASGIApp:
    return create_app(app, Keys(TOKEN, PORT))


def setting(app: App) -> Any:
    """The probe, as it stands on disk."""
    file = app.paths.settings_file
    return json.loads(file.read_text())["values"].get("max_retries") if file.exists() else None


def headers_of(**given: str | None) -> Pairs:
    return [(name.replace("_", "-"), value) for name, value in given.items() if value is not None]


def change_to(value: int) -> bytes:
    return json.dumps({"name": "max_retries", "value": value}).encode()


def good(**changes: str | None) -> Pairs:
    base: dict[str, str | None] = {
        "host": HERE, "authorization": f"Bearer {TOKEN}", "content_type": "application/json",
    }  # fmt: skip
    return headers_of(**(base | changes))


def request(asgi: ASGIApp, method: str, path: str, headers: Pairs, body: bytes = b"") -> Answer:
    return asyncio.run(ask(asgi, method, path, headers, body))


# --- The matrix -----------------------------------------------------------------------------------


def test_exactly_the_allowed_cells_of_the_matrix_change_anything(asgi: ASGIApp, app: App) -> None:
    hosts: list[str | None] = [*GOOD_HOSTS, *BAD_HOSTS]
    cells = list(
        itertools.product(
            hosts,
            [*GOOD_ORIGINS, *BAD_ORIGINS],
            [*GOOD_TYPES, *BAD_TYPES],
            [*GOOD_TOKENS, *BAD_TOKENS],
        )
    )
    assert len(cells) == 20 * 12 * 5 * 3
    changed, expected, answered = set(), set(), {}

    async def drive() -> None:
        before = setting(app)
        for number, cell in enumerate(cells):
            host, origin, content_type, token = cell
            headers = headers_of(
                host=host, origin=origin, content_type=content_type, authorization=token
            )
            wanted = 0 if before == 1 else 1
            answered[number] = await ask(asgi, "POST", CHANGE, headers, change_to(wanted))
            if setting(app) != before:
                changed.add(number)
                before = setting(app)
            if (
                host in GOOD_HOSTS
                and origin in GOOD_ORIGINS
                and content_type in GOOD_TYPES
                and token in GOOD_TOKENS
            ):
                expected.add(number)

    asyncio.run(drive())
    assert changed == expected
    assert len(expected) == 3 * 4 * 2 * 1
    for number, answer in answered.items():
        assert (answer.status == 200) == (number in expected), cells[number]
        assert answer.status in {200, 400, 401, 403}
        assert answer.status == 200 or answer.error


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "SAME-ORIGIN"])
def test_what_the_browser_calls_another_site_is_refused(asgi: ASGIApp, app: App, site: str) -> None:
    before = setting(app)
    answer = request(asgi, "POST", CHANGE, good(sec_fetch_site=site), change_to(7))
    assert (answer.status, answer.error, setting(app)) == (403, "foreign-origin", before)
    assert request(asgi, "GET", "/health", headers_of(host=HERE, sec_fetch_site=site)).status == 403


@pytest.mark.parametrize("name", ["host", "origin", "authorization", "content-type"])
def test_a_header_that_is_given_twice_lets_nothing_in(asgi: ASGIApp, app: App, name: str) -> None:
    headers = good(origin=OWN)
    twice = headers + [pair for pair in headers if pair[0] == name]
    before = setting(app)
    answer = request(asgi, "POST", CHANGE, twice, change_to(8))
    assert answer.status in {400, 401, 403}
    assert setting(app) == before


@pytest.mark.parametrize(
    "authorization",
    [
        "", "Bearer", "Bearer ", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN} x",
        f"Bearer {TOKEN}\xe9", f"Bearer {TOKEN.upper()}", f"Bearer {TOKEN[:-1]}",
        "Bearer " + "x" * 60_000,
    ],
)  # fmt: skip
def test_only_the_whole_token_as_a_bearer_is_the_token(asgi: ASGIApp, authorization: str) -> None:
    answer = request(asgi, "POST", CHANGE, good(authorization=authorization), change_to(9))
    assert (answer.status, answer.error) == (401, "not-authenticated")


@pytest.mark.parametrize("path", [f"?token={TOKEN}", f"?access_token={TOKEN}", f"?t={TOKEN}"])
def test_a_token_in_the_address_is_no_token(asgi: ASGIApp, path: str) -> None:
    answer = request(asgi, "GET", f"{API}/contract{path}", headers_of(host=HERE))
    assert answer.status == 401


# --- Reading --------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_no_reading_method_changes_anything_or_reaches_an_endpoint(
    asgi: ASGIApp, app: App, method: str
) -> None:
    before = setting(app)
    for endpoint in ENDPOINTS:
        answer = request(asgi, method, f"{API}/rpc/{endpoint}", good(), change_to(6))
        assert answer.status == 404
    assert setting(app) == before


@pytest.mark.parametrize(
    "path", ["/contract", "/openapi.json", "/events", "/session", "/operations/x", "/rpc/x", "/no"]
)
def test_without_the_token_the_api_says_nothing_but_its_health(asgi: ASGIApp, path: str) -> None:
    for host in (HERE, f"localhost:{PORT}"):
        assert request(asgi, "GET", API + path, headers_of(host=host)).status == 401
    health = request(asgi, "GET", "/health", headers_of(host=HERE))
    assert (health.status, health.json["status"]) == (200, "ok")
    assert set(health.json) == {"status", "version"}
    assert request(asgi, "GET", "/health", headers_of(host="evil.example:8000")).status == 403


@pytest.mark.parametrize(
    "path", ["/docs", "/redoc", "/openapi.json", "/api", "/api/v1/docs", "/HEALTH", "//health"]
)
def test_there_are_no_pages_of_the_framework(asgi: ASGIApp, path: str) -> None:
    answer = request(asgi, "GET", path, good())
    assert (answer.status, answer.error) == (404, "unknown-endpoint")


@pytest.mark.parametrize("host", BAD_HOSTS)
def test_under_a_name_that_is_not_ours_there_is_nothing_at_all(
    asgi: ASGIApp, host: str | None
) -> None:
    for path in ("/", "/index.html", "/did-not-start", "/nowhere", "/health", f"{API}/session"):
        for method in ("GET", "HEAD", "POST", "DELETE"):
            answer = request(asgi, method, path, good(host=host, origin=OWN), b"{}")
            assert (answer.status, answer.error) == (403, "foreign-origin"), (method, path)


def test_every_answer_carries_the_security_headers(asgi: ASGIApp) -> None:
    answers = [
        request(asgi, "GET", "/health", good()),
        request(asgi, "GET", "/nowhere", good()),
        request(asgi, "GET", "/health", good(host="evil.example")),
        request(asgi, "POST", f"{API}/rpc/system.info", good(), b"{}"),
        request(asgi, "POST", f"{API}/rpc/system.info", good(), b"x" * 2_000_000),
        request(asgi, "GET", f"{API}/contract", good()),
    ]
    for answer in answers:
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers
        assert not any(name.startswith("access-control") for name in answer.headers)


def test_a_websocket_is_turned_away(asgi: ASGIApp) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": f"{API}/events", "headers": [(b"host", HERE.encode())]}
    asyncio.run(run(asgi, scope, receive, send))
    assert [message["type"] for message in sent] == ["websocket.close"]


# --- Sessions -------------------------------------------------------------------------------------


def open_session(asgi: ASGIApp) -> Answer:
    answer = request(asgi, "POST", f"{API}/session", good())
    assert answer.status == 201
    cookie, *attributes = answer.headers["set-cookie"].split("; ")
    assert cookie.startswith(f"comfyui_launcher_{PORT}=")
    assert TOKEN not in cookie
    assert answer.place.removeprefix(f"{API}/session/") not in cookie
    assert {a.lower() for a in attributes} == {
        "httponly",
        "samesite=strict",
        f"path={answer.place}",
    }
    return answer


def by_cookie(cookie: str, **more: str | None) -> Pairs:
    return good(authorization=None, cookie=cookie, **more)


def test_a_page_with_a_session_reads_and_changes_at_its_place(asgi: ASGIApp, app: App) -> None:
    own = open_session(asgi)
    shown = request(asgi, "GET", own.place, by_cookie(f"other=1; {own.cookie}; more=2"))
    assert shown.value == {"known_by": "session", "door": "program"}
    for value, page in ((3, {"origin": OWN}), (4, {"sec_fetch_site": "same-origin"})):
        there = f"{own.place}/rpc/settings.change"
        answer = request(asgi, "POST", there, by_cookie(own.cookie, **page), change_to(value))
        assert (answer.status, setting(app)) == (200, value)
    missing = request(asgi, "GET", f"{own.place}/operations/x", by_cookie(own.cookie))
    assert missing.error == "operation-not-found"


@pytest.mark.parametrize(
    "path", ["/contract", "/openapi.json", "/events", "/session", "/operations/x", "/rpc/x", "/no"]
)
def test_a_cookie_is_worth_nothing_outside_its_place(asgi: ASGIApp, app: App, path: str) -> None:
    """What another server of this machine is sent by a page of its own is no key."""
    own, other = open_session(asgi), open_session(asgi)
    before = setting(app)
    both = f"{own.cookie}; {other.cookie}"
    elsewhere = [API, f"{API}/session/{'0' * 32}", own.place[:-1], f"{own.place}0", "/api"]
    for place in elsewhere:
        answer = request(asgi, "GET", place + path, by_cookie(both, origin=OWN))
        assert (answer.status, answer.error) == (401, "not-authenticated"), place
        rpc = f"{place}/rpc/settings.change"
        assert request(asgi, "POST", rpc, by_cookie(both, origin=OWN), change_to(0)).status == 401
    crossed = request(asgi, "GET", own.place, by_cookie(other.cookie))
    assert (crossed.status, crossed.error) == (401, "not-authenticated")
    assert setting(app) == before


def test_a_place_is_worth_nothing_without_its_cookie(asgi: ASGIApp, app: App) -> None:
    place, before = open_session(asgi).place, setting(app)
    for headers in (
        good(authorization=None, origin=OWN),
        good(origin=OWN),
        by_cookie(f"comfyui_launcher_{PORT}=x", origin=OWN),
        by_cookie(f"comfyui_launcher_{PORT}={place.rpartition('/')[2]}", origin=OWN),
    ):
        for method, path in (("POST", "/rpc/settings.change"), ("GET", ""), ("DELETE", "")):
            answer = request(asgi, method, place + path, headers, change_to(5))
            assert (answer.status, answer.error) == (401, "not-authenticated")
    assert setting(app) == before


def test_behind_a_place_is_nothing_but_the_api(asgi: ASGIApp) -> None:
    own, other = open_session(asgi), open_session(asgi)
    name = other.place.rpartition("/")[2]
    for path in ("/", "//", "/../../health", "/health", "/index.html", "/rpc/../session",
                 f"/session/{name}", "/api/v1/contract", "/\n"):  # fmt: skip
        answer = request(asgi, "GET", own.place + path, by_cookie(own.cookie))
        assert (answer.status, answer.error) == (404, "unknown-endpoint"), path
        assert own.place.encode() not in answer.body


@pytest.mark.parametrize(
    "page",
    [{}, {"sec_fetch_site": "none"}, {"origin": "null"}, {"origin": "http://127.0.0.1:8188"},
     {"sec_fetch_site": "same-site"}, {"origin": OWN, "sec_fetch_site": "cross-site"}],
)  # fmt: skip
def test_a_cookie_alone_changes_nothing(asgi: ASGIApp, app: App, page: dict[str, str]) -> None:
    before, own = setting(app), open_session(asgi)
    there = f"{own.place}/rpc/settings.change"
    answer = request(asgi, "POST", there, by_cookie(own.cookie, **page), change_to(5))
    assert (answer.status, answer.error, setting(app)) == (403, "foreign-origin", before)


def test_a_session_that_was_ended_opens_nothing(asgi: ASGIApp) -> None:
    own, other = open_session(asgi), open_session(asgi)
    ended = request(asgi, "DELETE", own.place, by_cookie(own.cookie, origin=OWN))
    assert ended.status == 200
    assert "Max-Age=0" in ended.headers["set-cookie"]
    assert f"Path={own.place}" in ended.headers["set-cookie"]
    assert request(asgi, "GET", own.place, by_cookie(own.cookie)).status == 401
    assert request(asgi, "GET", other.place, by_cookie(other.cookie)).status == 200


@pytest.mark.parametrize("value", ["", TOKEN, "x", "é"])
def test_an_invented_cookie_opens_nothing(asgi: ASGIApp, value: str) -> None:
    cookie = f"comfyui_launcher_{PORT}={value}"
    for place in (API, open_session(asgi).place):
        assert request(asgi, "GET", f"{place}/contract", by_cookie(cookie)).status == 401


def test_a_wrong_token_is_not_made_good_by_a_cookie(asgi: ASGIApp) -> None:
    own = open_session(asgi)
    headers = good(authorization="Bearer x", cookie=own.cookie)
    for place in (API, own.place):
        assert request(asgi, "GET", f"{place}/contract", headers).status == 401


def test_only_so_many_sessions_are_kept_the_newest(asgi: ASGIApp) -> None:
    first = open_session(asgi)
    last = [open_session(asgi) for _ in range(KEPT_SESSIONS)][-1]
    assert request(asgi, "GET", first.place, by_cookie(first.cookie)).status == 401
    assert request(asgi, "GET", last.place, by_cookie(last.cookie)).status == 200


# --- Bodies and names -----------------------------------------------------------------------------


def test_a_body_without_an_end_is_cut_at_the_limit(asgi: ASGIApp) -> None:
    async def endless() -> tuple[int, int]:
        taken = 0
        sent: list[Message] = []

        async def receive() -> Message:
            nonlocal taken
            taken += 65_536
            return {"type": "http.request", "body": b" " * 65_536, "more_body": True}

        async def send(message: Message) -> None:
            sent.append(message)

        await asgi(scope_of(CHANGE, good()), receive, send)
        return int(sent[0]["status"]), taken

    status, taken = asyncio.run(endless())
    assert status == 413
    assert taken <= 1024 * 1024 + 65_536


def test_who_hangs_up_in_the_middle_gets_no_answer_and_makes_no_noise(
    asgi: ASGIApp, app: App
) -> None:
    messages: list[Message] = [
        {"type": "http.disconnect"},
        {"type": "http.request", "body": change_to(2)[:10], "more_body": True},
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return messages.pop()

    async def send(message: Message) -> None:
        sent.append(message)

    log = app.paths.logs / "service.log"
    before = log.stat().st_size
    asyncio.run(run(asgi, scope_of(CHANGE, good()), receive, send))
    assert sent == []
    assert log.stat().st_size == before


def test_without_a_token_not_one_byte_of_the_body_is_read(asgi: ASGIApp) -> None:
    async def receive() -> Message:
        raise AssertionError("the body was asked for")

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(run(asgi, scope_of(CHANGE, good(authorization=None)), receive, send))
    assert sent[0]["status"] == 401


async def run(asgi: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await asgi(scope, receive, send)


def scope_of(path: str, headers: Pairs) -> Scope:
    raw = [(name.encode(), value.encode()) for name, value in headers]
    return {
        "type": "http", "http_version": "1.1", "method": "POST", "path": path, "root_path": "",
        "raw_path": path.encode(), "query_string": b"", "headers": raw, "scheme": "http",
    }  # fmt: skip


def test_on_every_interface_any_address_is_a_name_but_no_other_name_is() -> None:
    everywhere = Addresses(PORT, "0.0.0.0")
    assert everywhere.are_ours("192.0.2.7:8000")
    assert everywhere.are_ours("[2001:db8::1]:8000")
    for host in ("192.0.2.7", "192.0.2.7:80", "evil.example:8000", "192.0.2.7.evil.example:8000",
                 "[evil]:8000", "2001:db8::1:8000", ":8000", "3221225991:8000"):  # fmt: skip
        assert not everywhere.are_ours(host), host
    assert everywhere.made("http://192.0.2.7:8000", "192.0.2.7:8000")
    assert not everywhere.made("http://192.0.2.9:8000", "192.0.2.7:8000")


def test_on_port_80_browsers_leave_the_port_out() -> None:
    assert Addresses(80).are_ours("localhost")
    assert not Addresses(80).are_ours("localhost:8000")
    assert Addresses(80).made("http://localhost", "localhost")
