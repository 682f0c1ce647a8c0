"""Who may delete or overwrite: the few modules of this list, each for its reason.

Three launchers of this field have deleted people's models. A call that removes, moves or truncates
something is therefore an exception to be argued for: a new one fails here until its module, and the
kind of call, stand in the list with what is deleted and why that is ours.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
MODULES: Final = {
    str(path.relative_to(ROOT / "backend")): ast.parse(path.read_text("utf-8"))
    for path in sorted((ROOT / "backend").rglob("*.py"))
}

# Of `os` and `shutil`: whatever it is called with.
OF_THE_SYSTEM: Final = {
    "os": {"unlink", "remove", "rmdir", "removedirs", "rename", "renames", "replace", "truncate",
           "ftruncate"},
    "shutil": {"rmtree", "move", "copy", "copy2", "copyfile", "copytree"},
}  # fmt: skip
# Of paths, and of what else has a method of that name.
OF_PATHS: Final = {"unlink", "rmdir", "rename", "truncate", "write_text", "write_bytes"}


def kind_of(call: ast.Call) -> str | None:
    """What a call deletes or overwrites with; None when it does neither."""
    function = call.func
    if isinstance(function, ast.Name):
        return "open to write" if function.id == "open" and opens_to_write(call, 1) else None
    if not isinstance(function, ast.Attribute):
        return None
    owner = function.value.id if isinstance(function.value, ast.Name) else ""
    if function.attr in OF_THE_SYSTEM.get(owner, set()):
        return f"{owner}.{function.attr}"
    if owner in {"os", "shutil"}:
        flags = ast.unparse(call)
        return "os.open to write" if function.attr == "open" and "O_TRUNC" in flags else None
    if function.attr == "open" and opens_to_write(call, 0):
        return "open to write"
    # A path is replaced by one other; text, times and records take two arguments or named ones.
    is_move = function.attr == "replace" and len(call.args) == 1 and not call.keywords
    return function.attr if is_move or function.attr in OF_PATHS else None


def opens_to_write(call: ast.Call, position: int) -> bool:
    """Whether the mode empties what is there. One that is not written out counts as if it did."""
    modes = [call.args[position]] if len(call.args) > position else []
    modes += [keyword.value for keyword in call.keywords if keyword.arg == "mode"]
    return any(not isinstance(mode, ast.Constant) or "w" in str(mode.value) for mode in modes)


def deletions() -> dict[str, set[str]]:
    """The kinds of such calls by module."""
    found: dict[str, set[str]] = {}
    for module, tree in MODULES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and (kind := kind_of(node)):
                found.setdefault(module, set()).add(kind)
    return found


# Module: the kinds of calls, and what they delete or overwrite, and why that is ours.
ALLOWED: Final[dict[str, tuple[set[str], str]]] = {
    "cli/output.py": (
        {"open to write"}, "the null device, in the place of a stream that was closed"),
    "desktop/browsers.py": (
        {"unlink"}, "signposts: pages of ours by their name, no links, that lead a browser here"),
    "desktop/frontend_build.py": (
        {"write_text"}, "the record of the built page, while the launcher itself is built"),
    "desktop/healing.py": (
        {"replace", "shutil.copyfile"},
        "fetched libraries, within our folder of them; the work folder goes through erasing.py"),
    "environments.py": (
        {"unlink"}, "the two files with which uv was asked, written a moment before"),
    "file_utils.py": (
        {"replace", "shutil.copy2", "unlink"},
        "THE way to write: our temporary file takes the place of a file, which stays as .previous"),
    "metadata_manager.py": (
        {"unlink"}, "the record of a version that was removed, by its validated tag"),
    "operations/journal.py": (
        {"replace", "unlink", "write_bytes"},
        "records of operations, by the ids that name their own files; the oldest are forgotten"),
    "platform/erasing.py": (
        {"os.rename", "os.rmdir", "os.unlink", "rmdir"},
        "THE way to delete a folder of ours: by opened folders, through no link, into no mount"),
    "platform/git.py": (
        {"unlink"}, "lock files in our mirror of a git that was killed"),
    "platform/holders.py": (
        {"rename", "rmdir", "unlink"}, "a lock of ours whose holder is proved to be gone"),
    "platform/link_ledger.py": (
        {"os.unlink", "unlink"},
        "links that the ledger proves to be ours, by opened folders; and the ledger itself"),
    "platform/links.py": (
        {"replace", "unlink"},
        "a link in the place of a link: whatever else stands there is refused"),
    "platform/shortcuts.py": (
        {"unlink"}, "the entry in the menu of the desktop that we put there"),
    "platform/supervisor.py": (
        {"os.replace", "write_bytes"}, "the log of a run, rotated; its process.json"),
    "platform/trash.py": (
        {"rename", "unlink"},
        "folders with our marker, into the trash and back; the records that tell of them"),
    "platform/uv.py": (
        {"write_text"}, "a question to uv, in a temporary folder"),
    "processes/notes.py": (
        {"rmdir", "unlink"}, "notes and log of a run that has ended, by the names that we give"),
    "resources/views.py": (
        {"os.rmdir", "rmdir", "unlink"},
        "folders of a view that are empty; the yaml that says it is generated"),
    "service/record.py": (
        {"unlink"}, "the record of the service that is just ending, if it is still its own"),
    "temporaries.py": (
        {"unlink"}, "half-written files of ours by their names, whose process is gone"),
    "version_manager_components/building.py": (
        {"rmdir"}, "the empty folder of an installation that could not be marked"),
    "version_manager_components/commit_point.py": (
        {"rmdir", "unlink"},
        "install.json of an installation that cannot be listed; a folder of half-written files"),
    "version_manager_components/intents.py": (
        {"unlink"}, "what was intended, once it is done or undone"),
}  # fmt: skip


def test_nothing_else_deletes_or_overwrites() -> None:
    assert deletions() == {module: kinds for module, (kinds, _) in ALLOWED.items()}


def test_every_exception_has_a_reason() -> None:
    assert [module for module, (_, reason) in ALLOWED.items() if len(reason) < 20] == []


def test_no_tree_is_deleted_by_its_path() -> None:
    """`shutil.rmtree` enters what is mounted in a folder; `rm -r` besides needs no marker."""
    text = {module: ast.unparse(tree) for module, tree in MODULES.items()}
    found = [
        f"{module}: {word}"
        for module, code in text.items()
        for word in ("rmtree", "removedirs", "'rm'", "'-rf'", "'rmdir'")
        if word in code
    ]
    assert found == []


def test_no_deletion_hides_behind_another_name() -> None:
    """`from os import unlink` would be called as `unlink`, which the gate does not know."""
    hidden = [
        f"{module}: {alias.name}"
        for module, tree in MODULES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name in OF_THE_SYSTEM.get(node.module or "", set())
    ]
    renamed = [
        f"{module}: {alias.name} as {alias.asname}"
        for module, tree in MODULES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name in OF_THE_SYSTEM and alias.asname
    ]
    assert hidden + renamed == []


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("path.unlink()", "unlink"),
        ("self._file.with_name('x').unlink(missing_ok=True)", "unlink"),
        ("os.unlink(name, dir_fd=folder)", "os.unlink"),
        ("os.replace(one, two)", "os.replace"),
        ("temporary.replace(path)", "replace"),
        ("shutil.rmtree(path, ignore_errors=True)", "shutil.rmtree"),
        ("shutil.copyfile(one, two)", "shutil.copyfile"),
        ("open(path, 'w')", "open to write"),
        ("open(path, mode=how)", "open to write"),
        ("path.open('wb')", "open to write"),
        ("path.write_text('x')", "write_text"),
        ("os.open(path, os.O_WRONLY | os.O_TRUNC)", "os.open to write"),
        ("open(path)", None),
        ("path.open('rb')", None),
        ("path.open('xb')", None),
        ("text.replace('a', 'b')", None),
        ("time.replace(tzinfo=UTC)", None),
        ("names.remove('x')", None),
        ("os.open(path, os.O_RDONLY)", None),
    ],
)
def test_the_gate_knows_a_deletion_when_it_sees_one(code: str, kind: str | None) -> None:
    expression = ast.parse(code, mode="eval").body
    assert isinstance(expression, ast.Call)
    assert kind_of(expression) == kind
