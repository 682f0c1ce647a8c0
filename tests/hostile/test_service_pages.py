"""The pages: for everyone who opens them, and nothing of this machine beside them."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.types import ASGIApp

from backend.composition import App, build_app
from backend.service.app import create_app
from backend.service.keys import Keys
from backend.service.pages import DID_NOT_START, LARGEST_FILE, Pages
from tests.helpers.service import API, Answer, ask

PORT = 8000
HERE = f"127.0.0.1:{PORT}"
INDEX = b'<!doctype html><title>x</title><script type="module" src="/assets/index.js"></script>'
VISIT = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "accept": "text/html"}

# What a browser says when a page of another site wants ours in it, or its content.
EMBEDDINGS = {
    "a frame": {"sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
    "an old frame": {"sec-fetch-mode": "navigate", "sec-fetch-dest": "frame"},
    "an object": {"sec-fetch-mode": "navigate", "sec-fetch-dest": "object"},
    "an embed": {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "embed"},
    "a script": {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "script"},
    "a module": {"sec-fetch-mode": "cors", "sec-fetch-dest": "script"},
    "a style": {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "style"},
    "an image": {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"},
    "a font": {"sec-fetch-mode": "cors", "sec-fetch-dest": "font"},
    "a fetch": {"sec-fetch-mode": "cors", "sec-fetch-dest": "empty"},
    "a blind fetch": {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "empty"},
    "a worker": {"sec-fetch-mode": "same-origin", "sec-fetch-dest": "worker"},
    "half a visit": {"sec-fetch-mode": "navigate"},
    "the other half": {"sec-fetch-dest": "document"},
    "nothing more": {},
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    made = build_app("service", {"COMFYUI_LAUNCHER_HOME": str(tmp_path_factory.mktemp("pages"))})
    yield made
    made.close()


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A built page; beside it lies what must not be reached."""
    folder = tmp_path / "frontend" / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_bytes(INDEX)
    (folder / "icon.svg").write_text("<svg/>")
    (folder / "build.json").write_text("{}")
    (folder / "assets" / "index.js").write_text("export {};")
    (folder / "assets" / "index.css").write_text("a{}")
    (folder / "assets" / "inter.woff2").write_bytes(b"wOF2")
    (folder.parent / "secret.json").write_text('{"secret": true}')
    return folder


@pytest.fixture
def asgi(app: App, dist: Path) -> ASGIApp:
    return create_app(app, Keys("t" * 43, PORT), pages=Pages(dist, Path("/logs/service.log")))


def get(asgi: ASGIApp, path: str, method: str = "GET", **headers: str) -> Answer:
    given = {"host": HERE} | {name.replace("_", "-"): value for name, value in headers.items()}
    return asyncio.run(ask(asgi, method, path, list(given.items())))


# --- What is there --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/index.html", "text/html; charset=utf-8"),
        ("/icon.svg", "image/svg+xml"),
        ("/build.json", "application/json"),
        ("/assets/index.js", "text/javascript; charset=utf-8"),
        ("/assets/index.css", "text/css; charset=utf-8"),
        ("/assets/inter.woff2", "font/woff2"),
    ],
)
def test_a_file_of_the_page_needs_no_token_and_says_what_it_is(
    asgi: ASGIApp, dist: Path, path: str, media_type: str
) -> None:
    answer = get(asgi, path)
    assert (answer.status, answer.headers["content-type"]) == (200, media_type)
    assert answer.body == (dist / (path[1:] or "index.html")).read_bytes()
    assert answer.headers["content-length"] == str(len(answer.body))


def test_a_page_may_load_from_us_only_and_be_held_by_nobody(asgi: ASGIApp) -> None:
    for path in ("/", "/assets/index.js", DID_NOT_START):
        headers = get(asgi, path).headers
        policy = dict(
            part.strip().partition(" ")[::2]
            for part in headers["content-security-policy"].split(";")
        )
        assert policy == {
            "default-src": "'none'",
            "script-src": "'self'",
            "style-src": "'self' 'unsafe-inline'",
            "img-src": "'self' data:",
            "font-src": "'self'",
            "connect-src": "'self'",
            "base-uri": "'none'",
            "form-action": "'none'",
            "frame-ancestors": "'none'",
        }
        assert "camera=()" in headers["permissions-policy"]
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert not any(name.startswith("access-control") for name in headers)


