"""What a launcher has acknowledged, and what it may therefore not lose, whatever happens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.crash import meddling
from tests.crash.worlds import Canaries

LISTED: Final = frozenset({"listed"})
TRASHED: Final = frozenset({"trashed"})


@dataclass
class Claim:
    """An installation that was acknowledged, and where it has to be: listed, in the trash, or in
    one of them when its move was killed. `disturbed`: a hand was at its files, so that it need only
    be told of."""

    tag: str
    places: frozenset[str]
    disturbed: bool = False


@dataclass
class Claims:
    """Every claim on one root, by the name of the folder in the store. `meddled`: somebody else
    than the launcher has changed something there."""

    root: Path
    canaries: Canaries
    held: dict[str, Claim] = field(default_factory=dict)
    meddled: bool = False

    # --- What the launcher did --------------------------------------------------------------------

    def after(self, work: str, what: str | None, outcome: str) -> None:
        """`outcome`: the code of an error, or else it was done (for an installation: its store)."""
        if work == "install" and outcome.startswith(f"{what}-"):
            self.held[outcome] = Claim(str(what), LISTED)
        elif work == "versions.empty_trash" and what is not None:
            self._emptied(kept=set(meddling.trashed_stores(self.root).values()))
        elif outcome == "done" and work in {"versions.uninstall", "versions.restore"}:
            self._moved(str(what), TRASHED if work == "versions.uninstall" else LISTED)
        else:
            self.unsettle(work, what)

    def unsettle(self, work: str | None, what: str | None) -> None:
        """It was killed, or failed: it may have come half way."""
        if work in {"versions.empty_trash", "expire"}:
            self._emptied(kept=set())
        elif work in {"versions.uninstall", "versions.restore"}:
            for claim in self.held.values():
                if claim.tag == what:
                    claim.places = LISTED | TRASHED

    def _moved(self, tag: str, places: frozenset[str]) -> None:
        """The installation of that tag is there now; one whose folder was gone is forgotten."""
        stores, trashed = set(self.stores()), set(meddling.trashed_stores(self.root).values())
        for store, claim in list(self.held.items()):
            if claim.tag == tag and store in (stores if places == LISTED else trashed):
                claim.places = places
            elif claim.tag == tag and store not in stores | trashed:
                del self.held[store]

    def _emptied(self, kept: set[str]) -> None:
        """What was in the trash is promised to nobody any more, whether or not it is gone."""
        for store, claim in list(self.held.items()):
            if "trashed" in claim.places and store not in kept:
                del self.held[store]

    # --- What others did --------------------------------------------------------------------------

    def disturb(self, path: Path, *, gone: bool) -> None:
        """A hand is at that file. Who takes away the very commit point takes the installation."""
        self.meddled = True
        names = meddling.trashed_stores(self.root)
        about = {*path.parts, path.name.partition(".json")[0], names.get(path.stem, "")}
        about |= {names.get(part, "") for part in path.parts}
        for store, claim in list(self.held.items()):
            if {store, claim.tag} & about or len(claim.places) > 1:
                claim.disturbed = True
                if path.parent.name == ".trash" or (gone and path.name == "install.json"):
                    del self.held[store]

    def drop(self, folder: Path) -> None:
        """A hand takes that folder away."""
        self.meddled = True
        names = meddling.trashed_stores(self.root)
        for name in {folder.name, names.get(folder.name, "")} & set(self.held):
            del self.held[name]

    # --- Whether they are kept --------------------------------------------------------------------

    def check(
        self, listed: Mapping[str, Mapping[str, Any]], entries: Iterable[str], told: str
    ) -> None:
        """Each is where it has to be, or told of. `listed`: the versions, by store; `entries`: of
        the trash; `told`: every word about something that is not as it should be."""
        names, shown = meddling.trashed_stores(self.root), set(entries)
        trashed = {store for entry, store in names.items() if entry in shown}
        for store, claim in self.held.items():
            places = {"listed": store in listed, "trashed": store in trashed}
            here = frozenset(place for place, is_there in places.items() if is_there)
            is_told = claim.disturbed and (claim.tag in told or store in told)
            assert here & claim.places or is_told, (store, claim, sorted(listed), sorted(trashed))
            claim.places = here or claim.places
        for store, version in listed.items():
            if not version["missing"]:  # a killed installation that was ended after all
                self.held.setdefault(store, Claim(version["tag"], LISTED, self.meddled))

    def stores(self) -> list[str]:
        """The installations in the store, by name."""
        folders = meddling.installations(self.root, self.canaries)
        return [folder.name for folder in folders if folder.parent.name == ".store"]

    def startable(self, tag: str | None = None) -> list[str]:
        """The stores of that version, or of any, in which there is something to be started."""
        there = self.root / "comfyui-versions" / ".store"
        return sorted(
            store
            for store, claim in self.held.items()
            if tag in {None, claim.tag} and (there / store / "source" / "main.py").is_file()
        )
