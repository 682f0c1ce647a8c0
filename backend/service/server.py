"""Starts the service, says where it is, and ends it tidily."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from backend.api.contract.common import Refusal, Success
from backend.api.exit_codes import INTERRUPTED, SUCCESS, exit_code_of
from backend.composition import App, build_app
from backend.config import NetworkConfig, PathsConfig
from backend.exceptions import ComfyUILauncherError, InvalidValue
from backend.logging_config import get_logger, register_secret
from backend.operations.runner import failure_of, report_fault
from backend.platform.locks import FileLock
from backend.platform.ports import Listener, free_port, listen
from backend.platform.terminal import (
    is_watched,
    leave_waiting_threads_behind,
    say,
    speak_of_any_path,
)
from backend.roots import find_root
from backend.service.addresses import is_loopback, url_of
from backend.service.answers import to_json
from backend.service.app import create_app
from backend.service.events import EventClients
from backend.service.keys import Keys
from backend.service.pages import DIST, Pages, below_root
from backend.service.record import (
    ServiceRecord,
    forget_record,
    record_of_this_process,
    refuse_second,
    write_record,
)
from backend.service.serving import Server

GRACE_SECONDS: Final = 3
REMOTE: Final = (
    "other machines can reach this service: whoever has the token can do everything, and nothing, "
    "the token included, is encrypted on the way"
)

_log: Final = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for on the command line. `port` None: 8000, or the next free one."""

    host: str
    port: int | None
    allow_remote: bool
    as_json: bool


def main(
    arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ
) -> int:
    """Serves until SIGTERM or Ctrl+C; the exit status. What goes wrong is one sentence."""
    options = _options(arguments)
    speak_of_any_path()
    try:
        serve(options, environment)
    except ComfyUILauncherError as error:
        return _refuse(error, options)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as fault:
        return _refuse(report_fault(fault), options)
    leave_waiting_threads_behind(SUCCESS)  # calls that wait for a network
    return SUCCESS


def serve(options: Options, environment: Mapping[str, str]) -> None:
    """Serves until a signal ends it.

    Raises: ServiceAlreadyRunning, PortTaken, InvalidValue, NotWritable, DiskFull.
    """
    _check_host(options)
    paths = PathsConfig(find_root(environment))
    with FileLock(paths.data / ".service.lock"):  # of two that start at once, one finds the other
        refuse_second(paths.service_file)
        listener = _listen(options)
        app = build_app("service", environment)
        token = secrets.token_urlsafe(32)
        register_secret(token)
        port = listener.getsockname()[1]
        record = record_of_this_process(url_of(options.host, port), port, token)
        write_record(paths.service_file, record)
    try:
        app.stay()
        _serve(app, record, options, listener)
    finally:
        app.close()
        forget_record(paths.service_file, record)


def _serve(app: App, record: ServiceRecord, options: Options, listener: Listener) -> None:
    clients = EventClients(app.events)
    keys = Keys(record.token, record.port)
    pages = Pages(DIST, below_root(app.paths.logs / "service.log", app.paths))
    api = create_app(app, keys, host=options.host, clients=clients, pages=pages)
    Server(
        api,
        clients,
        grace_seconds=GRACE_SECONDS,
        announce=lambda: _announce(app, record, options, keys),
        ending=app.close,
    ).run(sockets=[listener])


def _check_host(options: Options) -> None:
    if is_loopback(options.host):
        return
    if not options.allow_remote:
        raise InvalidValue(
            "host", options.host, expected=f"127.0.0.1, or `--allow-remote` as well; then {REMOTE}"
        )
    sys.stderr.write(f"Note: {REMOTE}.\n")


def _listen(options: Options) -> Listener:
    """The socket of the service: the port that was asked for, or the first free one from 8000."""
    if options.port is not None:
        return listen(options.port, options.host)
    return listen(free_port(NetworkConfig.SERVICE_PORT, options.host), options.host)


def _announce(app: App, record: ServiceRecord, options: Options, keys: Keys) -> None:
    file = app.paths.service_file
    _log.info("serving at %s", record.url)
    if options.as_json:
        value = {"url": record.url, "port": record.port, "pid": record.pid, "token_file": str(file)}
        say(to_json(Success(value=value)))
    else:
        say(f"ComfyUI Launcher serves at {record.url} (token in {file})")
        if is_watched():  # a code belongs before a person's eyes, not into a log
            say(f"A browser asks for a code: {keys.issue_code('browser')} (once, for ten minutes)")


def _refuse(error: ComfyUILauncherError, options: Options) -> int:
    if options.as_json:
        say(to_json(Refusal(error=failure_of(error))))
    else:
        sys.stderr.write(f"{error.message} {error.hint}\n")
    return exit_code_of(error.code)


def _options(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(
        prog="./launcher serve", description="Serves the launcher's API over HTTP."
    )
    add = parser.add_argument
    add("--host", default=NetworkConfig.SERVICE_HOST, help="address to listen on (127.0.0.1)")
    add("--port", type=_port, help="port to listen on (8000, or the next that is free)")
    add("--allow-remote", action="store_true", help=f"allow other addresses; {REMOTE}")
    add("--json", action="store_true", dest="as_json", help="say everything as JSON")
    return Options(**vars(parser.parse_args(arguments)))


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError("a number from 0 to 65535")
    return int(text)