def test_a_browser_that_has_the_file_is_told_so_instead_of_sent_it_again(asgi: ASGIApp) -> None:
    first = get(asgi, "/assets/index.js")
    etag = first.headers["etag"]
    assert re.fullmatch(r'"[0-9a-f]{32}"', etag)
    assert first.headers["cache-control"] == "no-cache"
    for given in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        again = get(asgi, "/assets/index.js", if_none_match=given)
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", etag), given
        assert "content-security-policy" in again.headers
    assert get(asgi, "/assets/index.js", if_none_match='"other"').status == 200


def test_a_page_that_was_built_anew_shows_at_once(asgi: ASGIApp, dist: Path) -> None:
    before = get(asgi, "/assets/index.js").headers["etag"]
    (dist / "assets" / "index.js").write_text("export const newer = 1;")
    (dist / "assets" / "more.js").write_text("export {};")
    (dist / "icon.svg").unlink()
    after = get(asgi, "/assets/index.js", if_none_match=before)
    assert (after.status, after.body) == (200, b"export const newer = 1;")
    assert get(asgi, "/assets/more.js").status == 200
    assert get(asgi, "/icon.svg").status == 404


def test_a_folder_that_is_swapped_for_a_new_one_is_the_page_from_then_on(
    asgi: ASGIApp, dist: Path
) -> None:
    assert get(asgi, "/").body == INDEX
    dist.rename(dist.with_name("old"))
    assert get(asgi, "/").status == 503
    dist.mkdir()
    (dist / "index.html").write_bytes(b"new")
    assert get(asgi, "/").body == b"new"


def test_head_says_what_get_would_and_sends_nothing(asgi: ASGIApp) -> None:
    for path in ("/", DID_NOT_START, "/nowhere"):
        got, asked = (get(asgi, path, method, accept="text/html") for method in ("GET", "HEAD"))
        assert asked.body == b""
        assert (asked.status, asked.headers) == (got.status, got.headers)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_page_can_only_be_read(asgi: ASGIApp, method: str) -> None:
    assert get(asgi, "/", method, content_type="application/json").status == 401


# --- Without it -----------------------------------------------------------------------------------


