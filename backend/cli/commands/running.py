"""`versions launch`, `stop` and `logs`: what has to do with a running ComfyUI."""

from __future__ import annotations

import time
from typing import Annotated, Any, Final

import typer

from backend.cli.pictures import running as pictures
from backend.cli.session import Session
from backend.cli.words import TagOrActive, Word, given, session_of

COMFYUI_ARGUMENTS: Final = "comfyui_arguments"
LOOK_SECONDS: Final = 0.3
MOST_LINES: Final = 2000


class LaunchWord(Word):
    """`launch`: what stands behind `--` is ComfyUI's."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        ctx.meta[COMFYUI_ARGUMENTS] = args[end + 1 :]
        return super().parse_args(ctx, args[:end])

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[-- COMFYUI ARGS...]"]


def register(versions: typer.Typer) -> None:
    """Puts these commands into the group `versions`."""
    versions.command(cls=LaunchWord)(launch)
    versions.command(cls=Word)(stop)
    versions.command(cls=Word)(logs)


def launch(
    context: typer.Context,
    tag: TagOrActive = None,
    port: Annotated[
        int | None, typer.Option(metavar="N", help="Its port. Left out: a free one, from 8188 on.")
    ] = None,
    listen: Annotated[
        str | None,
        typer.Option(metavar="A", help="Its address. Left out: 127.0.0.1, only this machine."),
    ] = None,
    cpu: Annotated[
        bool | None,
        typer.Option("--cpu/--gpu", help="Run without a GPU, or with one. Default: as it can."),
    ] = None,
    env: Annotated[
        list[str] | None,
        typer.Option(metavar="K=V", help="A variable for it. Can be given several times."),
    ] = None,
    ready_timeout: Annotated[
        float | None, typer.Option(metavar="S", help="Seconds that the start may take.")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Then show its log until Ctrl-C.")
    ] = False,
) -> None:
    """Start a version and wait until it answers. It goes on running when this command ends.

    What stands behind `--` goes to ComfyUI as it is: `versions launch -- --lowvram`.
    """
    session = session_of(context)
    _refuse_endless_json(context, follow=follow)
    snapshot = session.carry_out(
        "versions.launch",
        **given(
            tag=tag,
            port=port,
            listen=listen,
            cpu=cpu,
            environment=_variables(env) if env else None,
            ready_timeout_seconds=ready_timeout,
            arguments=context.meta[COMFYUI_ARGUMENTS] or None,
        ),
    )
    session.answer(snapshot, pictures.launched)
    if follow:
        _follow_log(session, snapshot.subject, after=0, limit=MOST_LINES)


def stop(context: typer.Context, tag: TagOrActive = None) -> None:
    """Stop a version, or call off its start."""
    session = session_of(context)
    ended = session.follow("versions.stop", tag=tag)
    # A start that was under way is what was to be stopped: that it is cancelled is the success.
    if ended.kind != "versions.launch":
        session.succeeded(ended)
    session.answer(ended, pictures.stopped)


def logs(
    context: typer.Context,
    tag: TagOrActive = None,
    lines: Annotated[
        int, typer.Option("--lines", "-n", metavar="N", help="How many of the last lines.")
    ] = 200,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on showing new lines until Ctrl-C.")
    ] = False,
) -> None:
    """Show the log of the last run of a version."""
    session = session_of(context)
    _refuse_endless_json(context, follow=follow)
    if follow:
        _follow_log(session, tag, after=0, limit=lines)
    else:
        session.answer(session.ask("versions.logs", tag=tag, limit=lines), pictures.log)


def _refuse_endless_json(context: typer.Context, *, follow: bool) -> None:
    if follow and not session_of(context).output.is_for_people:
        context.fail("--follow has no end, so it has no JSON: ask without it.")


def _variables(pairs: list[str]) -> dict[str, str]:
    split = [pair.partition("=") for pair in pairs]
    for pair, (name, equals, _) in zip(pairs, split, strict=True):
        if not name or not equals:
            raise typer.BadParameter(f"{pair!r} is not NAME=VALUE.", param_hint="--env")
    return {name: value for name, _, value in split}


def _follow_log(session: Session, tag: str | None, *, after: int, limit: int) -> None:
    """Shows lines as they come, until Ctrl-C or until the version has ended."""
    try:
        while True:
            runs = session.ask("versions.show", tag=tag).instance is not None
            found = session.ask("versions.logs", tag=tag, after=after, limit=limit)
            session.output.lines(found.lines)
            after, limit = found.next, MOST_LINES
            if not runs:
                pictures.ended(session.output, session.ask("versions.show", tag=tag))
                return
            time.sleep(LOOK_SECONDS)
    except KeyboardInterrupt:
        session.output.note()
