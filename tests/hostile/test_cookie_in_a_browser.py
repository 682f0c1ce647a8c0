"""What a real browser sends to whom: the neighbours on this machine get no key of ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.helpers.browser import launch_chromium, let_in, new_context
from tests.helpers.servers import Reply, Seen, serve
from tests.helpers.service import running

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ASKED = ("/", "/api", "/api/queue", "/api/v1", "/api/v1/session", "/api/v1/session/x/events",
         "/api/v1/rpc/system.info", f"/api/v1/session/{'0' * 32}")  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from launch_chromium()


def neighbour(_: Seen) -> Reply:
    """What a ComfyUI with any custom node may answer on another port of this machine."""
    return Reply(body=b"<title>neighbour</title>", headers={
        "Content-Type": "text/html", "Set-Cookie": "its_own=1; Path=/",
    })  # fmt: skip


def test_no_other_server_of_this_machine_is_sent_the_cookie(
    browser: Browser, tmp_path: Path
) -> None:
    context = new_context(browser)
    with running(tmp_path) as service, serve(neighbour) as elsewhere:
        let_in(context, service)
        page = context.new_page()
        page.goto(f"{service.url}/did-not-start")
        place = page.evaluate("localStorage.getItem('place')")
        status = "async (path) => (await fetch(path)).status"
        assert page.evaluate(status, place) == 200, "at its place the cookie is sent"
        assert page.evaluate(status, "/api/v1/session") == 401

        page.goto(elsewhere.url)
        for path in ASKED:
            page.evaluate(status, path)
        assert set(ASKED) <= {seen.path for seen in elsewhere.seen}
        cookies = " ".join(seen.headers.get("cookie", "") for seen in elsewhere.seen)
        assert "its_own=1" in cookies, "cookies are of a host, whatever the port"
        assert "comfyui_launcher" not in cookies
        assert page.evaluate("localStorage.getItem('place')") is None
    context.close()
