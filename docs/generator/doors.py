"""The pages about the command line and the service."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout, suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Final, cast

from backend.api.exit_codes import EXIT_CODES, exit_code_of
from backend.exceptions import all_errors
from backend.operations.events import EventStream
from backend.service.answers import API
from backend.service.statuses import Status, all_statuses, status_of
from docs.generator.commands import Command, Flag, commands, common_flags
from docs.generator.words import table

if TYPE_CHECKING:
    from backend.composition import App

RPC: Final = f"{API}/rpc/"

COMMANDS_INTRODUCTION: Final = """\
# Commands

`./launcher` is in the folder of the launcher; it can be called from every folder. Without a word it
opens [the window](../how-to/the-window.md): `--browser` opens it in the browser, `--window` nowhere
but in a window of its own. The words for developers (`test`, `bench`, `check`, `lock`, `sbom`,
`audit`, `frontend`) are in [CONTRIBUTING](../../CONTRIBUTING.md).

Results go to standard output, everything else to standard error. Every command takes these, at any
place before a `--`:
"""

EXIT_INTRODUCTION: Final = """\
# Exit status

What `./launcher` ends with. A script can rely on these numbers; which error leads to which is in
[errors](errors.md).
"""

HTTP_INTRODUCTION: Final = """\
# HTTP

`./launcher serve` runs the service. It listens on this machine only, unless it is told otherwise.
Its address and its token are in `launcher-data/service.json`.

Below `/api`, every request carries the token (`Authorization: Bearer TOKEN`), or comes with the
cookie of a session to the place of that session. `/` and the other files of the window's page need
neither.

A page gets its session by a code: the launcher opens it at `/#code=XXXX-XXXX-XXXX`, and it posts
`{"code": "XXXX-XXXX-XXXX"}` to `/api/v1/session`. A code opens one session, within ten minutes; to
whoever has the token, `POST /api/v1/session/codes` answers a new one for a browser. The answer to
the page is `{"place": "/api/v1/session/…", "door": "…"}` and a cookie that the browser sends to
that place only. Behind the place the page finds all that is behind `/api/v1`: it posts to
`PLACE/rpc/versions.list`, listens to `PLACE/events`, and asks `GET PLACE` whether the session still
stands; `DELETE PLACE` ends it. No other server of this machine is ever asked for that path, so that
none is sent the cookie: browsers do not tell ports apart there.

A body is one JSON object of 1 MiB at most, with `Content-Type: application/json`. Every answer is
the envelope of [the API](api.md), but for `/health`, events, OpenAPI and the page.
"""

EVENTS_INTRODUCTION: Final = """\
## Events

`GET /api/v1/events` is a stream of Server-Sent Events. `id` is the id of the event, `event` its
type, `data` the [Event](api.md#model-event). With the header `Last-Event-ID` (or the parameter
`after`) it begins behind that event. Where that is too long ago, or was another start of the
service, the first frame is `event: reset`: read the state anew. A comment comes every 15 seconds
while nothing happens. At most 128 clients listen at once.
"""


def command_line() -> str:
    """Every command of `./launcher` with its options."""
    return "\n".join([COMMANDS_INTRODUCTION, *_options(common_flags()), *_contents(), *_sections()])


def exit_codes() -> str:
    """What the exit status of `./launcher` says."""
    rows = [
        (str(status), entry.meaning, ", ".join(f"`{code}`" for code in _codes_of(status)))
        for status, entry in sorted(EXIT_CODES.items())
    ]
    return "\n".join([EXIT_INTRODUCTION, *table(("Status", "Meaning", "Errors"), rows)])


def http() -> str:
    """The routes of the service and the statuses it answers with."""
    statuses = [
        (str(status.code), status.meaning, ", ".join(f"`{code}`" for code in _refused(status)))
        for status in all_statuses()
    ]
    return "\n".join(
        [
            HTTP_INTRODUCTION,
            *("```", serve_help(), "```", ""),
            *("## Routes", ""),
            *table(("Method", "Path", "Answers with"), _routes()),
            EVENTS_INTRODUCTION,
            *("## Statuses", ""),
            *table(("Status", "Meaning", "Errors"), statuses),
        ]
    )


def serve_help() -> str:
    """What `./launcher serve --help` shows, at a width of 100."""
    from backend.service.server import main

    said = io.StringIO()
    width, os.environ["COLUMNS"] = os.environ.get("COLUMNS"), "100"
    try:
        with redirect_stdout(said), suppress(SystemExit):
            main(["--help"], {})
    finally:
        if width is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = width
    return said.getvalue().strip()


def _routes() -> list[tuple[str, str, str]]:
    """Every route of the application; the calls of endpoints are one of them."""
    from backend.service.app import create_app
    from backend.service.keys import Keys

    parts = SimpleNamespace(dispatcher=None, events=EventStream())  # nothing is called
    api = create_app(cast("App", parts), Keys("", 0))
    described = [
        (method.upper(), f"`{path}`", operation["description"])
        for path, methods in api.openapi()["paths"].items()
        for method, operation in methods.items()
        if not path.startswith(RPC)
    ]
    return [
        ("POST", f"`{RPC}<endpoint>`", "The answer of [an endpoint](api.md) to the object."),
        *described,
        ("GET", f"`{api.openapi_url}`", "The OpenAPI description, with a path for each endpoint."),
    ]


def _refused(status: Status) -> list[str]:
    return [code for code, error in all_errors().items() if status_of(error) == status]


def _codes_of(status: int) -> list[str]:
    return [code for code in all_errors() if exit_code_of(code) == status]


def _contents() -> list[str]:
    rows = [
        (f"[`./launcher {' '.join(one.words)}`](#{_anchor(one)})", one.help.partition("\n")[0])
        for one in commands()
        if one.words and not one.is_group
    ]
    return table(("Command", "What it does"), rows)


def _sections() -> Iterator[str]:
    for command in commands():
        if command.is_group and command.words:
            continue
        yield from (f"## {' '.join(('launcher', *command.words))}", "")
        yield from ("```", command.usage, "```", "")
        if command.help:
            yield from (command.help, "")
        if command.flags:
            yield from _options(command.flags)


def _options(flags: Iterable[Flag]) -> list[str]:
    rows = [(_typed(flag), flag.default, flag.help) for flag in flags]
    return table(("Option", "Default", "Meaning"), rows)


def _typed(flag: Flag) -> str:
    names = ", ".join(f"`{name}`" for name in flag.names)
    value = f" `{flag.metavar}`" if flag.metavar else ""
    notes = [*(["required"] if flag.required else []), *(["repeatable"] if flag.repeatable else [])]
    return f"{names}{value}" + (f" ({', '.join(notes)})" if notes else "")


def _anchor(command: Command) -> str:
    return "-".join(("launcher", *command.words))
