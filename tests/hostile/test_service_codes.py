"""Codes: they open one session for one page of ours, soon; and nothing else ever."""

from __future__ import annotations

import asyncio
import json
import re
import string
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp

from backend.composition import App, build_app
from backend.exceptions import RateLimited, WrongCode
from backend.logging_config import scrub
from backend.service.app import create_app
from backend.service.codes import ALPHABET, CODE_SECONDS, KEPT_CODES, TRIES, Codes
from backend.service.codes import Door as Kind
from backend.service.keys import Keys
from tests.helpers.service import API, Answer, ask

PORT = 8000
TOKEN = "correct-horse-battery-staple-0123456789abcdef"
HERE = f"127.0.0.1:{PORT}"
OWN = f"http://{HERE}"
SESSION = f"{API}/session"
ISSUE = f"{SESSION}/codes"
WRONG = "0000-0000-0000"


@dataclass
class Clock:
    """Time that passes when it is told to."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Door:
    """The service in this process, its keys and its clock."""

    app: App
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.keys = Keys(TOKEN, PORT, self.clock)
        self.asgi: ASGIApp = create_app(self.app, self.keys)

    def ask(self, method: str, path: str, body: Any = None, **headers: str | None) -> Answer:
        given: dict[str, str | None] = {"host": HERE, "content_type": "application/json"}
        pairs = [
            (name.replace("_", "-"), value)
            for name, value in (given | headers).items()
            if value is not None
        ]
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return asyncio.run(ask(self.asgi, method, path, pairs, content))

    def redeem(self, code: Any, **headers: str | None) -> Answer:
        """What a page of ours is told when it hands the code in."""
        return self.ask("POST", SESSION, {"code": code}, **({"origin": OWN} | headers))

    def session(self, opened: Answer) -> Answer:
        """What the page of that session is told of it."""
        return self.ask("GET", opened.place, cookie=opened.cookie)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    made = build_app("service", {"COMFYUI_LAUNCHER_HOME": str(tmp_path_factory.mktemp("codes"))})
    yield made
    made.close()


@pytest.fixture
def door(app: App) -> Door:
    return Door(app)


# --- What a code is for ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["window", "browser"])
def test_a_code_opens_a_session_that_knows_where_it_was_opened(door: Door, kind: Kind) -> None:
    opened = door.redeem(door.keys.issue_code(kind))
    assert (opened.status, opened.headers["location"]) == (201, opened.place)
    assert opened.value == {"place": opened.place, "door": kind}
    assert re.fullmatch(rf"{SESSION}/[0-9a-f]{{32}}", opened.place)
    attributes = opened.headers["set-cookie"].split("; ")[1:]
    assert {one.lower() for one in attributes} == {
        "httponly",
        "samesite=strict",
        f"path={opened.place}",
    }
    assert door.session(opened).value == {"known_by": "session", "door": kind}
    called = door.ask(
        "POST", f"{opened.place}/rpc/settings.list", {}, cookie=opened.cookie, origin=OWN
    )
    assert called.status == 200


def test_a_page_whose_browser_sends_no_origin_is_known_by_the_word_of_the_browser(
    door: Door,
) -> None:
    code = door.keys.issue_code("window")
    assert door.redeem(code, origin=None, sec_fetch_site="same-origin").status == 201


def test_a_program_with_the_token_needs_no_code(door: Door) -> None:
    by_token = {"authorization": f"Bearer {TOKEN}"}
    for body in (b"", b"{}", b'{"code":null}'):
        opened = door.ask("POST", SESSION, body, **by_token)
        assert door.session(opened).value == {"known_by": "session", "door": "program"}
    assert door.ask("GET", SESSION, **by_token).value == {"known_by": "token", "door": "program"}


def test_a_page_that_is_known_can_open_another_session_of_its_door(door: Door) -> None:
    first = door.redeem(door.keys.issue_code("window"))
    again = door.ask("POST", first.place, {}, cookie=first.cookie, origin=OWN)
    assert again.place != first.place
    assert door.session(again).value["door"] == door.session(first).value["door"] == "window"


def test_each_session_keeps_its_own_door(door: Door) -> None:
    kinds: tuple[Kind, ...] = ("window", "browser", "window")
    opened = [door.redeem(door.keys.issue_code(kind)) for kind in kinds]
    assert [door.session(one).value["door"] for one in opened] == list(kinds)


def test_a_program_with_the_token_gets_a_code_for_a_browser(door: Door) -> None:
    by_token = {"authorization": f"Bearer {TOKEN}"}
    issued = door.ask("POST", ISSUE, {}, **by_token)
    assert issued.status == 200
    opened = door.redeem(issued.value["code"])
    assert opened.value["door"] == "browser"
    # A page has no business to let others in.
    for place, more in ((ISSUE, {}), (f"{opened.place}/session/codes", {"cookie": opened.cookie})):
        refused = door.ask("POST", place, {}, origin=OWN, **more)
        assert (refused.status, refused.error) == (401, "not-authenticated")


# --- How it looks and how it is typed -------------------------------------------------------------


def test_a_code_can_be_read_aloud_and_no_two_are_the_same() -> None:
    codes = Codes()
    made = [codes.issue("browser") for _ in range(2000)]
    assert len(set(made)) == len(made)
    assert all(re.fullmatch(rf"(?:[{ALPHABET}]{{4}}-){{2}}[{ALPHABET}]{{4}}", one) for one in made)
    assert set("".join(made)) == {*ALPHABET, "-"}
    assert len(ALPHABET) == len(set(ALPHABET)) == 32
    assert not set("ILOU") & set(ALPHABET)


SLOPPY: dict[str, Callable[[str], str]] = {
    "small letters": str.lower,
    "no groups": lambda code: code.replace("-", ""),
    "spaces for dashes": lambda code: code.replace("-", " "),
    "spaces around it": lambda code: f"  {code}\n",
    "long dashes": lambda code: code.replace("-", "\u2013"),
    "other groups": lambda code: "-".join(code.replace("-", "")),
    "o for 0": lambda code: code.replace("0", "o"),
    "O for 0": lambda code: code.replace("0", "O"),
    "i for 1": lambda code: code.replace("1", "i"),
    "l for 1": lambda code: code.replace("1", "l"),
    "I for 1": lambda code: code.replace("1", "I"),
    "L for 1": lambda code: code.replace("1", "L"),
}


@pytest.mark.parametrize("way", SLOPPY)
def test_how_carelessly_a_code_is_typed_does_not_matter(way: str) -> None:
    codes = Codes()
    while not {"0", "1"} <= set(code := codes.issue("browser")):
        pass
    assert codes.redeem(SLOPPY[way](code)) == "browser"


def test_a_code_with_one_wrong_character_is_wrong() -> None:
    clock = Clock()
    codes = Codes(clock)
    code = codes.issue("browser")
    for at, right in enumerate(code.replace("-", "")):
        other = next(letter for letter in ALPHABET if letter != right)
        plain = code.replace("-", "")
        with pytest.raises(WrongCode):
            codes.redeem(plain[:at] + other + plain[at + 1 :])
        clock.now += 6
    assert codes.redeem(code) == "browser"


@pytest.mark.parametrize("typed", ["", "-", " ", "0", "0" * 12, "U" * 12, "\udce9" * 12, "ß" * 12])
def test_what_is_no_code_opens_nothing(typed: str) -> None:
    codes = Codes()
    codes.issue("window")
    with pytest.raises(WrongCode):
        codes.redeem(typed)


# --- Once, soon, and only the newest --------------------------------------------------------------


def test_a_code_that_was_used_opens_nothing_more(door: Door) -> None:
    code = door.keys.issue_code("window")
    assert door.redeem(code).status == 201
    again = door.redeem(code)
    assert (again.status, again.error) == (401, "wrong-code")
    assert "set-cookie" not in again.headers
    assert "ten minutes" in again.json["error"]["hint"]


def test_of_many_that_hand_in_one_code_at_once_one_gets_in() -> None:
    codes = Codes()
    code = codes.issue("window")
    here = threading.Barrier(TRIES.burst)

    def redeem(_: int) -> bool:
        here.wait()
        try:
            return codes.redeem(code) == "window"
        except WrongCode:
            return False

    with ThreadPoolExecutor(TRIES.burst) as pool:
        assert sorted(pool.map(redeem, range(TRIES.burst)))[-2:] == [False, True]


def test_a_code_is_good_for_ten_minutes(door: Door) -> None:
    early, late = door.keys.issue_code("window"), door.keys.issue_code("window")
    door.clock.now += CODE_SECONDS - 0.1
    assert door.redeem(early).status == 201
    door.clock.now += 0.1
    assert door.redeem(late).error == "wrong-code"
    assert CODE_SECONDS == 600


def test_only_the_newest_codes_are_kept(door: Door) -> None:
    codes = [door.keys.issue_code("browser") for _ in range(KEPT_CODES + 1)]
    assert door.redeem(codes[0]).error == "wrong-code"
    assert {door.redeem(code).status for code in codes[1:]} == {201}


# --- Guessing -------------------------------------------------------------------------------------


def test_guessing_is_slow(door: Door) -> None:
    for _ in range(TRIES.burst):
        assert door.redeem(WRONG).error == "wrong-code"
    limited = door.redeem(WRONG)
    assert (limited.status, limited.error) == (429, "rate-limited")
    wait = int(limited.headers["retry-after"])
    assert 1 <= wait <= 6
    door.clock.now += wait
    assert door.redeem(WRONG).error == "wrong-code"
    assert door.redeem(WRONG).error == "rate-limited"


def test_whoever_guesses_keeps_nobody_out_who_has_the_code(door: Door) -> None:
    code = door.keys.issue_code("window")
    for _ in range(3 * TRIES.burst):
        door.redeem(WRONG)
    assert door.redeem(WRONG).error == "rate-limited"
    assert door.redeem(code).status == 201


def test_guessing_costs_a_program_with_the_token_nothing(door: Door) -> None:
    for _ in range(TRIES.burst + 5):
        door.redeem(WRONG)
    opened = door.ask("POST", SESSION, {}, authorization=f"Bearer {TOKEN}")
    assert opened.status == 201
    with pytest.raises(RateLimited):
        door.keys.redeem(WRONG)


# --- Others ---------------------------------------------------------------------------------------


FOREIGN: list[dict[str, str | None]] = [
    {"origin": "http://evil.example"},
    {"origin": "null"},
    {"origin": f"http://127.0.0.1:{PORT + 1}"},
    {"origin": OWN, "sec_fetch_site": "cross-site"},
    {"origin": None, "sec_fetch_site": "same-site"},
    {"host": "evil.example:8000"},
    {"host": "evil.example:8000", "origin": "http://evil.example:8000"},
]


@pytest.mark.parametrize("page", FOREIGN)
def test_another_site_cannot_use_a_code_even_a_right_one(
    door: Door, page: dict[str, str | None]
) -> None:
    code = door.keys.issue_code("browser")
    answer = door.redeem(code, **page)
    assert (answer.status, answer.error) == (403, "foreign-origin")
    assert door.redeem(code).status == 201, "and it was not used up"


@pytest.mark.parametrize(
    "headers",
    [{"origin": None}, {"origin": None, "sec_fetch_site": "none"}, {"authorization": "Bearer x"}],
)
def test_what_is_neither_a_page_of_ours_nor_has_the_token_is_a_stranger(
    door: Door, headers: dict[str, str | None]
) -> None:
    answer = door.redeem(door.keys.issue_code("browser"), **headers)
    assert (answer.status, answer.error) == (401, "not-authenticated")


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_a_code_comes_as_json_or_not_at_all(door: Door, content_type: str | None) -> None:
    answer = door.redeem(door.keys.issue_code("browser"), content_type=content_type)
    assert (answer.status, answer.error) == (400, "malformed-request")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 401, "not-authenticated"),
        (b"{}", 401, "not-authenticated"),
        (b'{"code":null}', 401, "not-authenticated"),
        (b'{"code":""}', 401, "wrong-code"),
        (b"[]", 400, "malformed-request"),
        (b"{", 400, "malformed-request"),
        (b"\xff", 400, "malformed-request"),
        (b'{"code":5}', 422, "invalid-request"),
        (b'{"code":["0000-0000-0000"]}', 422, "invalid-request"),
        (b'{"code":"0000-0000-0000","door":"window"}', 422, "invalid-request"),
        (b'{"code":"' + b"0" * 65 + b'"}', 422, "invalid-request"),
        (b'{"code":"' + b"0" * 2000 + b'"}', 413, "request-too-large"),
    ],
)
def test_a_body_that_is_no_code_opens_nothing(
    door: Door, body: bytes, status: int, code: str
) -> None:
    door.keys.issue_code("window")
    answer = door.ask("POST", SESSION, body, origin=OWN)
    assert (answer.status, answer.error) == (status, code)
    assert "set-cookie" not in answer.headers


def test_a_code_opens_nothing_but_a_session(door: Door) -> None:
    code = door.keys.issue_code("window")
    body = {"code": code}
    for method, path in (
        ("POST", f"{API}/rpc/settings.list"), ("DELETE", SESSION), ("PUT", SESSION),
        ("POST", f"{SESSION}/"), ("POST", f"{API}/rpc/session"), ("GET", f"{SESSION}?code={code}"),
        ("POST", ISSUE),
        ("GET", f"{API}/events?code={code}"),
    ):  # fmt: skip
        assert door.ask(method, path, body, origin=OWN).status == 401, (method, path)
    by_code = door.ask("GET", SESSION, authorization=f"Bearer {code}")
    assert by_code.status == 401
    assert door.ask("GET", SESSION, cookie=f"comfyui_launcher_{PORT}={code}").status == 401


def test_a_code_is_hidden_wherever_it_would_be_written(door: Door, app: App) -> None:
    code = door.keys.issue_code("window")
    assert code not in scrub(f"opening {OWN}/#code={code}")
    door.redeem(code)
    door.redeem(code)
    logs = [path.read_text("utf-8") for path in Path(app.paths.logs).iterdir()]
    assert not any(code in text for text in logs)


def test_every_character_that_people_type_is_understood_or_refused_in_words(door: Door) -> None:
    for letter in string.printable:
        answer = door.redeem(letter * 12)
        assert answer.error == "wrong-code", letter
        door.clock.now += 6
