from __future__ import annotations

import gzip
import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from io import BufferedIOBase
from pathlib import Path

import pytest
import requests
import trustme

from backend.exceptions import (
    ComfyUILauncherError,
    HttpFailed,
    InvalidValue,
    NetworkUnreachable,
    OperationCancelled,
    UnexpectedAnswer,
)
from backend.platform.http import HttpClient, parse_retry_after
from backend.platform.ports import free_port
from tests.helpers.servers import Reply, Seen, Server, json_reply, redirect, serve

CANARY = "c4n4ry-5ecret"
CREDENTIALS = {"Authorization": f"Bearer {CANARY}", "X-Api-Key": CANARY}
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")

Answering = Callable[[Callable[[Seen], Reply]], Server]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def server() -> Iterator[Answering]:
    """Starts servers that answer by a function; they end with the test."""
    with ExitStack() as servers:
        yield lambda answer: servers.enter_context(serve(answer))


def client(
    *, timeout_seconds: float = 5, retries: int = 0, pauses: list[float] | None = None
) -> HttpClient:
    return HttpClient(
        timeout_seconds,
        retries,
        user_agent="comfyui-launcher/test",
        max_body_bytes=100_000,
        sleep=(list[float]() if pauses is None else pauses).append,
    )


def route(replies: Mapping[str, Reply]) -> Callable[[Seen], Reply]:
    return lambda seen: replies[seen.path.partition("?")[0]]


def in_turn(*replies: Reply) -> Callable[[Seen], Reply]:
    waiting = iter(replies)
    return lambda _: next(waiting)


def secrets_in(seen: Seen) -> bool:
    return CANARY in seen.path or any(CANARY in value for value in seen.headers.values())


# --- Answers --------------------------------------------------------------------------------------


def test_an_answer_holds_status_headers_and_body(server: Answering) -> None:
    here = server(lambda _: json_reply({"tag": "v0.3.60"}, ETag='"abc"'))
    answer = client().get_json(f"{here.url}/releases?page=2")
    assert (answer.status, answer.body) == (200, {"tag": "v0.3.60"})
    assert answer.headers["etag"] == answer.headers["ETAG"] == '"abc"'
    assert here.seen[0].path == "/releases?page=2"


def test_we_say_who_we_are_and_what_we_want(server: Answering) -> None:
    here = server(lambda _: json_reply(1))
    client().get_json(here.url, headers={"X-Version": "1"}, credentials=CREDENTIALS)
    sent = here.seen[0].headers
    assert sent["user-agent"] == "comfyui-launcher/test"
    assert sent["accept"] == "application/json"
    assert sent["x-version"] == "1"
    assert sent["authorization"] == f"Bearer {CANARY}"


def test_the_caller_may_ask_for_another_kind_of_json(server: Answering) -> None:
    here = server(lambda _: json_reply(1))
    client().get_json(here.url, headers={"Accept": "application/vnd.github+json"})
    assert here.seen[0].headers["accept"] == "application/vnd.github+json"


def test_an_unchanged_answer_has_no_body(server: Answering) -> None:
    here = server(lambda _: Reply(304, b"", {"ETag": '"abc"'}))
    answer = client().get_json(here.url, etag='"abc"')
    assert here.seen[0].headers["if-none-match"] == '"abc"'
    assert (answer.status, answer.body, answer.headers["etag"]) == (304, None, '"abc"')


def test_a_compressed_answer_is_read(server: Answering) -> None:
    body = gzip.compress(json.dumps({"a": "x" * 50_000}).encode())
    here = server(lambda _: Reply(body=body, headers={"Content-Encoding": "gzip"}))
    answer = client().get_json(here.url)
    assert answer.body == {"a": "x" * 50_000}


def test_an_answer_in_pieces_is_read(server: Answering) -> None:
    def write(wire: BufferedIOBase) -> None:
        for piece in (b"[1,", b"2,", b"3]"):
            wire.write(piece)
            wire.flush()
            time.sleep(0.01)

    here = server(lambda _: Reply(write=write))
    assert client().get_json(here.url).body == [1, 2, 3]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 429])
def test_an_error_of_ours_is_not_asked_twice(server: Answering, status: int) -> None:
    here = server(lambda _: Reply(status))
    with pytest.raises(HttpFailed) as caught:
        client(retries=3).get_json(here.url)
    assert caught.value.context["status"] == status
    assert len(here.seen) == 1


def test_a_refusal_that_the_caller_understands_comes_with_its_headers(server: Answering) -> None:
    limit = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1790000000"}
    here = server(lambda _: Reply(403, b'{"message": "rate limit"}', limit))
    answer = client(retries=3).get_json(here.url, accept_statuses=(200, 304, 403, 429))
    assert (answer.status, answer.body) == (403, {"message": "rate limit"})
    assert answer.headers["x-ratelimit-reset"] == "1790000000"


