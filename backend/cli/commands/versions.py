"""`versions`: what can be installed, what is installed, and changing that."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from backend.cli.pictures import versions as pictures
from backend.cli.session import Refused, Session
from backend.cli.words import InstalledTag, TagOrActive, Word, area, given, session_of
from backend.exceptions import VersionNotFound

app = area("See, install, choose, start and stop versions of ComfyUI.")

Reference = Annotated[
    str,
    typer.Argument(metavar="REF", help="A tag (v0.3.64), a branch (master) or a commit."),
]
Python = Annotated[
    str | None,
    typer.Option(
        metavar="P", help="Python for it: a version (3.12) or a path. Left out: the launcher's own."
    ),
]
TorchBackend = Annotated[
    str | None,
    typer.Option(metavar="B", help="Build of torch: auto, cpu, cu130, rocm7.2, xpu ..."),
]
TorchSpec = Annotated[
    str | None,
    typer.Option(metavar="S", help="Exactly this torch instead, for example 'torch==2.13.0+cpu'."),
]
FindLinks = Annotated[
    list[str] | None,
    typer.Option(
        metavar="DIR", help="A folder or page with more wheels. Can be given several times."
    ),
]
PackagesAsOf = Annotated[
    str | None,
    typer.Option(
        metavar="release|today",
        help="Packages as they were when the version came out, or the newest ones.",
    ),
]


@app.command("list", cls=Word)
def list_versions(context: typer.Context) -> None:
    """Show the installed versions: which one is active, and which ones run."""
    session = session_of(context)
    session.answer(session.ask("versions.list"), pictures.version_list)


@app.command(cls=Word)
def show(context: typer.Context, tag: TagOrActive = None) -> None:
    """Show all that is known about an installed version."""
    session = session_of(context)
    session.answer(session.ask("versions.show", tag=tag), pictures.version)


@app.command(cls=Word)
def releases(
    context: typer.Context,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Ask the repository now, also within the hour.")
    ] = False,
    notes: Annotated[
        str | None, typer.Option(metavar="TAG", help="Show the release notes of one version.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Show only the newest N.")
    ] = None,
) -> None:
    """Show what can be installed, the newest first."""
    session = session_of(context)
    listing = _releases(session, refresh=refresh)
    if notes is not None:
        _answer_notes(session, listing, notes)
    elif not session.output.is_for_people:
        kept = listing.releases[:limit]
        session.envelope(listing.model_copy(update={"releases": kept}))
    else:
        installed = {version.tag for version in session.ask("versions.list").versions}
        pictures.releases(session.output, listing, installed, limit)


@app.command(cls=Word)
def plan(
    context: typer.Context,
    ref: Reference,
    python: Python = None,
    torch_backend: TorchBackend = None,
    torch_spec: TorchSpec = None,
    find_links: FindLinks = None,
    packages_as_of: PackagesAsOf = None,
) -> None:
    """Show what installing a version would need. Changes nothing."""
    session = session_of(context)
    wanted = _wanted(ref, python, torch_backend, torch_spec, find_links, packages_as_of)
    session.answer(session.ask("versions.plan", **wanted), pictures.plan)


@app.command(cls=Word)
def install(
    context: typer.Context,
    ref: Reference,
    python: Python = None,
    torch_backend: TorchBackend = None,
    torch_spec: TorchSpec = None,
    find_links: FindLinks = None,
    packages_as_of: PackagesAsOf = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether to go on.")] = False,
) -> None:
    """Install a version beside the others. Ctrl-C cancels and leaves nothing behind."""
    session = session_of(context)
    wanted = _wanted(ref, python, torch_backend, torch_spec, find_links, packages_as_of)
    if session.output.is_for_people and not _goes_on(session, wanted, yes=yes):
        session.output.note("Nothing was changed.")
        return
    session.answer(session.carry_out("versions.install", **wanted), pictures.installed)


@app.command(cls=Word)
def uninstall(
    context: typer.Context,
    tag: InstalledTag,
    plan: Annotated[
        bool, typer.Option("--plan", help="Show what it would do to the disk. Changes nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether to go on.")] = False,
) -> None:
    """Move a version to the trash. Models, outputs and settings stay where they are."""
    session = session_of(context)
    if plan:
        session.answer(session.ask("versions.plan_uninstall", tag=tag), pictures.deletion_plan)
        return
    if session.output.is_for_people and not yes:
        session.output.note(session.ask("versions.plan_uninstall", tag=tag).summary)
        if session.output.can_ask and not session.output.ask("Go on?", default=True):
            session.output.note("Nothing was changed.")
            return
    session.answer(session.carry_out("versions.uninstall", tag=tag), pictures.uninstalled)


@app.command(cls=Word)
def trash(context: typer.Context) -> None:
    """Show the removed versions that can be taken back."""
    session = session_of(context)
    session.answer(session.ask("versions.trash"), pictures.trash)


@app.command(cls=Word)
def restore(
    context: typer.Context,
    entry: Annotated[
        str, typer.Argument(metavar="ENTRY", help="An entry that `versions trash` shows.")
    ],
) -> None:
    """Take a version back from the trash."""
    session = session_of(context)
    session.answer(session.ask("versions.restore", entry=entry), pictures.restored)


@app.command("empty-trash", cls=Word)
def empty_trash(
    context: typer.Context,
    entries: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ENTRY", help="What `versions trash` shows. Left out: all that is in it."
        ),
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Show what it would do to the disk. Changes nothing.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask; needed where nobody can answer.")
    ] = False,
) -> None:
    """Delete removed versions for good."""
    session = session_of(context)
    if plan:
        answer = session.ask("versions.plan_empty_trash", **given(entries=entries))
        session.answer(answer, pictures.deletion_plan)
        return
    if not yes and not _deletes_for_good(context, session, entries):
        return
    answer = session.carry_out("versions.empty_trash", **given(entries=entries))
    session.answer(answer, pictures.emptied)


@app.command(cls=Word)
def activate(context: typer.Context, tag: InstalledTag) -> None:
    """Choose the version that is meant when a command names none."""
    session = session_of(context)
    session.answer(session.ask("versions.activate", tag=tag), pictures.activated)


@app.command(cls=Word)
def default(
    context: typer.Context,
    tag: Annotated[
        str | None, typer.Argument(metavar="TAG", help="The version to start with from now on.")
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="Start with no version.")] = False,
) -> None:
    """Choose the version that the window starts with. Alone: show which one that is."""
    session = session_of(context)
    if tag is not None and none:
        context.fail("Name a version or give --none, not both.")
    if tag is None and not none:
        answer = session.ask("versions.list")
    else:
        answer = session.ask("versions.set_default", tag=tag)
    session.answer(answer, pictures.default)


@app.command(cls=Word)
def check(context: typer.Context, tag: TagOrActive = None) -> None:
    """Compare the Python environment of a version with what was installed."""
    session = session_of(context)
    session.answer(session.ask("versions.check", tag=tag), pictures.check)


@app.command(cls=Word)
def constraints(context: typer.Context, tag: TagOrActive = None) -> None:
    """Show the exact packages that a version was made with."""
    session = session_of(context)
    session.answer(session.ask("versions.constraints", tag=tag), pictures.constraints)


def _goes_on(session: Session, wanted: dict[str, Any], *, yes: bool) -> bool:
    """Tells what the installation needs; whether someone who could say no did not."""
    plan = session.ask("versions.plan", **wanted)
    if plan.already_installed:
        return True  # and the endpoint says what to do instead
    session.output.note(plan.summary)
    return yes or not session.output.can_ask or session.output.ask("Go on?", default=True)


def _deletes_for_good(context: typer.Context, session: Session, entries: list[str] | None) -> bool:
    """Tells what would be deleted; whether someone said yes to it."""
    if not session.output.is_for_people or not session.output.can_ask:
        context.fail("Deleting for good needs --yes where nobody can be asked.")
    plan = session.ask("versions.plan_empty_trash", **given(entries=entries))
    if not plan.entries and not plan.files:
        session.output.line("The trash is empty.")
        return False
    session.output.note(plan.summary)
    if session.output.ask("Delete that for good?", default=False):
        return True
    session.output.note("Nothing was changed.")
    return False


def _wanted(
    ref: str,
    python: str | None,
    torch_backend: str | None,
    torch_spec: str | None,
    find_links: list[str] | None,
    packages_as_of: str | None,
) -> dict[str, Any]:
    """The request of `versions.plan` and `versions.install`."""
    return given(
        reference=ref,
        python=python,
        torch_backend=torch_backend,
        torch_spec=torch_spec,
        find_links=[_place(link) for link in find_links] if find_links else None,
        packages_as_of=packages_as_of,
    )


def _place(link: str) -> str:
    """A page as it is, a folder as seen from where the user stands."""
    return link if "://" in link else str(Path(link).expanduser().absolute())


def _releases(session: Session, *, refresh: bool) -> Any:
    """The listing, a new one where it is wanted or nothing newer than an hour is known: this
    process would otherwise end before the answer comes. Without an answer, what is known.

    Raises: Refused when nothing is known, or it was cancelled.
    """
    if refresh:
        asked = session.follow("versions.refresh_releases")
    else:
        listing = session.ask("versions.releases")
        if listing.refreshing is None and listing.fetched_at is None and listing.problem:
            raise Refused(listing.problem)
        if listing.refreshing is None or not listing.stale:
            return listing
        asked = session.see_out(listing.refreshing)
    listing = session.ask("versions.releases")
    if listing.fetched_at is None or asked.state.value == "cancelled":
        session.succeeded(asked)
    # The one who asked may be another process, whose reasons this one does not know.
    return listing.model_copy(update={"problem": listing.problem or asked.error})


def _answer_notes(session: Session, listing: Any, tag: str) -> None:
    from difflib import get_close_matches

    found = [release for release in listing.releases if release.tag == tag]
    if not found:
        known = [release.tag for release in listing.releases]
        raise VersionNotFound(tag, similar=get_close_matches(tag, known, n=2))
    one = listing.model_copy(update={"releases": tuple(found), "branches": ()})
    session.answer(one, pictures.notes)
