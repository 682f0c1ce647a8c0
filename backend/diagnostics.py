"""The report that someone hands to a helper: how things stand, without secrets and names.

Each section is written on its own, so that one that cannot be told leaves the others: whoever
needs this report has a launcher in which something is wrong.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote

from backend import __version__
from backend.config import PathsConfig, Settings, Source
from backend.exceptions import ComfyUILauncherError
from backend.file_utils import free_bytes
from backend.logging_config import scrub
from backend.operations.model import Failure, OperationSnapshot
from backend.platform.disk import file_system
from backend.roots import home_folder
from backend.verdict import Assessment
from backend.version_manager_components.models import VersionList, VersionStatus

LOGGED_LINES: Final = 40
READ_BYTES: Final = 512 * 1024  # of the end of each log
TRACEBACK_LINES: Final = 30
LISTED_OPERATIONS: Final = 15
DOORS: Final = ("window", "service", "cli")
SHORTEST_NAME: Final = 3  # a shorter one would be found in half of all words
# Names that tell nothing about a person or a machine.
COMMON_NAMES: Final = frozenset({"root", "user", "localhost", "launcher"})
WINDOW_PACKAGES: Final = (
    "pywebview",
    "PySide6",
    "PySide6-Addons",
    "PySide6-Essentials",
    "PyQt6",
    "QtPy",
)
ENGINES: Final = {"PySide6": "Qt (PySide6)", "PyQt6": "Qt (PyQt6)", "gi": "GTK (WebKit)"}
SESSION_VARIABLES: Final = (
    "XDG_CURRENT_DESKTOP", "XDG_SESSION_TYPE", "DISPLAY", "WAYLAND_DISPLAY",
    "LANG", "LC_ALL", "GDK_BACKEND", "QT_QPA_PLATFORM",
)  # fmt: skip

INTRODUCTION: Final = """\
No token or password is in here, your home folder is written as `~`, and your name and that of this
computer are left out. Look it over before you hand it on.
"""


class SettingsPort(Protocol):
    """The settings in force."""

    def current(self) -> Settings: ...
    def sources(self) -> dict[str, Source]: ...
    def problem(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Witnesses:
    """Who is asked. `door`: through which one; `secrets`: where each one is kept."""

    door: str
    paths: PathsConfig
    checkout: Path
    environment: Mapping[str, str]
    settings: SettingsPort
    secrets: Callable[[], Mapping[str, str]]
    hardware: Callable[[], Assessment]
    tools: Callable[[], Mapping[str, str | None]]
    revision: Callable[[], str | None]
    versions: Callable[[], VersionList]
    operations: Callable[[], Sequence[OperationSnapshot]]
    notices: Sequence[str]
    now: Callable[[], datetime]


def report(asked: Witnesses) -> str:
    """The report in Markdown."""
    sections: dict[str, Callable[[Witnesses], Iterator[str]]] = {
        "Launcher": _launcher,
        "Machine": _machine,
        "Desktop": _desktop,
        "Settings": _settings,
        "Secrets": _secrets,
        "Versions": _versions,
        "Operations of late": _operations,
        "Warnings and errors of late": _logs,
    }
    made = f"Made {asked.now():%Y-%m-%d %H:%M:%S %Z}."
    lines = ["# ComfyUI Launcher: diagnostics", "", made, "", INTRODUCTION]
    for title, section in sections.items():
        lines += [f"## {title}", "", *_told(section, asked), ""]
    text = scrub("\n".join(lines))
    return without_names(text, asked.environment, host=platform.node()).rstrip() + "\n"


def without_names(text: str, environment: Mapping[str, str], *, host: str) -> str:
    """The text with `~` for the home folder, `<user>` and `<host>` for the names of both."""
    home = home_folder(environment)
    for form in dict.fromkeys(str(path) for path in (home, home.resolve()) if path != path.parent):
        for written in (form, quote(os.fsencode(form))):
            text = re.sub(rf"{re.escape(written)}(?![\w-])", "~", text)
    users = {environment.get("USER", ""), environment.get("LOGNAME", ""), home.name}
    hosts = {host, host.partition(".")[0]}
    for names, word in ((hosts, "<host>"), (users, "<user>")):
        for name in sorted(names - COMMON_NAMES - {""}, key=len, reverse=True):
            alone = rf"(?<![\w.-]){re.escape(name)}(?![\w-])"
            part = rf"(?<=/){re.escape(name)}(?=/|$)"
            text = re.sub(part if len(name) < SHORTEST_NAME else alone, word, text)
    return text


def _told(section: Callable[[Witnesses], Iterator[str]], asked: Witnesses) -> list[str]:
    lines: list[str] = []
    try:
        lines += section(asked)
    except ComfyUILauncherError as error:
        lines.append(f"- This could not be told: `{error.code}` {_line(error.message)}")
    except OSError as error:
        lines.append(f"- This could not be told: {_line(error)}")
    return lines or ["- None."]


def _launcher(asked: Witnesses) -> Iterator[str]:
    revision = asked.revision()
    yield f"- Version: {__version__}" + (f" ({revision})" if revision else "")
    yield f"- Folder: `{asked.checkout}`"
    root = asked.paths.root
    if root != asked.checkout:
        yield f"- Root: `{root}`"
    yield f"- Python: {platform.python_version()} (`{sys.executable}`)"
    for tool, found in asked.tools().items():
        yield f"- {tool}: {found or 'not found'}"
    yield f"- Disk: {_size(free_bytes(root))} free, {file_system(root) or 'unknown file system'}"
    yield from (f"- Notice: {_line(notice)}" for notice in asked.notices)


def _machine(asked: Witnesses) -> Iterator[str]:
    yield f"- System: {_distribution()}, {platform.system()} {platform.release()}"
    yield f"- Architecture: {platform.machine()}, {' '.join(platform.libc_ver()).strip()}"
    assessed = asked.hardware()
    machine = assessed.machine
    yield f"- Processor: {machine.processor}, {machine.core_count} cores"
    yield f"- Memory: {_memory(machine.memory_bytes)}"
    for card in machine.cards:
        memory = _memory(card.memory_bytes) if card.memory_bytes else "memory unknown"
        yield f"- Card: {card.name}, {memory}" + ("" if card.has_driver else ", no driver")
    yield f"- Build of torch by `auto`: {assessed.torch_backend}"
    yield f"- Verdict: {assessed.verdict}"


def _desktop(asked: Witnesses) -> Iterator[str]:
    for name in SESSION_VARIABLES:
        if value := asked.environment.get(name):
            yield f"- {name}: `{_line(value)}`"
    over_ssh = {"SSH_CONNECTION", "SSH_TTY"} & asked.environment.keys()
    yield f"- Over ssh: {'yes' if over_ssh else 'no'}"
    as_root = os.geteuid() == 0
    yield f"- As root: {'yes' if as_root else 'no'}"
    loaded = [words for module, words in ENGINES.items() if module in sys.modules]
    yield f"- Asked through: {asked.door}, engine: {', '.join(loaded) or 'none'}"
    for package in WINDOW_PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            yield f"- {package}: {version(package)}"


def _settings(asked: Witnesses) -> Iterator[str]:
    if problem := asked.settings.problem():
        yield f"- Problem: {_line(problem)}"
    values = asked.settings.current().model_dump(mode="json")
    sources = asked.settings.sources()
    for name, value in values.items():
        if sources[name] != "default":
            yield f"- {name}: `{json.dumps(value, ensure_ascii=False)}` ({sources[name]})"
    yield f"- All others ({sum(one == 'default' for one in sources.values())}): default"


def _secrets(asked: Witnesses) -> Iterator[str]:
    yield from (f"- {name}: {place}" for name, place in asked.secrets().items())


def _versions(asked: Witnesses) -> Iterator[str]:
    known = asked.versions()
    for problem in known.problems:
        yield f"- Problem: `{problem.path}`: {_line(problem.reason)}"
    for one in known.versions:
        marks = [one.state.value, *(["active"] * one.is_active), *(["default"] * one.is_default)]
        yield from ("", f"### {one.tag} ({', '.join(marks)})", "")
        yield from _version(one)


def _version(one: VersionStatus) -> Iterator[str]:
    torch = one.torch.version or "unknown"
    choice = one.torch.spec or one.torch.backend
    yield f"- Commit: {one.commit[:12]} ({one.kind} {one.reference})"
    yield f"- Python {one.python}, torch {torch}" + (f" (chosen: {choice})" if choice else "")
    yield f"- {one.package_count} packages, as of {one.packages_as_of or 'today'}"
    yield f"- Installed {_moment(one.installed_at)}, last started {_moment(one.last_launched_at)}"
    yield f"- Size: {_size(one.own_bytes)} of its own, in `{one.path}`"
    if one.missing:
        yield f"- Missing: {', '.join(one.missing)}"
    if one.instance:
        yield f"- Now: {one.instance.state} at {one.instance.url}, log `{one.instance.log_file}`"
    if last := one.last_exit:
        yield f"- Last run: {_line(last.words)}, {_moment(last.at)}"
        for title, words in (("Cause", last.cause), ("Advice", last.advice)):
            if words:
                yield f"  - {title}: {_line(words)}"


def _operations(asked: Witnesses) -> Iterator[str]:
    for one in asked.operations()[:LISTED_OPERATIONS]:
        step = f" in step {one.progress.step}" if one.error and one.progress.step else ""
        yield f"- {_moment(one.created_at)} {one.kind} `{one.subject}`: {one.state.value}{step}"
        if one.error:
            yield from _failure(one.error)


def _failure(error: Failure) -> Iterator[str]:
    yield f"  - `{error.code}` {_line(error.message)}"
    words = error.details.get("log") or error.details.get("detail") or ()
    lines = words.splitlines() if isinstance(words, str) else [str(line) for line in words]
    if lines:
        yield from _fenced(lines[-12:], indent="    ")


def _logs(asked: Witnesses) -> Iterator[str]:
    found = sorted(
        (line for door in DOORS for line in _warnings_in(asked.paths.logs / f"{door}.log", door)),
        key=lambda line: line.time,
    )[-LOGGED_LINES:]
    if not found:
        return
    yield from _fenced([f"{line.time} {line.level} {line.door}: {line.words}" for line in found])
    faults = [line for line in found if line.traceback]
    if faults:
        yield from ("", f"The last traceback, of {faults[-1].time}:", "")
        yield from _fenced(faults[-1].traceback.splitlines()[-TRACEBACK_LINES:])


@dataclass(frozen=True, slots=True)
class _Logged:
    time: str
    level: str
    door: str
    words: str
    traceback: str


def _warnings_in(path: Path, door: str) -> Iterator[_Logged]:
    """The warnings and errors in the end of a log; a line that is no record is passed over."""
    for line in _end_of(path).splitlines():
        with contextlib.suppress(ValueError):
            record: Any = json.loads(line)
            if isinstance(record, dict) and record.get("level") in {"WARNING", "ERROR", "CRITICAL"}:
                words = f"{record.get('logger', '')}: {record.get('message', '')}"
                yield _Logged(
                    time=str(record.get("time", "")),
                    level=str(record["level"]),
                    door=door,
                    words=_line(words),
                    traceback=str(record.get("exception", "")),
                )


def _end_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - READ_BYTES))
            return file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def _fenced(lines: Iterable[str], indent: str = "") -> Iterator[str]:
    """A block that nothing in the lines can end."""
    lines = list(lines)
    longest = max((len(run) for line in lines for run in re.findall(r"`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield from (f"{indent}{line}" for line in (f"{fence}text", *lines, fence))


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "unknown distribution")
    except OSError:
        return platform.platform()


def _line(words: object) -> str:
    return " ".join(str(words).split())


def _moment(when: datetime | None) -> str:
    return f"{when:%Y-%m-%d %H:%M}" if when else "never"


def _memory(count: int) -> str:
    return f"{count / 2**30:.1f} GiB"


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
