"""The rules of docs/explanation/architecture.md that a machine can check (the floors themselves
are checked by import-linter: `./launcher check`)."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, cast

import pytest

from backend.api.endpoint import ENDPOINTS
from backend.version_manager import VersionManager
from backend.version_manager_components.constraints import ConstraintsMixin
from backend.version_manager_components.context import VersionComponent, VersionContext
from backend.version_manager_components.dependencies import DependenciesMixin
from backend.version_manager_components.installation import InstallationMixin
from backend.version_manager_components.launcher import LauncherMixin
from backend.version_manager_components.state import StateMixin

ROOT: Final = Path(__file__).parents[2]
BACKEND: Final = ROOT / "backend"
MODULES: Final = {
    str(path.relative_to(ROOT)): ast.parse(path.read_text("utf-8"))
    for path in sorted(BACKEND.rglob("*.py"))
}
MIXINS: Final = (
    InstallationMixin,
    DependenciesMixin,
    ConstraintsMixin,
    LauncherMixin,
    StateMixin,
)

# Where everything may be caught, because everything has to become an answer there.
BOUNDARIES: Final = {"backend/api/dispatch.py", "backend/operations/runner.py"}
BOUNDARY_FOLDERS: Final = ("backend/cli/", "backend/desktop/", "backend/service/")

LONGEST_FUNCTION: Final = 50
LONG_FUNCTIONS: Final = {
    "backend/composition.py build_app": "one line a part: all the wiring there is, in its order",
}
LONGEST_FILE: Final = 400
LONG_FILES: Final = {
    "backend/exceptions.py": "one flat list of small classes; its order is its table of contents",
}
SELF_EXPLAINING_LINES: Final = 8

# What the start of a terminal command must not pay for.
LATE_IMPORTS: Final = ("requests", "urllib3", "git", "keyring", "fastapi", "starlette", "uvicorn")
OPTIONAL_PACKAGES: Final = ("webview", "PySide6", "gi", "pynvml", "safetensors")

# Each is an engine, and imported when the ladder has chosen it; the other one may not be there.
ENGINES: Final = ("backend/desktop/qt.py", "backend/desktop/gtk.py")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def nodes(*kinds: type[ast.AST]) -> Iterator[tuple[str, ast.AST]]:
    for module, tree in MODULES.items():
        for node in ast.walk(tree):
            if isinstance(node, kinds):
                yield module, node


def length(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def imported(tree: ast.Module) -> set[str]:
    """Every module that is imported anywhere in a file, late imports included."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def public_definitions(
    body: list[ast.stmt], prefix: str
) -> Iterator[tuple[str, Function | ast.ClassDef]]:
    for node in body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield f"{prefix}{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node.body, f"{prefix}{node.name}.")


