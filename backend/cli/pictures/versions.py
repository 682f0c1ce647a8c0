"""How releases, versions, plans and the trash look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backend.cli import wording
from backend.cli.output import Cell, Column, Output, Styled
from backend.cli.pictures.states import dot_of_version, short, state_of_version

if TYPE_CHECKING:
    from backend.api.contract.versions import (
        ConstraintReport,
        EmptyingPlan,
        EnvironmentReport,
        InstallationPlan,
        ReleaseListing,
        RemovalPlan,
        TrashList,
        VersionList,
        VersionStatus,
    )
    from backend.github_integration import Release
    from backend.operations.model import OperationSnapshot
    from backend.version_manager_components.models import TrashedVersion

NEWEST_RELEASES: Final = 20


def version_list(output: Output, value: VersionList) -> None:
    """A line a version; how to begin when there is none."""
    if not value.versions:
        output.line("Nothing is installed yet.")
        output.line("`./launcher versions releases` shows what can be.")
    else:
        columns = (
            Column("  Version"), Column("State"), Column("", optional=True),
            Column("Size", right=True, optional=True), Column("Released", optional=True),
            Column("Python", optional=True), Column("Torch", optional=True),
        )  # fmt: skip
        output.table(columns, [_version_row(output, version) for version in value.versions])
    for version in value.versions:
        if version.missing:
            missing = ", ".join(version.missing)
            output.line(Styled(f"{version.tag} is damaged: {missing} is missing.", "red"))
    for problem in value.problems:
        rescue = "its copy was used" if problem.recovered else "it was left untouched"
        output.note(Styled("Damaged: ", "bold red"), f"{problem.path} ({problem.reason}); {rescue}")


def version(output: Output, value: VersionStatus) -> None:
    """One version, whole."""
    output.line(
        dot_of_version(output, value), f" {value.tag}  ", state_of_version(value),
        Styled(_marks(value, before="  "), "dim"),
    )  # fmt: skip
    released = f"released {wording.day(value.released_at)}"
    torch = value.torch.version or value.torch.spec or value.torch.backend or ""
    last = value.last_exit
    pairs: list[tuple[str, Cell]] = [
        ("Source", f"{value.kind} {value.reference}, commit {short(value.commit)}, {released}"),
        ("Installed", wording.ago(value.installed_at)),
        ("Launched", wording.ago(value.last_launched_at) if value.last_launched_at else "never"),
        ("Last run", _last_run(value)),
        ("Cause", Styled((last.cause if last else None) or "", "red")),
        ("Advice", (last.advice if last else None) or ""),
        ("Python", value.python),
        ("Torch", torch),
        ("Packages", f"{value.package_count:,}{_as_of(value.packages_as_of)}"),
        ("Disk", _disk(value)),
        ("Folder", value.path),
        ("Missing", Styled(", ".join(value.missing), "red")),
    ]
    output.pairs(pairs)


def releases(output: Output, value: ReleaseListing, installed: set[str], limit: int | None) -> None:
    """What can be installed, with a mark for what is."""
    shown = value.releases[: limit or NEWEST_RELEASES]
    columns = (
        Column("Version"), Column("Released"), Column("", optional=True),
        Column("Commit", optional=True),
    )  # fmt: skip
    output.table(columns, [_release_row(release, installed) for release in shown])
    older = len(value.releases) - len(shown)
    if older and limit is None:
        output.line(Styled(f"and {older} older ones: --limit {len(value.releases)}", "dim"))
    if value.branches:
        output.line(Styled(f"Branches: {', '.join(value.branches)}", "dim"))
    if value.fetched_at is not None:
        as_of = f"From {value.repository}, asked {wording.ago(value.fetched_at)}"
        output.line(Styled(as_of, "dim"))
    if value.problem:
        output.note(Styled("Not up to date: ", "yellow"), value.problem.message)
        output.note(value.problem.hint)
    if value.notes_problem:
        output.note(Styled(value.notes_problem, "yellow"))


def notes(output: Output, value: ReleaseListing) -> None:
    """The release notes of the one release in the listing."""
    release = value.releases[0]
    when = wording.day(release.published_at) if release.published_at else ""
    output.line(f"{release.tag}  ", Styled(when, "dim"))
    if release.notes:
        output.lines(release.notes.strip().splitlines())
    else:
        output.line("Its notes are not known here.")
    if release.page:
        output.line(Styled(release.page, "dim"))


def plan(output: Output, value: InstallationPlan) -> None:
    """What would happen, the answer first."""
    output.line(value.summary)
    network = "not needed"
    if value.network_needed:
        network = "needed" if value.network_reachable else "needed, and not reachable"
    output.pairs(
        [
            ("Commit", short(value.commit) if value.commit else "known once it is fetched"),
            ("Room", "enough" if value.enough_room else Styled("not enough", "red")),
            ("Network", network if network != "needed, and not reachable" else _red(network)),
            ("Already there", "yes" if value.already_installed else ""),
        ]
    )


def installed(output: Output, value: OperationSnapshot) -> None:
    """What is there now and how to start it."""
    new = value.result or {}
    took = wording.duration(value.progress.elapsed_seconds)
    torch = new["torch"]["version"]
    output.line(f"Installed {new['tag']} in {took}.")
    output.line(
        f"{wording.number(new['package_count'], 'package')}, Python {new['python']}"
        + (f", torch {torch}" if torch else "")
        + f". {wording.size(new['own_bytes'])} of its own on disk,"
        + f" {wording.size(new['logical_bytes'])} with what it shares."
    )
    output.line(f"Start it: `./launcher versions launch {new['tag']}`")


def uninstalled(output: Output, value: OperationSnapshot) -> None:
    """What is gone and how to take it back."""
    gone = value.result or {}
    if not gone["entry"]:
        output.line(f"{gone['tag']} is no longer listed; {gone['reason']}.")
        return
    until = _until(gone["expires_at"])
    output.line(f"{gone['tag']} is in the trash{until}.")
    output.line(f"Take it back: `./launcher versions restore {gone['entry']}`")


def deletion_plan(output: Output, value: RemovalPlan | EmptyingPlan) -> None:
    """What would happen to the disk, the answer first."""
    output.line(value.summary)
    shared = f"{wording.size(value.shared_bytes)}, for they are elsewhere too"
    output.pairs(
        [
            ("Files", f"{value.files:,}"),
            ("Links", f"{value.links:,}; what they lead to stays"),
            ("Stays", shared if value.shared_bytes else ""),
            ("In the way", _red(" ".join(value.in_the_way))),
        ]
    )


def trash(output: Output, value: TrashList) -> None:
    """What can be taken back, and until when."""
    if not value.entries:
        output.line("The trash is empty.")
    else:
        columns = (
            Column("Entry"), Column("Version"), Column("Removed"),
            Column("Kept until", optional=True), Column("Size", right=True, optional=True),
        )  # fmt: skip
        output.table(columns, [_trash_row(entry) for entry in value.entries])
    for problem in value.problems:
        output.note(Styled("Damaged: ", "bold red"), f"{problem.path} ({problem.reason})")


def restored(output: Output, value: VersionStatus) -> None:
    """That it is back."""
    output.line(f"{value.tag} is back.")


def emptied(output: Output, value: OperationSnapshot) -> None:
    """What that freed."""
    freed = value.result or {}
    count = wording.number(freed["entries"], "version")
    output.line(f"Deleted {count} for good: {wording.size(freed['bytes'])} are free again.")


def activated(output: Output, value: VersionStatus) -> None:
    """Which one is meant from now on."""
    output.line(f"{value.tag} is active.")


def default(output: Output, value: VersionList) -> None:
    """Which one the window starts with."""
    if value.default is None:
        output.line("No version is the default.")
    else:
        output.line(f"{value.default} is the default.")


def check(output: Output, value: EnvironmentReport) -> None:
    """Sound or not, then what is wrong."""
    count = wording.number(len(value.packages), "package")
    if value.sound:
        output.line(
            Styled(output.glyphs.full, "green"), f" {value.tag} is sound: {count}, ",
            f"Python {value.python}.",
        )  # fmt: skip
        return
    output.line(Styled(output.glyphs.full, "red"), f" {value.tag} is not as it was installed.")
    output.pairs(
        [
            *(("Missing", package) for package in value.missing),
            *(("Changed", package) for package in value.changed),
            *(("Problem", problem) for problem in value.problems),
        ]
    )


def constraints(output: Output, value: ConstraintReport) -> None:
    """A line a package, as pip and uv read them; what is said about them is not among them."""
    count = wording.number(len(value.packages), "package")
    output.note(f"{value.tag}: {count}{_as_of(value.packages_as_of)}.")
    if value.protected:
        output.note(f"Held in place: {', '.join(value.protected)}.")
    if value.overrides:
        output.note(f"Overridden: {', '.join(value.overrides)}.")
    output.lines(value.packages)


def _version_row(output: Output, version: VersionStatus) -> tuple[Cell, ...]:
    return (
        (dot_of_version(output, version), f" {version.tag}"),
        state_of_version(version),
        Styled(_marks(version), "dim"),
        wording.size(version.own_bytes),
        wording.day(version.released_at),
        version.python,
        version.torch.version or "",
    )


def _trash_row(entry: TrashedVersion) -> tuple[Cell, ...]:
    until = wording.day(entry.expires_at) if entry.expires_at else "you empty it"
    size = wording.size(entry.bytes) if entry.bytes is not None else ""
    return (entry.entry, entry.tag, wording.ago(entry.trashed_at), Styled(until, "dim"), size)


def _until(moment: str | None) -> str:
    return f" until {wording.day_of(moment)}" if moment else ""


def _release_row(release: Release, installed: set[str]) -> tuple[Cell, ...]:
    mark = "installed" if release.tag in installed else ""
    when = wording.ago(release.published_at) if release.published_at else ""
    kind = "preview" if release.prerelease else ""
    return (
        release.tag,
        when,
        Styled(", ".join(filter(None, (mark, kind))), "green" if mark else "dim"),
        Styled(short(release.commit), "dim"),
    )


def _marks(version: VersionStatus, before: str = "") -> str:
    marks = [("active", version.is_active), ("default", version.is_default)]
    words = ", ".join(word for word, is_so in marks if is_so)
    return f"{before}{words}" if words else ""


def _as_of(date: str | None) -> str:
    return f", as of {wording.day_of(date)}" if date else ""


def _last_run(version: VersionStatus) -> str:
    if version.last_exit is None:
        return ""
    when = f", {wording.ago(version.last_exit.at)}" if version.last_exit.at else ""
    asked = "stopped on request" if version.last_exit.on_request else version.last_exit.words
    return f"{asked}{when}"


def _disk(version: VersionStatus) -> str:
    own, whole = wording.size(version.own_bytes), wording.size(version.logical_bytes)
    return own if own == whole else f"{own} of its own, {whole} with what it shares"


def _red(text: str) -> Styled:
    return Styled(text, "red")
