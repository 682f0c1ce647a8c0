"""The table is the API: each row has its method, its models and its rate; nothing is beside."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import typing
from typing import TypeGuard

import pytest
from pydantic import BaseModel
from pydantic import ValidationError as PydanticError

from backend.api import contract
from backend.api.areas.models import ModelsApi
from backend.api.areas.operations import OperationsApi
from backend.api.areas.settings import SettingsApi
from backend.api.areas.system import SystemApi
from backend.api.areas.versions import VersionsApi
from backend.api.areas.window import WindowApi
from backend.api.contract.common import Empty, Refusal, Request, Success
from backend.api.core import ComfyUISetupAPI
from backend.api.endpoint import ENDPOINTS, Endpoint, RateClass
from backend.operations.events import Event, EventData
from backend.operations.model import OperationRef
from backend.version_manager_components.models import InstallOptions, LaunchOptions

AREAS: dict[str, type] = {
    "models": ModelsApi,
    "operations": OperationsApi,
    "settings": SettingsApi,
    "system": SystemApi,
    "versions": VersionsApi,
    "window": WindowApi,
}
ROWS = [pytest.param(endpoint, id=name) for name, endpoint in ENDPOINTS.items()]


def contract_models() -> list[type[BaseModel]]:
    """Every model that a contract module offers, and those of events."""
    found: set[type[BaseModel]] = set()
    for module in pkgutil.iter_modules(contract.__path__):
        loaded = importlib.import_module(f"backend.api.contract.{module.name}")
        found |= {m for m in vars(loaded).values() if is_model(m)}
    found |= {Event, *typing.get_args(typing.get_args(EventData)[0])}
    return sorted(found, key=lambda model: model.__name__)


def is_model(value: object) -> TypeGuard[type[BaseModel]]:
    return (
        inspect.isclass(value)
        and issubclass(value, BaseModel)
        and value.__module__.startswith("backend.")
    )


@pytest.mark.parametrize("endpoint", ROWS)
def test_a_row_has_a_method_that_takes_and_gives_its_models(endpoint: Endpoint) -> None:
    method = getattr(AREAS[endpoint.area], endpoint.method)
    hints = typing.get_type_hints(method)
    result = hints.pop("return")
    (request,) = hints.values()
    assert request is endpoint.request_model
    assert result is endpoint.result_model


@pytest.mark.parametrize("endpoint", ROWS)
def test_a_row_is_named_by_its_key_and_says_what_it_does(endpoint: Endpoint) -> None:
    assert ENDPOINTS[endpoint.name] is endpoint
    assert endpoint.summary.endswith(".")
    assert endpoint.name == f"{endpoint.area}.{endpoint.method}"


@pytest.mark.parametrize(("name", "area"), AREAS.items())
def test_no_method_of_an_area_is_missing_in_the_table(name: str, area: type) -> None:
    methods = {method for method in vars(area) if not method.startswith("_")}
    assert methods == {row.method for row in ENDPOINTS.values() if row.area == name}


def test_the_facade_holds_exactly_the_areas_of_the_table() -> None:
    wanted = set(inspect.signature(ComfyUISetupAPI.__init__).parameters) - {"self"}
    assert wanted == set(AREAS) == {endpoint.area for endpoint in ENDPOINTS.values()}


def test_what_takes_time_answers_with_an_operation_and_nothing_else_does() -> None:
    for endpoint in ENDPOINTS.values():
        assert endpoint.takes_time is (endpoint.result_model is OperationRef)


def test_only_what_ends_something_or_says_that_the_page_lives_is_never_limited() -> None:
    free = {name for name, row in ENDPOINTS.items() if row.rate is RateClass.UNLIMITED}
    assert free == {"versions.stop", "operations.cancel", "window.close", "window.ready"}


def test_only_the_area_of_the_window_needs_one() -> None:
    needing = {endpoint.area for endpoint in ENDPOINTS.values() if endpoint.needs_window}
    assert needing == {"window"}


def test_what_removes_for_good_or_for_a_while_is_destructive() -> None:
    rows = {name for name, row in ENDPOINTS.items() if row.rate is RateClass.DESTRUCTIVE}
    assert rows == {"versions.uninstall", "versions.empty_trash"}


def test_requests_of_the_contract_can_be_told_from_results() -> None:
    for endpoint in ENDPOINTS.values():
        assert issubclass(endpoint.request_model, Request | InstallOptions | LaunchOptions)
        answers_nothing = endpoint.result_model is Empty
        assert answers_nothing or not issubclass(endpoint.result_model, Request)


@pytest.mark.parametrize("model", contract_models(), ids=lambda model: model.__name__)
def test_a_model_is_frozen_and_takes_nothing_unknown(model: type[BaseModel]) -> None:
    assert model.model_config.get("frozen") is True
    assert model.model_config.get("extra") == "forbid"
    with pytest.raises(PydanticError) as caught:
        model.model_validate({"surprise": 1})
    assert ("surprise",) in {problem["loc"] for problem in caught.value.errors()}


@pytest.mark.parametrize("model", contract_models(), ids=lambda model: model.__name__)
def test_a_model_has_a_schema_for_the_window_and_the_docs(model: type[BaseModel]) -> None:
    assert model.model_json_schema(mode="serialization")["type"] == "object"


def test_a_request_cannot_be_changed_on_its_way() -> None:
    request = InstallOptions(reference="v0.3.64")
    with pytest.raises(PydanticError, match="frozen"):
        request.reference = "v0.3.65"  # type: ignore[misc]


def test_every_contract_module_lists_what_it_offers() -> None:
    for endpoint in ENDPOINTS.values():
        module = importlib.import_module(f"backend.api.contract.{endpoint.area}")
        assert {endpoint.request, endpoint.result} <= set(module.__all__) | {"Empty"}
        assert all(hasattr(module, name) for name in module.__all__)


def test_the_envelopes_are_of_the_contract() -> None:
    assert {Success, Refusal, Empty} <= set(contract_models())