def test_an_accepted_refusal_without_json_has_no_body(server: Answering) -> None:
    here = server(lambda _: Reply(403, b"<html>Forbidden</html>"))
    assert client().get_json(here.url, accept_statuses=(200, 403)).body is None


def test_a_fault_of_the_server_is_asked_again(server: Answering) -> None:
    here, pauses = server(in_turn(Reply(503), Reply(500), json_reply(1))), list[float]()
    assert client(retries=3, pauses=pauses).get_json(here.url).body == 1
    assert len(here.seen) == 3
    assert len(pauses) == 2


def test_the_server_says_when_to_come_back(server: Answering) -> None:
    here = server(in_turn(Reply(503, headers={"Retry-After": "7"}), json_reply(1)))
    pauses = list[float]()
    client(retries=1, pauses=pauses).get_json(here.url)
    assert pauses == [7.0]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Fri, 20 Nov 2026 12:00:30 GMT", 30.0),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0.0),
        ("Friday, 20-Nov-26 12:01:00 GMT", 60.0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("", None),
        ("٣", None),
    ],
)
def test_when_to_come_back_is_a_number_or_a_date(text: str, seconds: float | None) -> None:
    now = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    assert parse_retry_after({"retry-after": text}, now) == seconds


# --- Bad answers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b'{"a": ', b"\xff\xfe\x00", b"[" * 90_000],
    ids=["empty", "html", "cut", "no text", "deep"],
)
def test_what_is_no_json_is_told_and_not_asked_again(server: Answering, body: bytes) -> None:
    here = server(lambda _: Reply(body=body))
    with pytest.raises(UnexpectedAnswer, match=r"127\.0\.0\.1"):
        client(retries=3).get_json(here.url)
    assert len(here.seen) == 1


def test_an_endless_body_is_given_up(server: Answering) -> None:
    def write(wire: BufferedIOBase) -> None:
        while True:
            wire.write(b"1" * 10_000)

    here = server(lambda _: Reply(write=write))
    with pytest.raises(UnexpectedAnswer) as caught:
        client().get_json(here.url)
    assert "more than 100000 bytes" in str(caught.value.context["detail"])


def test_a_small_body_that_unpacks_to_a_huge_one_is_given_up(server: Answering) -> None:
    bomb = gzip.compress(b"1" * 50_000_000)
    here = server(lambda _: Reply(body=bomb, headers={"Content-Encoding": "gzip"}))
    with pytest.raises(UnexpectedAnswer) as caught:
        client().get_json(here.url)
    assert "more than 100000 bytes" in str(caught.value.context["detail"])


def test_a_body_that_cannot_be_unpacked_is_told(server: Answering) -> None:
    here = server(lambda _: Reply(body=b"no gzip", headers={"Content-Encoding": "gzip"}))
    with pytest.raises(UnexpectedAnswer):
        client().get_json(here.url)


def test_a_body_that_ends_too_early_is_asked_for_again(server: Answering) -> None:
    short = Reply(body=b'{"a": 1}', headers={"Content-Length": "500"})
    here = server(in_turn(short, json_reply({"a": 1})))
    assert client(retries=1).get_json(here.url).body == {"a": 1}
    assert len(here.seen) == 2


def test_nobody_at_the_other_end_is_told_after_the_repeats() -> None:
    pauses = list[float]()
    port = free_port()
    with pytest.raises(NetworkUnreachable, match=f"127.0.0.1:{port} could not be reached"):
        client(retries=2, pauses=pauses).get_json(f"http://127.0.0.1:{port}/")
    assert len(pauses) == 2


def test_a_server_that_stays_silent_is_given_up(server: Answering) -> None:
    def silent(_: Seen) -> Reply:
        time.sleep(0.6)
        return Reply()

    here, begin = server(silent), time.monotonic()
    with pytest.raises(NetworkUnreachable):
        client(timeout_seconds=0.1).get_json(here.url)
    assert time.monotonic() - begin < 0.5


def dribble(wire: BufferedIOBase) -> None:
    for _ in range(150):
        wire.write(b" ")
        wire.flush()
        time.sleep(0.02)


def test_a_server_that_dribbles_is_given_up(server: Answering) -> None:
    here, begin = server(lambda _: Reply(write=dribble)), time.monotonic()
    with pytest.raises(NetworkUnreachable) as caught:
        client(timeout_seconds=0.1).get_json(here.url)
    assert time.monotonic() - begin < 1.5
    assert caught.value.context["detail"] == "the answer took too long"


