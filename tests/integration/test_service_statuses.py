"""Every status of the one table, produced by the service itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from backend.api.core import ComfyUISetupAPI
from backend.api.dispatch import Dispatcher
from backend.api.endpoint import ENDPOINTS
from backend.api.rate_limits import RATES, RateLimiter
from backend.composition import build_app
from backend.exceptions import ComfyUILauncherError, all_errors
from backend.service.app import create_app
from backend.service.keys import Keys
from backend.service.statuses import STATUSES, all_statuses, status_of, status_of_code
from tests.helpers.service import API, Answer, Service, ask, running
from tests.helpers.world import World

SEEN: set[int] = set()
SECRET = '{"name":"HF_TOKEN","value":"hf_0123456789abcdefghij"}'


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    home = tmp_path_factory.mktemp("statuses") / "home"
    nowhere = (home / "no-such-repository.git").as_uri()
    no_keyring = "keyring.backends.null.Keyring"
    with running(home, COMFYUI_LAUNCHER_REPO=nowhere, PYTHON_KEYRING_BACKEND=no_keyring) as made:
        yield made


def seen(answer: Answer) -> Answer:
    SEEN.add(answer.status)
    return answer


def rpc(name: str) -> str:
    return f"{API}/rpc/{name}"


REFUSALS: list[tuple[int, str, str, str, Any, dict[str, Any]]] = [
    (400, "malformed-request", "POST", rpc("system.info"), "[]", {}),
    (400, "malformed-request", "POST", rpc("system.info"), "{}", {"Content_Type": "text/plain"}),
    (401, "not-authenticated", "POST", rpc("system.info"), "{}", {"token": None}),
    (403, "foreign-origin", "POST", rpc("system.info"), "{}", {"Origin": "http://evil.example"}),
    (404, "unknown-endpoint", "POST", rpc("system.inf"), "{}", {}),
    (404, "unknown-endpoint", "GET", rpc("system.info"), None, {}),
    (404, "unknown-endpoint", "GET", "/api/v2/anything", None, {}),
    (404, "unknown-endpoint", "GET", "/docs", None, {}),
    (404, "operation-not-found", "GET", f"{API}/operations/x", None, {}),
    (404, "version-not-installed", "POST", rpc("versions.show"), '{"tag":"v0.3.64"}', {}),
    (404, "unknown-setting", "POST", rpc("settings.reset"), '{"name":"x"}', {}),
    (409, "no-window", "POST", rpc("window.show"), "{}", {}),
    (409, "no-active-version", "POST", rpc("versions.launch"), "{}", {}),
    (413, "request-too-large", "POST", rpc("system.info"), "x" * 2_000_000, {}),
    (422, "invalid-request", "POST", rpc("system.info"), '{"x":1}', {}),
    (422, "invalid-value", "POST", rpc("versions.install"), '{"reference":"--x"}', {}),
    (401, "wrong-code", "POST", f"{API}/session", '{"code":"7K3M-0Q9X-V2TB"}', {}),
    (503, "secret-store-missing", "POST", rpc("settings.keep_secret"), SECRET, {}),
]  # fmt: skip


@pytest.mark.parametrize(("status", "code", "method", "path", "body", "how"), REFUSALS)
def test_a_refusal_has_the_status_of_its_error(
    service: Service, status: int, code: str, method: str, path: str, body: Any, how: dict[str, Any]
) -> None:
    answer = seen(service.request(method, path, body, **how))
    assert (answer.status, answer.error) == (status, code)
    assert (answer.headers.get("www-authenticate") == "Bearer") == (status == 401)


def test_success_says_whether_it_is_done_made_or_only_started(service: Service) -> None:
    assert seen(service.call("system.info")).status == 200
    made = seen(service.request("POST", f"{API}/session"))
    assert (made.status, made.headers["location"]) == (201, made.place)
    shown = service.request("GET", made.headers["location"], token=None, Cookie=made.cookie)
    assert shown.value == {"known_by": "session", "door": "program"}
    started = seen(service.call("versions.install", reference="v0.3.64"))
    assert started.status == 202
    ended = service.operation(started.headers["location"])
    assert ended["id"] == started.value["operation_id"]
    assert ended["state"] == "failed"


def test_what_comes_too_often_is_told_when_to_come_back(service: Service) -> None:
    answers = [service.call("versions.empty_trash") for _ in range(8)]
    limited = [seen(answer) for answer in answers if answer.status == 429]
    assert limited
    wait = limited[-1].json["error"]["details"]["retry_after"]
    assert 0 <= int(limited[-1].headers["retry-after"]) - wait < 1


def test_a_fault_of_ours_is_an_envelope_with_an_incident_that_the_log_knows(world: World) -> None:
    """An API without areas stands for whatever no one foresaw."""
    broken = Dispatcher(cast("ComfyUISetupAPI", object()), RateLimiter())
    asgi = create_app(replace(world.app, dispatcher=broken), Keys("t" * 43, 8000))
    headers = [("host", "127.0.0.1:8000"), ("authorization", "Bearer " + "t" * 43),
               ("content-type", "application/json")]  # fmt: skip
    answer = seen(asyncio.run(ask(asgi, "POST", rpc("system.info"), headers, b"{}")))
    assert (answer.status, answer.error) == (500, "internal-error")
    incident = answer.json["error"]["details"]["incident"]
    assert "Traceback" not in answer.body.decode()
    assert incident in (world.root / "launcher-data" / "logs" / "cli.log").read_text()


def test_a_fault_of_a_route_is_an_envelope_too(tmp_path: Path) -> None:
    app = build_app("service", {"COMFYUI_LAUNCHER_HOME": str(tmp_path)})
    api = create_app(app, Keys("t" * 43, 8000))

    @api.get("/api/broken")
    async def broken() -> None:
        raise RuntimeError("no one foresaw this")

    headers = [("host", "127.0.0.1:8000"), ("authorization", "Bearer " + "t" * 43)]
    answer = asyncio.run(ask(api, "GET", "/api/broken", headers))
    assert (answer.status, answer.error) == (500, "internal-error")
    assert "content-security-policy" in answer.headers
    assert b"foresaw" not in answer.body


def test_every_status_of_the_table_was_produced_here() -> None:
    """Runs after the others of this file."""
    if len(SEEN) < 3:
        pytest.skip("run the whole file")
    assert {status.code for status in all_statuses()} == SEEN


# --- The table ------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", sorted(all_errors()))
def test_an_error_class_has_the_status_of_its_nearest_base(code: str) -> None:
    error = all_errors()[code]
    bases = [base for base in STATUSES if issubclass(error, base)]
    [nearest] = [
        base for base in bases if not any(b is not base and issubclass(b, base) for b in bases)
    ]
    assert status_of(error) == status_of_code(code) == STATUSES[nearest]
    assert status_of(error).code != 500 or code == "internal-error"


def test_a_class_of_tomorrow_without_a_row_is_a_fault_until_someone_decides() -> None:
    class Unheard(ComfyUILauncherError):
        """Not in the table, and of no area."""

    assert status_of(Unheard).code == 500
    assert status_of_code("unheard").code == 500


# --- The contract ---------------------------------------------------------------------------------


def references_in(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(references_in, value.values()))
    return set().union(*map(references_in, value)) if isinstance(value, list) else set()


def test_the_contract_tells_all_endpoints_errors_and_rates(service: Service) -> None:
    told = service.request("GET", f"{API}/contract").value
    assert set(told["endpoints"]) == set(ENDPOINTS)
    assert {code: row["status"] for code, row in told["errors"].items()} == {
        code: status_of(error).code for code, error in all_errors().items()
    }
    assert told["rates"] == {
        kind.value: {"per_second": rate.per_second, "burst": rate.burst}
        for kind, rate in RATES.items()
    }
    known = {f"#/$defs/{name}" for name in told["$defs"]}
    assert references_in(told) <= known


def test_openapi_has_a_path_for_each_endpoint_and_refers_to_nothing_that_is_missing(
    service: Service,
) -> None:
    assert service.request("GET", f"{API}/openapi.json", token=None).status == 401
    told = json.loads(service.request("GET", f"{API}/openapi.json").body)
    assert {rpc(name) for name in ENDPOINTS} <= set(told["paths"])
    known = {f"#/components/schemas/{name}" for name in told["components"]["schemas"]}
    assert references_in(told) <= known
    assert "202" in told["paths"][rpc("versions.install")]["post"]["responses"]


def test_openapi_tells_how_a_page_hands_in_its_code(service: Service) -> None:
    told = json.loads(service.request("GET", f"{API}/openapi.json").body)
    posted = told["paths"][f"{API}/session"]["post"]
    fields = posted["requestBody"]["content"]["application/json"]["schema"]["properties"]
    assert set(fields) == {"code"}
    assert {"201", "401", "429"} <= set(posted["responses"])
