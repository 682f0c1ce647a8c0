"""The documentation tells the truth: what is generated is fresh, what is named exists."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from backend.api.endpoint import ENDPOINTS
from backend.api.exit_codes import EXIT_CODES
from backend.config import ENVIRONMENT, PathsConfig, Settings
from backend.exceptions import all_errors
from backend.service.statuses import Status, all_statuses
from docs import generate
from docs.generator import doors
from docs.generator.commands import Command, command_of, commands, common_flags, tree
from docs.generator.files import FILES
from tests.helpers.world import World

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
REFERENCE: Final = ROOT / "docs" / "reference"
COMMAND_LINE: Final = re.compile(r"(?<![\w/.])\./launcher\b([^`\n]*)")
LINK: Final = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")


def page(name: str) -> str:
    return (REFERENCE / name).read_text("utf-8")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


# --- The generated pages --------------------------------------------------------------------------


def test_the_generated_pages_are_fresh() -> None:
    assert generate.stale() == [], "run: python -m docs.generate"


def test_a_file_that_was_changed_by_hand_is_named(tmp_path: Path) -> None:
    generate.write(tmp_path)
    reference = tmp_path / generate.REFERENCE
    (reference / "settings.md").write_text("mine", encoding="utf-8")
    (reference / "errors.md").unlink()
    (reference / "old.md").touch()
    (tmp_path / generate.TYPES).write_text("mine", encoding="utf-8")
    assert generate.stale(tmp_path) == [
        *(f"docs/reference/{name}" for name in ("errors.md", "old.md", "settings.md")),
        "frontend/src/transport/contract.generated.ts",
    ]


def test_writing_clears_what_is_no_longer_generated_and_nothing_beside_it(tmp_path: Path) -> None:
    generate.write(tmp_path)
    beside = (tmp_path / generate.TYPES).with_name("transport.ts")
    old = tmp_path / generate.REFERENCE / "old.md"
    for path in (old, beside):
        path.write_text("mine", encoding="utf-8")
    generate.write(tmp_path)
    assert not old.exists()
    assert beside.read_text("utf-8") == "mine"


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    def written() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    generate.write(tmp_path)
    first = written()
    generate.write(tmp_path)
    assert written() == first


@pytest.mark.parametrize("name", ENDPOINTS)
def test_every_endpoint_is_documented(name: str) -> None:
    assert f"\n### {name}\n" in page("api.md")


@pytest.mark.parametrize("name", ENDPOINTS)
def test_every_field_of_a_request_is_documented(name: str) -> None:
    section = page("api.md").partition(f"\n### {name}\n")[2].partition("\n### ")[0]
    missing = [
        field
        for field in ENDPOINTS[name].request_model.model_fields
        if f"| `{field}` |" not in section
    ]
    assert missing == []


@pytest.mark.parametrize("code", all_errors())
def test_every_error_is_documented(code: str) -> None:
    assert f"| `{code}` |" in page("errors.md")


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented_with_its_meaning(name: str) -> None:
    assert f"| `{name}` |" in page("settings.md")
    assert Settings.model_fields[name].description


@pytest.mark.parametrize("variable", [variable.name for variable in ENVIRONMENT])
def test_every_environment_variable_is_documented(variable: str) -> None:
    assert f"| `{variable}` |" in page("settings.md")


def test_every_variable_that_the_code_names_is_documented() -> None:
    sources = [ROOT / "launcher", *(ROOT / "backend").rglob("*.py")]
    named = {
        name
        for source in sources
        for name in re.findall(r"\bCOMFYUI_LAUNCHER_[A-Z_]+\b", source.read_text("utf-8"))
    }
    assert {name for name in named if f"`{name}`" not in page("settings.md")} == set()


@pytest.mark.parametrize("command", commands(), ids=lambda command: " ".join(command.words))
def test_every_command_and_flag_is_documented(command: Command) -> None:
    text = page("cli.md")
    if command.is_group and command.words:
        return
    heading = " ".join(("launcher", *command.words))
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    assert command.usage in section
    assert [
        name for flag in command.flags for name in flag.names if f"`{name}`" not in section
    ] == []


def test_what_every_command_takes_is_documented_once() -> None:
    names = {name for flag in common_flags() for name in flag.names}
    assert names >= {"--help", "--json", "--events"}
    assert [name for name in names if f"`{name}`" not in page("cli.md")] == []


@pytest.mark.parametrize("command", commands(), ids=lambda command: " ".join(command.words))
def test_every_command_and_flag_says_what_it_is_for(command: Command) -> None:
    assert command.help
    assert [flag.names for flag in command.flags if not flag.help] == []


@pytest.mark.parametrize("status", EXIT_CODES)
def test_every_exit_status_is_documented(status: int) -> None:
    assert f"\n| {status} |" in page("exit-codes.md")


@pytest.mark.parametrize("status", all_statuses(), ids=lambda status: str(status.code))
def test_every_http_status_is_documented_with_its_meaning(status: Status) -> None:
    assert re.search(
        rf"^\| {status.code} .*{re.escape(status.meaning)}", page("http.md"), re.MULTILINE
    )


@pytest.mark.parametrize("name", ENDPOINTS)
def test_every_endpoint_has_a_command_unless_only_a_window_can_do_it(name: str) -> None:
    words = tuple(command_of(name).split())
    has_command = words in {command.words for command in commands()}
    assert has_command is not ENDPOINTS[name].needs_window


# --- Files ----------------------------------------------------------------------------------------


def folders_and_files(paths: PathsConfig) -> Iterator[str]:
    for name, attribute in vars(PathsConfig).items():
        if isinstance(attribute, property):
            path = getattr(paths, name)
            yield str(path.relative_to(paths.root)) + ("" if path.suffix == ".json" else "/")
    for folder in paths.folders():
        yield f"{folder.relative_to(paths.root)}/"


@pytest.mark.parametrize("path", sorted(set(folders_and_files(PathsConfig(Path("/root"))))))
def test_every_path_of_ours_is_documented(path: str) -> None:
    assert path in FILES


def is_documented(path: str) -> bool:
    """Whether a real path fits an entry of the tree, or lies in a folder that others fill."""
    for pattern in FILES:
        fits = re.sub(
            r"<\w+>", lambda _: r"[^/]+", re.escape(pattern).replace(r"\<", "<").replace(r"\>", ">")
        )
        if re.fullmatch(fits.rstrip("/"), path):
            return True
    return any(re.fullmatch(known, path) for known in UNLISTED)


# What tools of others fill, and what the introduction of the page says once for all files.
UNLISTED: Final = (
    r"comfyui-versions/\.store/[^/]+/(source|venv|pycache|temp|models|custom_nodes)/.*",
    r"comfyui-versions/\.store/[^/]+/run(/[^/]+/(launch|supervisor|process|births)\.json)?",
    r"comfyui-versions/\.store/[^/]+/run/[^/]+/(ready|given_up)\.json",
    r"comfyui-versions/\.trash/[^/]+/.*",
    r"comfyui-versions/\.(mirrors/[^/]+\.git|cache/uv)/.*",
    r"comfyui-versions/\.cache/constraints",
    r"launcher-data/views/.*",
    r"shared-resources/(models|user|input|output|custom_nodes)/.*",
    r".*\.previous",
)


def test_every_path_that_a_working_launcher_leaves_is_documented(world: World) -> None:
    world.install("v0.3.63")
    world.install("v0.3.64")
    world.launch("v0.3.64")
    world.run("versions.stop", tag="v0.3.64")
    world.run("versions.uninstall", tag="v0.3.63")
    paths = [str(path.relative_to(world.root)) for path in world.root.rglob("*")]
    assert [path for path in paths if not is_documented(path)] == []


# --- The pages written by hand --------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_every_link_leads_somewhere(path: Path) -> None:
    broken = []
    for target in LINK.findall(path.read_text("utf-8")):
        if "://" in target or target.startswith("mailto:"):
            continue
        file, _, anchor = target.partition("#")
        aim = (path.parent / file).resolve() if file else path
        if not aim.exists() or (anchor and anchor not in anchors(aim)):
            broken.append(target)
    assert broken == []


def anchors(path: Path) -> set[str]:
    """The anchors that a renderer of Markdown makes of the headings."""
    found: dict[str, int] = {}
    fenced = False
    for line in path.read_text("utf-8").splitlines():
        fenced ^= line.startswith("```")
        if line.startswith("#") and not fenced:
            words = re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-")
            found[words] = found.get(words, 0) + 1
    return {
        words if number == 0 else f"{words}-{number}"
        for words, count in found.items()
        for number in range(count)
    }


def command_lines() -> Iterator[tuple[str, str]]:
    for path in PAGES:
        if path.parent == REFERENCE:
            continue  # made from the command line itself
        for match in COMMAND_LINE.finditer(path.read_text("utf-8")):
            yield name_of(path), match[1]


def words_of(line: str) -> list[str]:
    """The words behind `./launcher`: without a comment, a pipe, or what follows another command."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|;&<>")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if word[0] in "|;&<>":
            break
        words.append(word)
    return words


