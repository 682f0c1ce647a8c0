"""Starts the service, says where it is, and ends it tidily."""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from types import FrameType
from typing import Final

import uvicorn

from backend.api.contract.common import Refusal, Success
from backend.api.exit_codes import INTERRUPTED, SUCCESS, exit_code_of
from backend.composition import App, build_app
from backend.config import NetworkConfig, PathsConfig, find_root
from backend.exceptions import ComfyUILauncherError, InvalidValue
from backend.logging_config import get_logger, register_secret
from backend.operations.runner import failure_of, report_fault
from backend.platform.locks import FileLock
from backend.platform.ports import Listener, free_port, listen
from backend.service.answers import to_json
from backend.service.app import create_app
from backend.service.events import EventClients
from backend.service.record import (
    ServiceRecord,
    forget_record,
    record_of_this_process,
    refuse_second,
    write_record,
)
from backend.service.security import in_url, is_loopback

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
    _speak_of_any_path()
    try:
        serve(options, environment)
    except ComfyUILauncherError as error:
        return _refuse(error, options)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as fault:
        return _refuse(report_fault(fault), options)
    _leave_waiting_calls_behind()
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
        record = record_of_this_process(_url(options.host, port), port, token)
        write_record(paths.service_file, record)
    try:
        _serve(app, record, options, listener)
    finally:
        app.close()
        forget_record(paths.service_file, record)


def _serve(app: App, record: ServiceRecord, options: Options, listener: Listener) -> None:
    clients = EventClients(app.events)
    api = create_app(app, record.token, port=record.port, host=options.host, clients=clients)
    config = uvicorn.Config(
        api,
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="off",
        workers=1,
        log_config=None,
        log_level="critical",  # a request is no news, and a fault is reported by the gate
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    _Server(config, app, clients, lambda: _announce(app, record, options)).run(sockets=[listener])


class _Server(uvicorn.Server):
    """uvicorn, ended in this order: the work is cancelled, its watchers see that, then they go."""

    def __init__(
        self,
        config: uvicorn.Config,
        app: App,
        clients: EventClients,
        announce: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._app = app
        self._clients = clients
        self._announce = announce

    async def startup(self, sockets: list[Listener] | None = None) -> None:
        await super().startup(sockets)
        self._announce()

    async def shutdown(self, sockets: list[Listener] | None = None) -> None:
        await asyncio.to_thread(self._app.close)
        self._clients.close()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Ending as asked is success: the signal is not raised again, as uvicorn would."""
        self.force_exit = self.should_exit
        self.should_exit = True


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


def _announce(app: App, record: ServiceRecord, options: Options) -> None:
    file = app.paths.service_file
    _log.info("serving at %s", record.url)
    if options.as_json:
        value = {"url": record.url, "port": record.port, "pid": record.pid, "token_file": str(file)}
        _say(to_json(Success(value=value)))
    else:
        _say(f"ComfyUI Launcher serves at {record.url} (token in {file})")


def _refuse(error: ComfyUILauncherError, options: Options) -> int:
    if options.as_json:
        _say(to_json(Refusal(error=failure_of(error))))
    else:
        sys.stderr.write(f"{error.message} {error.hint}\n")
    return exit_code_of(error.code)


def _speak_of_any_path() -> None:
    """Lets a path that is no text in any encoding out as the bytes that it is."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="surrogateescape")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _leave_waiting_calls_behind() -> None:
    """Ends the process if a call still waits for a network: nobody is left who wants its answer."""
    sys.stdout.flush()
    mine = threading.current_thread()
    if any(not thread.daemon and thread is not mine for thread in threading.enumerate()):
        os._exit(0)


def _url(host: str, port: int) -> str:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - a lookup
    return f"http://{in_url(reachable)}:{port}"


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