def test_a_cancel_ends_the_reading_at_once(server: Answering) -> None:
    here, begin = server(lambda _: Reply(write=dribble)), time.monotonic()

    def check() -> None:
        if time.monotonic() - begin > 0.1:
            raise OperationCancelled("op")

    with pytest.raises(OperationCancelled):
        client().get_json(here.url, check=check)
    assert time.monotonic() - begin < 1


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org",
        "file:///etc/passwd",
        f"https://user:{CANARY}@example.org",
        "https://exa mple.org",
        "https://" + "a" * 70 + ".example.org",
    ],
)
def test_an_unsound_address_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        client(retries=3).get_json(url)
    assert CANARY not in f"{caught.value}{caught.value.context}"


# --- Redirects ------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_on_the_same_server_keeps_the_credentials(
    server: Answering, status: int
) -> None:
    here = server(route({"/a": redirect("/b?x=1", status), "/b": json_reply(1)}))
    assert client().get_json(f"{here.url}/a", credentials=CREDENTIALS).body == 1
    assert here.seen[1].path == "/b?x=1"
    assert secrets_in(here.seen[1])


def test_a_redirect_to_another_port_goes_without_credentials(server: Answering) -> None:
    other = server(lambda _: json_reply("from the other"))
    here = server(lambda _: redirect(f"{other.url}/b"))
    answer = client().get_json(f"{here.url}/a", headers={"X-Kept": "1"}, credentials=CREDENTIALS)
    assert answer.body == "from the other"
    assert secrets_in(here.seen[0])
    assert not secrets_in(other.seen[0])
    assert other.seen[0].headers["x-kept"] == "1"


def test_a_redirect_to_another_name_of_the_same_machine_goes_without_credentials(
    server: Answering,
) -> None:
    here = server(
        lambda seen: (
            redirect(f"http://localhost:{here.port}/b") if seen.path == "/a" else json_reply(1)
        )
    )
    client().get_json(f"{here.url}/a", credentials=CREDENTIALS)
    assert [secrets_in(seen) for seen in here.seen] == [True, False]


def test_the_way_back_from_a_foreign_server_does_not_bring_the_credentials_back(
    server: Answering,
) -> None:
    other = server(lambda _: redirect(f"{here.url}/c"))
    here = server(route({"/a": redirect(f"{other.url}/b"), "/c": json_reply(1)}))
    client().get_json(f"{here.url}/a", credentials=CREDENTIALS)
    assert [secrets_in(seen) for seen in here.seen] == [True, False]
    assert not secrets_in(other.seen[0])


def test_a_repeat_after_a_foreign_failure_starts_anew_with_credentials(server: Answering) -> None:
    other = server(in_turn(Reply(500), json_reply(1)))
    here = server(lambda _: redirect(other.url))
    client(retries=1).get_json(here.url, credentials=CREDENTIALS)
    assert [secrets_in(seen) for seen in here.seen] == [True, True]
    assert not any(secrets_in(seen) for seen in other.seen)


def test_the_address_we_come_from_is_not_told(server: Answering) -> None:
    other = server(lambda _: json_reply(1))
    here = server(lambda _: redirect(other.url))
    client().get_json(f"{here.url}/a?token={CANARY}")
    assert not secrets_in(other.seen[0])


def test_no_cookie_is_kept(server: Answering) -> None:
    cookie = {"Set-Cookie": "session=abc; Path=/", "Location": "/b"}
    here = server(route({"/a": Reply(302, headers=cookie), "/b": json_reply(1)}))
    asking = client()
    asking.get_json(f"{here.url}/a")
    asking.get_json(f"{here.url}/b")
    assert not any("cookie" in seen.headers for seen in here.seen)


def test_five_redirects_are_followed_and_six_are_not(server: Answering) -> None:
    def step(seen: Seen) -> Reply:
        left = int(seen.path.removeprefix("/"))
        return redirect(f"/{left - 1}") if left else json_reply("arrived")

    here = server(step)
    assert client().get_json(f"{here.url}/5").body == "arrived"
    here.seen.clear()
    with pytest.raises(UnexpectedAnswer) as caught:
        client(retries=3).get_json(f"{here.url}/6")
    assert caught.value.context["detail"] == "more than 5 redirects"
    assert len(here.seen) == 6


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "ftp://example.org/",
        "http://user:pw@example.org/",
        "http://user@127.0.0.1/",
        "http://127.0.0.1\\@example.org/",
        "http://[::1",
        "http://127.0.0.1:99999/",
        "http://exa mple.org/",
        "http://-example.org/",
    ],
)
def test_an_odd_redirect_is_refused(server: Answering, location: str) -> None:
    here = server(lambda _: redirect(location))
    with pytest.raises(UnexpectedAnswer):
        client(retries=3).get_json(here.url, credentials=CREDENTIALS)
    assert len(here.seen) == 1


