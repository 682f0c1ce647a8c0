"""What all commands share: the flags that choose the output, and arguments that mean one thing."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from backend.cli.session import Session

InstalledTag = Annotated[
    str, typer.Argument(metavar="TAG", help="An installed version, for example v0.3.64.")
]
TagOrActive = Annotated[
    str | None,
    typer.Argument(metavar="TAG", help="An installed version. Left out: the active one."),
]

_SETTINGS: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Word(TyperCommand):
    """A command; it takes the flags that choose the output."""

    def get_params(self, ctx: Any) -> Any:
        return [*super().get_params(ctx), *output_flags()]

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """`TAG` is one that is needed, `[TAG]` one that is not: typer's braces say nothing more."""
        pieces: list[str] = super().collect_usage_pieces(ctx)
        return [piece.replace("{", "").replace("}", "") for piece in pieces]

    def invoke(self, ctx: Any) -> Any:
        session_of(ctx).command = ctx.command_path
        return super().invoke(ctx)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Arguments and options in words; that a tag is a `<str>` helps nobody."""
        params = self.get_params(ctx)
        arguments = [(p.metavar, p.help) for p in params if p.param_type_name == "argument"]
        options = [p.get_help_record(ctx) for p in params if p.param_type_name == "option"]
        for title, records in (("Arguments", arguments), ("Options", options)):
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


class Area(TyperGroup):
    """A group of commands; the flags that choose the output may stand before its word, too."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Groups first: they are what most people look for."""
        names = super().list_commands(ctx)
        return sorted(names, key=lambda name: not isinstance(self.commands[name], TyperGroup))

    def get_params(self, ctx: Any) -> Any:
        return [*super().get_params(ctx), *output_flags()]


def area(help_text: str) -> typer.Typer:
    """An empty group of commands that shows its help when no command follows."""
    group = typer.Typer(
        cls=Area,
        help=help_text,
        invoke_without_command=True,
        context_settings=_SETTINGS,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    group.callback()(_show_help)
    return group


def session_of(context: typer.Context) -> Session:
    """The run that a command belongs to."""
    session = context.obj
    assert isinstance(session, Session)
    return session


def given(**fields: Any) -> dict[str, Any]:
    """The fields that were given; an endpoint has its own defaults for the others."""
    return {name: value for name, value in fields.items() if value is not None}


@cache
def output_flags() -> tuple[Any, ...]:
    """`--json` and `--events`, made once. Their place is all that the parser needs to know: what
    they ask for was read from the whole line (`output.mode_of`), so that a mistake in the line is
    told in the right form as well."""
    maker = typer.Typer(cls=TyperGroup, add_completion=False, rich_markup_mode=None)
    maker.command(add_help_option=False)(_flags)
    flags = tuple(get_command(maker).params)
    for flag in flags:
        flag.expose_value = False
    return flags


def _flags(
    json: Annotated[
        bool, typer.Option("--json", help="Answer with one JSON object, for programs.")
    ] = False,
    events: Annotated[
        bool,
        typer.Option("--events", help="As --json, and before it each event as a line of JSON."),
    ] = False,
) -> None:
    """Declares the flags."""


def _show_help(context: typer.Context) -> None:
    if context.invoked_subcommand is not None:
        return
    session = session_of(context)
    if not session.output.is_for_people:
        context.fail("A command is missing.")
    session.output.help(context.get_help())
    raise typer.Exit(2)
