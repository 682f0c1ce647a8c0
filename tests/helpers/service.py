"""The real service in a real process, and the words to talk to it; or its ASGI app without one."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message

REPOSITORY = Path(__file__).parents[2]
API = "/api/v1"


@dataclass(frozen=True)
class Answer:
    """An answer, whole; names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def value(self) -> Any:
        assert self.json["ok"], self.json
        return self.json["value"]

    @property
    def place(self) -> str:
        """Where the session that was opened is good."""
        return str(self.value["place"])

    @property
    def cookie(self) -> str:
        """The cookie that was set, as a browser gives it back."""
        return self.headers["set-cookie"].partition(";")[0]

    @property
    def error(self) -> str:
        """The code of the refusal, which has all that a refusal has to have."""
        assert self.json["schema"] == 1
        assert self.json["ok"] is False
        assert set(self.json["error"]) == {"code", "message", "hint", "details"}
        return str(self.json["error"]["code"])


@dataclass
class Told:
    """One event of a stream: `kind` is its `event:` field, or "comment"."""

    kind: str
    data: Any = None
    id: str | None = None


class EventReader:
    """The events of one connection, one by one."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self._connection = connection
        self.response = connection.getresponse()

    def next(self) -> Told | None:
        """The next event, None when the stream has ended."""
        fields: dict[str, str] = {}
        while line := self.response.readline().decode():
            if line == "\n":
                if fields:
                    data = json.loads(fields["data"]) if "data" in fields else None
                    return Told(fields.get("event", "comment"), data, fields.get("id"))
            else:
                name, _, value = line.rstrip("\n").partition(":")
                fields[name or "comment"] = value.strip()
        return None

    def until(self, kind: str, **wanted: Any) -> Told:
        """The next event of that kind whose operation has these fields."""
        while told := self.next():
            operation = (told.data or {}).get("data", {}).get("operation", {})
            if told.kind == kind and wanted.items() <= operation.items():
                return told
        raise AssertionError(f"the stream ended without {kind} {wanted}")

    def rest(self) -> list[Told]:
        """All that still comes until the end."""
        return list(iter(self.next, None))

    def close(self) -> None:
        self.response.close()
        self._connection.close()


@dataclass
class Service:
    """A running service."""

    process: subprocess.Popen[str]
    root: Path
    line: str
    record: dict[str, Any]
    _readers: list[EventReader] = field(default_factory=list)

    @property
    def url(self) -> str:
        return str(self.record["url"])

    @property
    def port(self) -> int:
        return int(self.record["port"])

    @property
    def token(self) -> str:
        return str(self.record["token"])

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = "own",
        timeout: float = 30,
        chunked: bool = False,
        **headers: str,
    ) -> Answer:
        """One request. `headers` replace ours; names with `_` for `-`."""
        all_headers = {"Content-Type": "application/json"} if method != "GET" else {}
        if token is not None:
            all_headers["Authorization"] = f"Bearer {self.token if token == 'own' else token}"
        all_headers |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, all_headers, encode_chunked=chunked)
            got = connection.getresponse()
            names = {name.lower(): value for name, value in got.getheaders()}
            return Answer(got.status, names, got.read())
        finally:
            connection.close()

    def call(self, endpoint: str, **fields: Any) -> Answer:
        return self.request("POST", f"{API}/rpc/{endpoint}", json.dumps(fields))

    def operation(self, location: str, timeout: float = 60) -> dict[str, Any]:
        """The operation at that address once it has ended."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            value: dict[str, Any] = self.request("GET", location).value
            if value["state"] in {"succeeded", "failed", "cancelled", "interrupted"}:
                return value
            time.sleep(0.05)
        raise AssertionError(f"{location} did not end in {timeout} s")

    def run(self, endpoint: str, **fields: Any) -> dict[str, Any]:
        """The result of an operation; fails the test when it does not succeed."""
        started = self.call(endpoint, **fields)
        assert started.status == 202, started.body
        ended = self.operation(started.headers["location"])
        assert ended["state"] == "succeeded", ended
        return ended["result"] or {}

    def events(self, path: str = f"{API}/events", **headers: str) -> EventReader:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"} | given)
        reader = EventReader(connection)
        self._readers.append(reader)
        return reader

    def end(self) -> int:
        """The exit status after SIGTERM."""
        self.process.terminate()
        return self.process.wait(30)

    def close(self) -> None:
        for reader in self._readers:
            reader.close()
        self.process.terminate()
        try:
            self.process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-W", "error", "-m", "backend.service", *arguments]


def environment_of(root: Path, **extra: str) -> dict[str, str]:
    base = {**os.environ, "PYTHONPATH": str(REPOSITORY), "COMFYUI_LAUNCHER_HOME": str(root)}
    return base | extra


def run_service(root: Path, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """A service that is expected to end by itself."""
    return subprocess.run(
        command(*arguments), env=environment_of(root, **extra), cwd=REPOSITORY,
        capture_output=True, text=True, encoding="utf-8", errors="surrogateescape", timeout=30,
    )  # fmt: skip


@contextmanager
def running(
    root: Path, arguments: Sequence[str] = ("--port", "0"), **extra: str
) -> Iterator[Service]:
    """A service on that root, ended at the end."""
    process = subprocess.Popen(
        command(*arguments), env=environment_of(root, **extra), cwd=REPOSITORY,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, encoding="utf-8", errors="surrogateescape",
    )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise AssertionError(process.communicate()[1])
    record = json.loads((root / "launcher-data" / "service.json").read_text("utf-8"))
    service = Service(process, root, line.rstrip("\n"), record)
    try:
        yield service
    finally:
        service.close()


async def ask(
    asgi: ASGIApp,
    method: str,
    path: str,
    headers: Sequence[tuple[str, str]] = (),
    body: bytes = b"",
) -> Answer:
    """One request to an ASGI app in this process, headers exactly as given."""
    sent: list[Message] = []
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    path, _, query = path.partition("?")
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    scope = {
        "type": "http", "http_version": "1.1", "method": method, "path": path, "root_path": "",
        "raw_path": path.encode(), "query_string": query.encode(), "headers": raw, "scheme": "http",
    }  # fmt: skip
    await asgi(scope, receive, send)
    answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], answered, b"".join(m.get("body", b"") for m in sent[1:]))