def test_a_redirect_status_without_a_place_is_an_error_status(server: Answering) -> None:
    here = server(lambda _: Reply(302))
    with pytest.raises(HttpFailed) as caught:
        client().get_json(here.url)
    assert caught.value.context["status"] == 302


# --- Surroundings ---------------------------------------------------------------------------------


def test_netrc_is_never_used(
    server: Answering, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login me password {CANARY}\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    here = server(lambda _: json_reply(1))
    client().get_json(here.url)
    assert "authorization" not in here.seen[0].headers


def test_a_proxy_of_the_environment_is_used(
    server: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = server(lambda _: json_reply("through the proxy"))
    monkeypatch.setenv("http_proxy", proxy.url)
    assert client().get_json("http://example.invalid/x").body == "through the proxy"
    assert proxy.seen[0].path == "http://example.invalid/x"


def test_what_the_environment_exempts_goes_around_the_proxy(
    server: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, here = server(lambda _: json_reply("proxy")), server(lambda _: json_reply("direct"))
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert client().get_json(here.url).body == "direct"
    assert not proxy.seen


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system trusts our authority: OpenSSL reads this variable, requests would not."""
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))


@pytest.mark.usefixtures("trusted")
def test_a_server_that_the_system_trusts_is_trusted(secure: ssl.SSLContext) -> None:
    with serve(lambda _: json_reply("secure"), tls=secure) as here:
        assert client().get_json(here.url).body == "secure"


def test_a_server_that_nobody_vouches_for_is_not_asked_twice(secure: ssl.SSLContext) -> None:
    with serve(lambda _: json_reply(1), tls=secure) as here:
        pauses = list[float]()
        with pytest.raises(NetworkUnreachable, match="could not be reached") as caught:
            client(retries=3, pauses=pauses).get_json(here.url)
        assert "certificate" in str(caught.value.context["detail"]).lower()
        assert not pauses
        assert not here.seen


def test_only_the_list_of_the_system_counts_and_not_the_one_that_requests_brings(
    authority: trustme.CA,
    secure: ssl.SSLContext,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "bundle.pem"))
    monkeypatch.setattr(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", str(tmp_path / "bundle.pem"))
    with (
        serve(lambda _: json_reply(1), tls=secure) as here,
        pytest.raises(NetworkUnreachable),
    ):
        client().get_json(here.url)


@pytest.mark.usefixtures("trusted")
def test_a_certificate_for_another_name_is_refused(secure: ssl.SSLContext) -> None:
    with (
        serve(lambda _: json_reply(1), tls=secure) as here,
        pytest.raises(NetworkUnreachable),
    ):
        client().get_json(here.url.replace("127.0.0.1", "localhost"))


@pytest.mark.usefixtures("trusted")
def test_a_redirect_from_https_to_http_is_refused(
    secure: ssl.SSLContext, server: Answering
) -> None:
    plain = server(lambda _: json_reply(1))
    with serve(lambda _: redirect(plain.url), tls=secure) as here:
        with pytest.raises(UnexpectedAnswer) as caught:
            client().get_json(here.url, credentials=CREDENTIALS)
        assert caught.value.context["detail"] == "a redirect from https to http"
    assert not plain.seen


@pytest.mark.usefixtures("trusted")
def test_a_redirect_from_http_to_https_goes_without_credentials(
    secure: ssl.SSLContext, server: Answering
) -> None:
    with serve(lambda _: json_reply("secure"), tls=secure) as target:
        here = server(lambda _: redirect(target.url))
        assert client().get_json(here.url, credentials=CREDENTIALS).body == "secure"
        assert not secrets_in(target.seen[0])


def test_no_error_and_no_log_line_holds_a_secret(
    server: Answering, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "backend")
    here = server(lambda _: Reply(500))
    with pytest.raises(ComfyUILauncherError) as caught:
        client(retries=2).get_json(f"{here.url}/x?key={CANARY}", credentials=CREDENTIALS)
    error = caught.value
    assert len(here.seen) == 3
    assert f"GET {here.url}/x" in caplog.text
    assert CANARY not in f"{caplog.text}{error}{error.hint}{error.context}"


def test_the_details_of_a_failed_connection_hold_no_query() -> None:
    with pytest.raises(NetworkUnreachable) as caught:
        client().get_json(f"http://127.0.0.1:{free_port()}/x?key={CANARY}")
    assert "refused" in str(caught.value.context["detail"])
    assert CANARY not in str(caught.value.context)
