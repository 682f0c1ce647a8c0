"""The tree of commands of `./launcher`, as the command line itself has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

# Where the shorter word is the better one.
OTHER_WORDS: Final = {
    "versions.plan_uninstall": "versions uninstall",
    "versions.plan_empty_trash": "versions empty-trash",
    "system.info": "info",
    "system.hardware": "hardware",
    "system.diagnostics": "diagnostics",
    "system.state": "state",
    "system.shortcut": "shortcut",
    "system.install_shortcut": "install-shortcut",
    "system.remove_shortcut": "remove-shortcut",
    "versions.refresh_releases": "versions releases",
    "versions.set_default": "versions default",
    "settings.change": "settings set",
}


@dataclass(frozen=True, slots=True)
class Flag:
    """An option or an argument. `names`: as it is typed; `metavar` is empty for a switch."""

    names: tuple[str, ...]
    metavar: str
    required: bool
    repeatable: bool
    is_argument: bool
    default: str
    help: str


@dataclass(frozen=True, slots=True)
class Command:
    """`words`: what is typed behind `./launcher`; empty for the launcher itself."""

    words: tuple[str, ...]
    help: str
    flags: tuple[Flag, ...]
    is_group: bool
    usage: str


def tree() -> Any:
    """The command line as one (vendored) click command, ready to be walked or to parse words."""
    from typer.main import get_command

    from backend.cli.application import app

    return get_command(app)


def commands() -> list[Command]:
    """Every command that is not hidden, the groups before what is in them."""
    return list(_walk(tree(), ()))


def command_of(endpoint: str) -> str:
    """What to type for an endpoint: `versions empty-trash` for `versions.empty_trash`."""
    return OTHER_WORDS.get(endpoint, endpoint.replace(".", " ").replace("_", "-"))


def common_flags() -> tuple[Flag, ...]:
    """What every command takes beside its own."""
    root = tree()
    own = {param.name for param in root.params}
    return tuple(
        _flag(param)
        for param in root.get_params(_context(root, ("./launcher",)))
        if param.name not in own
    )


def _walk(command: Any, words: tuple[str, ...]) -> Iterator[Command]:
    children = getattr(command, "commands", {})
    flags = tuple(_flag(param) for param in command.params if not getattr(param, "hidden", False))
    yield Command(
        words, (command.help or "").strip(), flags, bool(children), _usage(command, words)
    )
    for name, child in children.items():
        if not child.hidden:
            yield from _walk(child, (*words, name))


def _flag(param: Any) -> Flag:
    is_argument = param.param_type_name == "argument"
    metavar = param.metavar or str(param.name).upper()
    names = (metavar.strip("[]"),) if is_argument else (*param.opts, *param.secondary_opts)
    is_switch = getattr(param, "is_flag", False) or getattr(param, "count", False)
    return Flag(
        names=tuple(names),
        metavar="" if is_argument or is_switch else metavar,
        required=bool(param.required),
        repeatable=bool(getattr(param, "multiple", False)) or param.nargs == -1,
        is_argument=is_argument,
        default=_default(param),
        help=getattr(param, "help", None) or "",
    )


def _default(param: Any) -> str:
    value = param.default
    plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    return str(value) if plain and value != "" else ""


def _usage(command: Any, words: tuple[str, ...]) -> str:
    usage = command.get_usage(_context(command, ("./launcher", *words)))
    return " ".join(usage.removeprefix("Usage: ").split())


def _context(command: Any, words: tuple[str, ...]) -> Any:
    return command.context_class(command, info_name=" ".join(words))
