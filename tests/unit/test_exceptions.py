from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest

from backend import exceptions
from backend.exceptions import ComfyUILauncherError, HttpFailed, InvalidValue, NetworkUnreachable
from tests.helpers.errors_in_source import raised_names

PLAUSIBLE: dict[str, Any] = {
    "str": "v0.3.60",
    "str | None": "v0.3.60",
    "int": 8188,
    "int | None": 8188,
    "float": 12.5,
    "float | None": 12.5,
    "bool": True,
    "Path": Path("/srv/comfyui"),
    "Path | None": Path("/srv/comfyui"),
    "Sequence[str]": ["one", "two"],
    "Sequence[int]": [4711, 4712],
    "Sequence[dict[str, JsonValue]]": [{"field": "tag", "problem": "is empty"}],
}


def concrete() -> list[type[ComfyUILauncherError]]:
    return list(exceptions.all_errors().values())


def families() -> list[type[ComfyUILauncherError]]:
    return ComfyUILauncherError.__subclasses__()


def build(error: type[ComfyUILauncherError], *, whole: bool) -> ComfyUILauncherError:
    """The error with plausible arguments: all of them, or only those it cannot do without."""
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for parameter in list(inspect.signature(error.__init__).parameters.values())[1:]:
        if not whole and parameter.default is not parameter.empty:
            continue
        value = PLAUSIBLE[str(parameter.annotation)]
        if parameter.kind is parameter.KEYWORD_ONLY:
            named[parameter.name] = value
        else:
            positional.append(value)
    return error(*positional, **named)


@pytest.mark.parametrize("whole", [True, False], ids=["every argument", "what is needed"])
@pytest.mark.parametrize("error", concrete(), ids=lambda error: error.code)
def test_an_error_says_in_sentences_what_happened_and_what_to_do(
    error: type[ComfyUILauncherError], whole: bool
) -> None:
    built = build(error, whole=whole)
    # Where the words of someone else come last (a reason, a command), they stay as they are.
    quoted = tuple(value for value in built.context.values() if isinstance(value, str))
    assert str(built) == built.message
    assert built.message.endswith((".", "?", *quoted))
    assert built.hint.endswith((".", "?", *quoted))
    assert len(built.hint.split()) >= 2


@pytest.mark.parametrize("error", concrete(), ids=lambda error: error.code)
def test_the_facts_of_an_error_can_be_sent_as_json(error: type[ComfyUILauncherError]) -> None:
    built = build(error, whole=True)
    assert json.loads(json.dumps(built.context)) == built.context


@pytest.mark.parametrize("error", concrete(), ids=lambda error: error.code)
def test_a_code_is_the_kebab_case_of_its_class(error: type[ComfyUILauncherError]) -> None:
    words = re.findall(r"[A-Z][a-z]+(?:H|Hub)?", error.__name__.replace("GitHub", "Github"))
    assert error.code == "-".join(words).lower()


def test_every_class_has_one_code_of_its_own() -> None:
    def below(base: type[ComfyUILauncherError]) -> list[type[ComfyUILauncherError]]:
        return [c for child in base.__subclasses__() for c in (child, *below(child))]

    with_code = [error for error in below(ComfyUILauncherError) if "code" in vars(error)]
    codes = [error.code for error in with_code]
    assert sorted(codes) == list(exceptions.all_errors())
    assert len(set(codes)) == len(codes)


def test_the_tree_in_the_docstring_names_every_family_with_its_own_words() -> None:
    drawn = dict(re.findall(r"[├└]── (\w+) +(.+)", exceptions.__doc__ or ""))
    assert drawn.keys() == {family.__name__ for family in families()}
    for family in families():
        said = (family.__doc__ or "").split(".")[0].split()
        assert drawn[family.__name__].split()[-5:] == said[-5:], family


def test_every_concrete_error_belongs_to_one_family() -> None:
    for error in concrete():
        assert error.__base__ in families(), error


def test_every_error_tells_in_its_docstring_when_it_happens() -> None:
    for error in concrete():
        own = vars(error).get("__doc__") or ""
        assert own.strip().endswith("."), error


def test_only_registered_errors_are_raised() -> None:
    registered = {error.__name__ for error in concrete()}
    ours = {name for name, value in vars(exceptions).items() if inspect.isclass(value)}
    wrong = {name: at for name, at in raised_names().items() if name in ours - registered}
    assert not wrong, "a family is raised, where one of its members should be"


def test_nothing_is_raised_that_says_no_more_than_exception() -> None:
    assert not {"Exception", "BaseException", "RuntimeError"} & raised_names().keys()


def test_a_long_value_is_shortened_in_the_message() -> None:
    error = InvalidValue("version tag", "x" * 500, expected="a tag")
    assert len(error.message) < 150
    assert error.context["value"] == "x" * 77 + "..."


@pytest.mark.parametrize(("status", "retryable"), [(404, False), (429, False), (500, True)])
def test_only_a_fault_of_the_server_is_worth_another_try(status: int, retryable: bool) -> None:
    assert HttpFailed("example.org", status).retryable is retryable


def test_a_broken_connection_is_worth_another_try() -> None:
    assert NetworkUnreachable("example.org").retryable