def words_of_the_script(first: str) -> set[str]:
    """The words that the script `launcher` understands itself, in the case that begins so."""
    script = (ROOT / "launcher").read_text("utf-8")
    found = re.search(rf"^ +({first} \|[^)]*)\)", script, re.MULTILINE)
    assert found is not None
    return {word.strip() for word in found[1].split("|")}


DEVELOPERS_WORDS: Final = words_of_the_script("test")
WINDOWS_WORDS: Final = words_of_the_script("''")


def parse(command: Any, words: list[str], context: Any = None) -> None:
    """Lets the command line read the words without doing anything."""
    inner = command.make_context(command.name or "launcher", words, parent=context)
    if hasattr(command, "commands"):
        rest = [*inner._protected_args, *inner.args]
        if rest:
            _, found, left = command.resolve_command(inner, rest)
            parse(found, left, inner)


@pytest.mark.parametrize(("where", "line"), sorted(set(command_lines())))
def test_every_command_line_in_the_pages_is_one(where: str, line: str) -> None:
    words = words_of(line)
    if words[:1] == ["serve"]:
        assert [word for word in words if word[:2] == "--" and word not in doors.serve_help()] == []
    if not words or words[0] in {"WORD", "..."} | DEVELOPERS_WORDS | WINDOWS_WORDS:
        return
    if "--help" in words:
        words.remove("--help")
        assert tuple(words) in {command.words for command in commands()}
        return
    if tuple(words) in {command.words for command in commands()}:
        return  # a command that is only named
    parse(tree(), words)


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_no_page_names_the_machine_that_it_was_written_on(path: Path) -> None:
    found = re.findall(r"/(?:work|tmp|root)/[\w/.-]*", path.read_text("utf-8"))
    assert found == []


def test_every_page_is_reached_from_the_front_page() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        if path in reached or path.suffix != ".md":
            continue
        reached.add(path)
        waiting += [
            (path.parent / file).resolve()
            for target in LINK.findall(path.read_text("utf-8"))
            if "://" not in target and (file := target.partition("#")[0])
        ]
    assert [name_of(path) for path in PAGES if path not in reached] == []
