"""Bodies that no client of ours would send, over real HTTP: words, and never a fault."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from backend.api.endpoint import ENDPOINTS
from tests.helpers.service import API, Answer, Service, running

BODIES: dict[str, bytes] = {
    "empty": b"",
    "not a number": b'{"name":"max_retries","value":NaN}',
    "infinity": b'{"name":"ready_timeout_seconds","value":1e999}',
    "a huge number": b'{"name":"max_retries","value":' + b"9" * 5000 + b"}",
    "deep": b'{"name":"max_retries","value":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep enough to parse": b'{"name":"max_retries","value":' + b"[" * 150 + b"]" * 150 + b"}",
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "two MiB": b'{"name":"' + b"x" * 2_097_152 + b'"}',
    "just below the limit": b'{"name":"' + b"x" * 1_000_000 + b'"}',
    "many fields": b"{" + b",".join(b'"f%d":1' % n for n in range(50_000)) + b"}",
    "no text": b"\xff\xfe{\x00}\x00",
    "half a character": b'{"name":"\xc3"}',
    "half a pair": b'{"name":"\\ud800"}',
    "a mark before it": b'\xef\xbb\xbf{"name":"max_retries"}',
    "zeros": b"\x00" * 1000,
    "a zero in a name": b'{"name":"max_\\u0000retries","value":1}',
    "a list": b"[1]",
    "null": b"null",
    "a string": b'"x"',
    "two objects": b"{}{}",
    "cut off": b'{"name":"max_retries","value"',
    "a comment": b'{"name":"max_retries"/* */}',
    "wrong types": b'{"name":{"x":[1]},"value":{},"tag":7,"path":[],"operation_id":{},"entry":0}',
    "python": b"{'name': None}",
    "xml": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("bodies") / "home") as made:
        yield made


def checked(answer: Answer) -> Answer:
    """Never a fault: a refusal in words, or a plain success."""
    assert answer.status < 500, answer.body[:300]
    assert answer.status < 400 or answer.error
    return answer


@pytest.mark.parametrize("name", BODIES)
def test_a_strange_body_is_refused_in_words_by_every_kind_of_endpoint(
    service: Service, name: str
) -> None:
    for endpoint in ("system.info", "settings.change", "versions.show", "operations.cancel"):
        answer = checked(service.request("POST", f"{API}/rpc/{endpoint}", BODIES[name]))
        if (endpoint, name) != ("system.info", "empty"):
            assert answer.status in {400, 404, 409, 413, 422, 429}, (endpoint, name)
    [retries] = [
        row
        for row in service.request("POST", f"{API}/rpc/settings.list", "{}").value["settings"]
        if row["name"] == "max_retries"
    ]
    assert retries["source"] == "default"


@pytest.mark.parametrize("endpoint", [e.name for e in ENDPOINTS.values()])
def test_fields_of_wrong_types_are_no_fault_of_any_endpoint(
    service: Service, endpoint: str
) -> None:
    fields = ENDPOINTS[endpoint].request_model.model_fields
    values: list[Any] = [
        None,
        -1,
        1e300,
        "\x00",
        "../../etc/passwd",
        [],
        {"$ref": "x"},
        "x" * 10_000,
    ]
    for value in values:
        body = json.dumps(dict.fromkeys(fields or ["x"], value))
        checked(service.request("POST", f"{API}/rpc/{endpoint}", body))


@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_body_is_refused_however_it_is_sent(service: Service, chunked: bool) -> None:
    body: Any = (b"x" * 65_536 for _ in range(32)) if chunked else BODIES["two MiB"]
    encoding: dict[str, Any] = {"Transfer_Encoding": "chunked"} if chunked else {}
    path = f"{API}/rpc/settings.change"
    answer = service.request("POST", path, body, chunked=chunked, **encoding)
    assert (answer.status, answer.error) == (413, "request-too-large")


@pytest.mark.parametrize(
    "path",
    ["/rpc/", "/rpc/..", "/rpc/%2e%2e/session", "/rpc/versions.list/", "/rpc/__class__.mro",
     "/rpc/versions._tag", "/rpc/%00", "/rpc/%ff%fe", "/rpc/" + "x" * 5000, "/operations/..%2f..",
     "/operations/" + "x" * 5000, "/operations/%00"],
)  # fmt: skip
def test_a_strange_address_is_no_fault(service: Service, path: str) -> None:
    for method in ("GET", "POST", "DELETE", "PUT", "PATCH"):
        answer = checked(service.request(method, API + path, "{}" if method != "GET" else None))
        assert answer.status in {404, 422, 429}
        assert len(answer.body) < 2000


@pytest.mark.parametrize(
    "text",
    [b"\x00\x01\x02\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /" + b"x" * 70_000, b"\x16\x03\x01",
     b"GET /health HTTP/1.1\r\n\r\n",
     b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil\r\n\r\n",
     b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
     b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n"],
)  # fmt: skip
def test_what_is_no_http_is_refused_and_the_service_goes_on(service: Service, text: bytes) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=5) as raw:
        raw.sendall(text)
        raw.shutdown(socket.SHUT_WR)
        said = raw.recv(65_536)
    assert said == b"" or said.startswith((b"HTTP/1.1 400", b"HTTP/1.1 403"))
    assert service.request("GET", "/health", token=None).status == 200


def test_a_thousand_idle_connections_do_not_keep_anyone_out(service: Service) -> None:
    here = ("127.0.0.1", service.port)
    with contextlib.ExitStack() as idle:
        for _ in range(1000):
            idle.enter_context(socket.create_connection(here, timeout=5))
        assert service.request("GET", "/health", token=None, timeout=5).status == 200


def test_requests_on_one_connection_do_not_run_into_each_other(service: Service) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    headers = {"Authorization": f"Bearer {service.token}", "Content-Type": "application/json"}
    statuses = []
    for body in (b"{}", b"x" * 1_500_000, b"{}", b"[", b"{}"):
        connection.request("POST", f"{API}/rpc/operations.list", body, headers)
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    connection.close()
    assert statuses == [200, 413, 200, 400, 200]