def test_without_a_built_page_there_is_one_that_says_what_to_do(app: App, tmp_path: Path) -> None:
    asgi = create_app(app, Keys("t", PORT), pages=Pages(tmp_path / "nowhere"))
    answer = get(asgi, "/")
    assert (answer.status, answer.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert b"./launcher frontend build" in answer.body
    assert str(tmp_path).encode() not in answer.body, "anyone can ask, so it names no folder"
    assert b"<script" not in answer.body


def test_the_page_for_a_page_that_did_not_start_names_the_log_and_runs_no_script(
    app: App, dist: Path
) -> None:
    log = Path(os.fsdecode(b"a<script>alert(1)</script>/\xe9/window.log"))
    asgi = create_app(app, Keys("t", PORT), pages=Pages(dist, log))
    answer = get(asgi, DID_NOT_START)
    assert answer.status == 200
    assert b"a&lt;script&gt;alert(1)&lt;/script&gt;/?/window.log" in answer.body
    assert b'<a href="/">' in answer.body
    assert b"<script" not in answer.body
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("headers", [VISIT, {"accept": "text/html,*/*;q=0.8"}])
def test_a_person_at_a_wrong_address_gets_a_page(asgi: ASGIApp, headers: dict[str, str]) -> None:
    answer = get(asgi, "/<script>", **headers)
    assert (answer.status, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert b"script" not in answer.body


@pytest.mark.parametrize(
    "headers", [{}, {"sec-fetch-mode": "cors", "sec-fetch-site": "same-origin"}]
)
def test_a_program_at_a_wrong_address_gets_a_refusal(
    asgi: ASGIApp, headers: dict[str, str]
) -> None:
    answer = get(asgi, "/nowhere", **headers)
    assert (answer.status, answer.error) == (404, "unknown-endpoint")


# --- Other sites ----------------------------------------------------------------------------------


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("path", ["/", "/assets/index.js", DID_NOT_START, "/nowhere"])
@pytest.mark.parametrize("way", EMBEDDINGS)
def test_another_site_holds_or_loads_nothing_of_ours(
    asgi: ASGIApp, way: str, path: str, site: str
) -> None:
    answer = get(asgi, path, sec_fetch_site=site, **EMBEDDINGS[way])
    assert (answer.status, answer.error) == (403, "foreign-origin")


@pytest.mark.parametrize("site", ["cross-site", "same-site", "same-origin", "none"])
def test_a_link_of_anyone_leads_to_the_page(asgi: ASGIApp, site: str) -> None:
    answer = get(asgi, "/", sec_fetch_site=site, **VISIT)
    assert (answer.status, answer.body) == (200, INDEX)


def test_a_link_of_another_site_leads_nowhere_below_api(asgi: ASGIApp) -> None:
    for path in ("/health", f"{API}/session", f"{API}/contract", f"{API}/events"):
        answer = get(asgi, path, sec_fetch_site="cross-site", **VISIT)
        assert (answer.status, answer.error) == (403, "foreign-origin")


@pytest.mark.parametrize("origin", ["null", "http://evil.example", f"http://127.0.0.1:{PORT + 1}"])
def test_who_names_another_origin_gets_no_page(asgi: ASGIApp, origin: str) -> None:
    assert get(asgi, "/", origin=origin).status == 403
    assert get(asgi, "/", origin=origin, sec_fetch_site="cross-site", **VISIT).status == 403


def test_a_form_of_another_site_is_no_visit(asgi: ASGIApp) -> None:
    answer = get(asgi, "/", "POST", sec_fetch_site="cross-site", **VISIT)
    assert (answer.status, answer.error) == (403, "foreign-origin")


# --- Outside of the folder ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/..", "/../secret.json", "/assets/../../secret.json", "/./index.html", "//index.html",
        "/assets/../index.html", "/assets", "/assets/", "/%2e%2e/secret.json", "/..%2fsecret.json",
        "/..\\secret.json", "/index.html/", "/index.html\x00", "/\x00", "/index.html\x00.js",
        "//etc/passwd", "/etc/passwd", "/C:/x", "/~root", "/index.htm", "/INDEX.HTML", "",
        "index.html", "/a" * 4000, "/\ufffd", "/assets/index.js.map", "/ index.html",
    ],
)  # fmt: skip
def test_no_address_leads_out_of_the_folder_or_around_its_names(asgi: ASGIApp, path: str) -> None:
    answer = get(asgi, path)
    assert answer.status == 404
    assert b"root:" not in answer.body
    assert b'"secret": true' not in answer.body


def test_what_is_no_plain_file_of_the_page_is_not_served(asgi: ASGIApp, dist: Path) -> None:
    secret = dist.parent / "secret.json"
    (dist / "linked.json").symlink_to(secret)
    (dist / "linked").symlink_to(dist.parent)
    (dist / "assets" / "up").symlink_to("..")
    os.mkfifo(dist / "pipe.json")
    (dist / "folder.json").mkdir()
    (dist / ".hidden.json").write_text("{}")
    (dist / ".git").mkdir()
    (dist / ".git" / "config.json").write_text("{}")
    (dist / "program.py").write_text("x")
    (dist / "nothing").write_text("x")
    with (dist / "huge.json").open("wb") as huge:
        huge.truncate(LARGEST_FILE + 1)
    for path in (
        "/linked.json", "/linked/secret.json", "/assets/up/index.html", "/pipe.json",
        "/folder.json", "/.hidden.json", "/.git/config.json", "/program.py", "/nothing",
        "/huge.json",
    ):  # fmt: skip
        assert get(asgi, path).status == 404, path
    assert get(asgi, "/").status == 200


def test_a_link_in_place_of_a_file_or_of_the_whole_folder_is_not_followed(
    asgi: ASGIApp, dist: Path
) -> None:
    assert get(asgi, "/icon.svg").status == 200
    (dist / "icon.svg").unlink()
    (dist / "icon.svg").symlink_to(dist.parent / "secret.json")
    assert get(asgi, "/icon.svg").status == 404
    dist.rename(dist.with_name("elsewhere"))
    dist.symlink_to(dist.with_name("elsewhere"))
    assert get(asgi, "/").status == 503
    assert get(asgi, "/index.html").status == 404


def test_a_file_that_may_not_be_read_is_as_good_as_none(asgi: ASGIApp, dist: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("the administrator may read everything")
    (dist / "icon.svg").chmod(0)
    assert get(asgi, "/icon.svg").status == 404