def python(code: str) -> str:
    """What a fresh interpreter prints, away from this one's imports and this folder."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- The version manager --------------------------------------------------------------------------


def test_the_version_manager_is_composed_of_exactly_the_five_mixins() -> None:
    assert set(VersionManager.__bases__) == set(MIXINS)
    assert all(mixin.__bases__ == (VersionComponent,) for mixin in MIXINS)


def test_the_version_manager_is_final() -> None:
    assert getattr(VersionManager, "__final__", False) is True


def test_the_version_manager_holds_nothing_but_the_context() -> None:
    manager = VersionManager(cast("VersionContext", object()))
    slots = [name for kind in VersionManager.__mro__ for name in getattr(kind, "__slots__", ())]
    assert slots == ["_held"]
    assert not hasattr(manager, "__dict__")


@pytest.mark.parametrize("mixin", MIXINS, ids=lambda mixin: mixin.__name__)
def test_a_mixin_cannot_be_made_without_a_context(mixin: type[VersionComponent]) -> None:
    assert mixin.__abstractmethods__ == {"_context"}
    with pytest.raises(TypeError, match="abstract"):
        mixin()


def test_no_name_is_defined_by_two_mixins() -> None:
    owners: dict[str, list[str]] = {}
    for mixin in MIXINS:
        for name in vars(mixin):
            if not name.startswith(("__", "_abc_")):
                owners.setdefault(name, []).append(mixin.__name__)
    assert {name: who for name, who in owners.items() if len(who) > 1} == {}


@pytest.mark.parametrize("mixin", MIXINS, ids=lambda mixin: mixin.__name__)
def test_a_mixin_imports_no_other_mixin(mixin: type[VersionComponent]) -> None:
    tree = MODULES[mixin.__module__.replace(".", "/") + ".py"]
    others = {other.__module__ for other in MIXINS if other is not mixin}
    assert imported(tree) & (others | {"backend.version_manager"}) == set()


@pytest.mark.parametrize("mixin", MIXINS, ids=lambda mixin: mixin.__name__)
def test_a_mixin_calls_no_method_but_those_of_the_context(mixin: type[VersionComponent]) -> None:
    tree = MODULES[mixin.__module__.replace(".", "/") + ".py"]
    [body] = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == mixin.__name__]
    used = {
        node.attr
        for node in ast.walk(body)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    }
    assert used - set(vars(mixin)) <= {"_context"}


# --- Errors ---------------------------------------------------------------------------------------


def catches_everything(node: ast.ExceptHandler) -> bool:
    kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    return any(kind is None or ast.unparse(kind) == "Exception" for kind in kinds)


def is_stub(node: Function | ast.ClassDef) -> bool:
    """The body of a method of a Protocol: its class says what it promises."""
    return ast.unparse(node.body[-1]) == "..."


def has_a_row(module: str, name: str) -> bool:
    """A method behind an endpoint: its row in the table says what it does, for all doors."""
    area = Path(module).stem
    return module.startswith("backend/api/areas/") and (
        f"{area}.{name.partition('.')[2]}" in ENDPOINTS
    )


def ends_with_raise(node: ast.ExceptHandler) -> bool:
    return isinstance(node.body[-1], ast.Raise)


def test_only_the_boundaries_catch_everything() -> None:
    broad = {
        f"{module}:{node.lineno}"
        for module, node in nodes(ast.ExceptHandler)
        if isinstance(node, ast.ExceptHandler) and catches_everything(node)
        if module not in BOUNDARIES and not module.startswith(BOUNDARY_FOLDERS)
    }
    assert broad == set()


def test_whoever_catches_even_a_keyboard_interrupt_raises_it_again() -> None:
    kept = {
        f"{module}:{node.lineno}"
        for module, node in nodes(ast.ExceptHandler)
        if isinstance(node, ast.ExceptHandler)
        and node.type is not None
        and "BaseException" in ast.unparse(node.type)
        and not ends_with_raise(node)
    }
    assert kept == set()


def test_nothing_suppresses_everything() -> None:
    calls = [
        f"{module}:{node.lineno}"
        for module, node in nodes(ast.Call)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress")
        if {"Exception", "BaseException"} & {ast.unparse(argument) for argument in node.args}
    ]
    assert calls == []


# --- Tools ----------------------------------------------------------------------------------------


def test_nothing_prints_past_the_command_line_and_the_logs() -> None:
    calls = [
        f"{module}:{node.lineno}"
        for module, node in nodes(ast.Call)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "print"
    ]
    assert calls == []


@pytest.mark.parametrize("name", ["pickle", "shelve", "marshal", "dill", "joblib"])
def test_nothing_imports_a_format_that_runs_code(name: str) -> None:
    users = [
        module
        for module, tree in MODULES.items()
        if any(found.partition(".")[0] == name for found in imported(tree))
    ]
    assert users == []


def test_every_call_of_uv_goes_through_one_module() -> None:
    importers = {module for module, tree in MODULES.items() if "uv" in imported(tree)}
    assert importers == {"backend/platform/uv.py"}
    named = {
        f"{module}:{node.lineno}"
        for module, node in nodes(ast.List)
        if isinstance(node, ast.List) and node.elts
        if ast.unparse(node.elts[0]).strip("'\"").rpartition("/")[2] == "uv"
    }
    assert named == set()


def test_the_path_of_uv_is_asked_for_only_to_call_it_and_to_show_its_version() -> None:
    users = {
        module
        for module, node in nodes(ast.Call)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("uv_binary")
    }
    assert users == {"backend/platform/uv.py", "backend/platform/tools.py"}


# --- What a start costs ---------------------------------------------------------------------------


def test_every_module_can_be_imported_without_the_optional_packages() -> None:
    blocked = "".join(f"sys.modules[{name!r}] = None\n" for name in OPTIONAL_PACKAGES)
    names = [
        module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for module in MODULES
        if not module.endswith("__main__.py") and module not in ENGINES
    ]
    python(f"import importlib, sys\n{blocked}for name in {names!r}: importlib.import_module(name)")


def test_the_command_line_starts_without_the_slow_packages() -> None:
    loaded = json.loads(
        python("import json, sys, backend.cli\nprint(json.dumps(sorted(sys.modules)))")
    )
    assert set(loaded) & set(LATE_IMPORTS) == set()


# --- Taste ----------------------------------------------------------------------------------------


def test_every_module_says_what_it_is_for() -> None:
    assert [module for module, tree in MODULES.items() if not ast.get_docstring(tree)] == []


def test_every_public_definition_that_is_not_short_says_what_it_promises() -> None:
    silent = [
        f"{module}:{node.lineno} {name}"
        for module, tree in MODULES.items()
        for name, node in public_definitions(tree.body, "")
        if length(node) > SELF_EXPLAINING_LINES
        if not (ast.get_docstring(node) or is_stub(node) or has_a_row(module, name))
    ]
    assert silent == []


def test_no_function_is_longer_than_one_idea() -> None:
    long = {
        f"{module} {node.name}"
        for module, node in nodes(ast.FunctionDef, ast.AsyncFunctionDef)
        if isinstance(node, Function) and length(node) > LONGEST_FUNCTION
    }
    assert long == set(LONG_FUNCTIONS)


def test_no_file_is_too_long_to_read_in_one_go() -> None:
    long = {
        module
        for module in MODULES
        if len((ROOT / module).read_text("utf-8").splitlines()) > LONGEST_FILE
    }
    assert long == set(LONG_FILES)
