"""Anything in any order, thousands of times: installing, killing, damaging, moving, swapping.

Hypothesis chooses what happens next. After each step twenty files of the user's (and each that a
step adds) have to be as they were; after each start, what was installed and not removed has to be
listed, or a problem has to name it. When it finds a way to break that, it prints the shortest.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar, Final

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from backend.composition import build_app
from tests.crash import acts, meddling
from tests.crash.claims import Claims
from tests.crash.conftest import Figures
from tests.crash.counts import quick_and_full
from tests.crash.nursery import Ended, Nursery, nursery
from tests.crash.worlds import SEED_VARIABLE, Canaries, new_seed, temporaries
from tests.fakes.comfyui.releases import TAGS

FULL: Final = 10_000
QUICK_SEED: Final = 2  # each kind of step comes up
NUMBERS: Final = st.integers(0, 10_000)
SOME_TAG: Final = st.sampled_from(TAGS)
KILLED_AT: Final = st.integers(1, 70)  # an installation changes the disk about so often
KEPT_DAYS: Final = 30
WORK: Final = (
    "install", "versions.uninstall", "versions.restore", "versions.empty_trash", "expire",
    "prepare", "remove_view", None,
)  # fmt: skip


class Rampage(RuleBasedStateMachine):
    """One root, from empty on."""

    home: ClassVar[Nursery]
    may_move: ClassVar[bool] = False
    done: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.base = Path(tempfile.mkdtemp(prefix="rampage "))
        self.root = self.base / "Zu Hause ü"
        self.canaries = Canaries()
        self.claims = Claims(self.root, self.canaries)
        self.strangers = 0
        self.is_changed = False  # since the last start
        self._furnish()
        self.app = build_app("cli", self._environment())

    def teardown(self) -> None:
        self.app.close()
        meddling.delete_world(self.base)

    # --- What the launcher is asked for -----------------------------------------------------------

    @rule(tag=SOME_TAG)
    def install(self, tag: str) -> None:
        self._after("install", tag, acts.install(str(self.root), tag))

    @rule(tag=SOME_TAG)
    def uninstall(self, tag: str) -> None:
        self._after("versions.uninstall", tag, self._ask("versions.uninstall", tag=tag))

    @rule(tag=SOME_TAG)
    def restore(self, tag: str) -> None:
        self._after("versions.restore", tag, self._ask("versions.restore", entry=tag))

    @rule(only=st.none() | NUMBERS)
    def empty_the_trash(self, only: int | None) -> None:
        entries = sorted(meddling.trashed_stores(self.root))
        chosen = None if only is None else meddling.one_of(entries, only)
        request = {} if chosen is None else {"entries": [chosen]}
        self._after("versions.empty_trash", chosen, self._ask("versions.empty_trash", **request))

    @rule(days=st.integers(0, 60))
    def let_days_pass(self, days: int) -> None:
        """The trash is kept for 30 days, and for one more after it was first seen to be over."""
        outcome = acts.expire(str(self.root), days)
        if days >= KEPT_DAYS - 1:
            self._after("versions.empty_trash", None, outcome)

    @rule(tag=SOME_TAG)
    def remove_a_view(self, tag: str) -> None:
        self._after("remove_view", tag, acts.remove_view(str(self.root), tag))

    @rule(number=NUMBERS)
    def prepare_a_view(self, number: int) -> None:
        store = meddling.one_of(self.claims.startable(), number)
        if store is not None:
            tag = self.claims.held[store].tag
            self._after("prepare", tag, acts.prepare(str(self.root), tag, store))

    @rule(work=st.sampled_from(WORK), tag=SOME_TAG, kill_at=KILLED_AT)
    def kill(self, work: str | None, tag: str, kill_at: int) -> None:
        """Another launcher does that, and is killed before its `kill_at`th change of the disk."""
        if work == "prepare" and not self.claims.startable(tag):
            return
        ended = self._do_elsewhere(work, tag, kill_at)
        assert ended.fault is None, ended.fault
        if ended.killed:
            self._count("kill")
            self.claims.unsettle(work, tag)
        elif work is not None:
            self._after(work, None if "trash" in work else tag, str(ended.answer))

    @precondition(lambda self: self.is_changed)
    @rule()
    def start_again(self) -> None:
        self.app.close()
        self.app = build_app("cli", self._environment())
        self._count("restart")
        self._nothing_is_lost()

    # --- What others do to its files --------------------------------------------------------------

    @rule(number=NUMBERS, how=st.sampled_from(meddling.DAMAGES), place=NUMBERS)
    def damage_a_file(self, number: int, how: meddling.Damage, place: int) -> None:
        path = meddling.one_of(meddling.state_files(self.root, self.canaries), number)
        if path is None:
            return
        inside = ".store" in path.parts or path.parent.parent.name == ".trash"
        how = "cut" if how == "folder" and inside else how
        self.claims.disturb(path, gone=how == "delete")
        meddling.damage(path, how, place, self.canaries)
        if path.name == meddling.MARKER and ".store" in path.parts:
            self._watch_what_nobody_owns(path.parent)
        self._count("damage")

    @rule(number=NUMBERS)
    def rename_a_folder(self, number: int) -> None:
        folder = meddling.one_of(meddling.installations(self.root, self.canaries), number)
        if folder is not None:
            self.claims.drop(folder)
            self.strangers += 1
            folder.rename(folder.with_name(f"{folder.name} (old {self.strangers})"))
            self._count("rename")

    @rule(number=NUMBERS, pretender=st.booleans())
    def swap_a_folder_for_a_link(self, number: int, pretender: bool) -> None:
        folder = meddling.one_of(meddling.installations(self.root, self.canaries), number)
        if folder is not None:
            self.claims.drop(folder)
            target = self.base / "outside" / ("pretender" if pretender else "holiday")
            if pretender:
                meddling.pretend(folder, target, self.canaries)
            self.strangers += 1
            meddling.swap(folder, target, self.base / f"aside {self.strangers}")
            self._count("swap")

    @rule(number=NUMBERS, gone=st.booleans())
    def swap_a_link(self, number: int, gone: bool) -> None:
        link = meddling.one_of(meddling.links(self.root, self.canaries), number)
        if link is None:
            return
        self.claims.meddled = True
        if gone:
            link.unlink()
        else:
            meddling.swap(link, self.base / "outside" / "holiday", link)
        self._count("swap")

    @rule(number=NUMBERS, marked=st.booleans(), trashed=st.booleans(), alike=st.booleans())
    def add_a_stranger(self, number: int, marked: bool, trashed: bool, alike: bool) -> None:
        """A folder of the user's among ours, with a name alike, or a copied marker, or both: but in
        the trash nothing else tells which are ours."""
        self.strangers += 1
        digits = f"{number:06d}"
        name = f"holiday {self.strangers}"
        if alike:
            name = f"20250101-{digits}-abcdef" if trashed else f"v0.1-20250101{digits}-abcdef"
        folder = self.root / "comfyui-versions" / (".trash" if trashed else ".store") / name
        if not os.path.lexists(folder):
            marked = marked and not (alike and trashed)
            marker = meddling.a_marker(self.root) if marked else None
            meddling.stranger(folder, self.canaries, marker)
            self._count("stranger")

    @precondition(lambda self: self.may_move and self.is_changed)
    @rule()
    def move_the_root(self) -> None:
        self.app.close()
        self.strangers += 1
        new = self.base / f"moved {self.strangers}"
        self.root.rename(new)
        self.canaries.moved(self.root, new)
        self.root = self.claims.root = new
        self.claims.meddled = True
        self.app = build_app("cli", self._environment())
        self._count("move")
        self._nothing_is_lost()

    # --- What has to be true ----------------------------------------------------------------------

    @invariant()
    def no_canary_is_harmed(self) -> None:
        harmed = self.canaries.harmed()
        self.done["foreign deletions"] += len(harmed)
        assert harmed == []

    def _nothing_is_lost(self) -> None:
        """What was acknowledged is where it has to be, or told of; and nothing is half done."""
        listed = {Path(one["path"]).name: one for one in self._value("versions.list")["versions"]}
        trash = self._value("versions.trash")
        words = (
            self._value("versions.list")["problems"], trash["problems"],
            self._value("system.info")["notices"], self._value("system.state")["problems"],
        )  # fmt: skip
        self.claims.check(listed, [one["entry"] for one in trash["entries"]], str(words))
        data = self.root / "launcher-data"
        assert list(temporaries(self.root / "comfyui-versions", data)) == []
        if not self.claims.meddled:
            assert [one["missing"] for one in listed.values() if one["missing"]] == []
            assert list((data / "journal").iterdir()) == []
            assert set(self.claims.stores()) == set(listed)

    def _after(self, work: str, what: str | None, outcome: str) -> None:
        assert outcome != "internal-error", (work, what)
        if outcome != "rate-limited":
            self._count(work.rpartition(".")[2])
            self.claims.after(work, what, outcome)

    def _watch_what_nobody_owns(self, store: Path) -> None:
        """Its marker cannot be read any more: from now on it is as good as the user's."""
        for name in ("source/main.py", "venv/pyvenv.cfg"):
            if (store / name).is_file():
                self.canaries.watch(store / name)

    def _count(self, what: str) -> None:
        self.done["steps"] += 1
        self.done[what] += 1
        self.is_changed = what not in {"restart", "move"}

    # --- Asking -----------------------------------------------------------------------------------

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "COMFYUI_LAUNCHER_HOME": str(self.root)}

    def _answer(self, endpoint: str, request: dict[str, Any]) -> dict[str, Any]:
        return self.app.dispatcher.call(endpoint, request).model_dump(mode="json")

    def _value(self, endpoint: str) -> Any:
        answer = self._answer(endpoint, {})
        assert answer["ok"], answer
        return answer["value"]

    def _ask(self, endpoint: str, **request: Any) -> str:
        """`done`, or the code of the error."""
        answer = self._answer(endpoint, request)
        if not answer["ok"]:
            return str(answer["error"]["code"])
        if "operation_id" not in answer["value"]:
            return "done"
        ended = self.app.operations.wait(answer["value"]["operation_id"])
        return ended.error.code if ended.error else "done"

    def _do_elsewhere(self, work: str | None, tag: str, kill_at: int) -> Ended:
        """In another process, which kills itself before its `kill_at`th change of the disk."""
        requests = {"versions.uninstall": {"tag": tag}, "versions.restore": {"entry": tag}}
        arguments: dict[str | None, tuple[Any, ...]] = {
            "install": (str(self.root), tag),
            "expire": (str(self.root), KEPT_DAYS),
            "prepare": (str(self.root), tag, *self.claims.startable(tag)[:1]),
            "remove_view": (str(self.root), tag),
        }
        return self.home.do(
            f"tests.crash.acts:{work if work in arguments else 'ask'}",
            *arguments.get(work, (work, requests.get(str(work), {}))),
            environment=self._environment(),
            kill_at=kill_at,
        )

    def _furnish(self) -> None:
        """Twenty files: what all versions share, folders of the user's among ours, and outside."""
        shared, versions = self.root / "shared-resources", self.root / "comfyui-versions"
        outside = self.base / "outside"
        pretender = meddling.PRETENDER
        for path in (
            *(shared / f"models/checkpoints/model {number}.safetensors" for number in range(3)),
            *(shared / f"output/ComfyUI_0000{number}_.png" for number in range(2)),
            shared / "models/loras/deep/er/style.safetensors",
            shared / "input/example.png",
            shared / "user/default/workflows/mine.json",
            shared / "user/databases/v0.3.64.db",
            shared / "custom_nodes/a-node/__init__.py",
            versions / ".store/not ours/venv/important.py",
            versions / ".trash/not ours/notes.txt",
            versions / "my own ComfyUI/main.py",
            self.root / "launcher-data/views/v0.3.64/models/checkpoints/downloaded.safetensors",
            outside / "holiday/a.png",
            outside / "holiday/checkpoints/b.safetensors",
            *(outside / "pretender" / name for name in pretender),
        ):
            self.canaries.plant(path)
        checkpoints = self.root / "launcher-data/views/v0.3.64/models/checkpoints"
        self.canaries.link(checkpoints / "mine.safetensors", outside / "holiday/a.png")
        self.canaries.link(versions / "mine", outside / "holiday")


# --- How far it goes ------------------------------------------------------------------------------


@pytest.mark.parametrize("count", quick_and_full(150, FULL))
def test_whatever_happens_no_file_of_the_users_is_harmed_and_no_version_is_lost(
    count: int, figures: Figures
) -> None:
    full = count == FULL
    number, length = (new_seed(), 50) if full else (QUICK_SEED, 25)
    print(f"{SEED_VARIABLE}={number}")
    tally: Counter[str] = Counter()
    logging.disable()  # thousands of warnings, each of them expected
    try:
        with nursery() as home:
            while tally["steps"] < count:
                machine = type("Machine", (Rampage,), {
                    "home": home, "done": tally, "may_move": full,
                })  # fmt: skip
                examples = max(1, (count - tally["steps"]) // length)
                run_state_machine_as_test(
                    seed(number + tally["steps"])(machine), settings=_settings(examples, length)
                )
    finally:
        logging.disable(logging.NOTSET)
        tally["foreign deletions"] += 0
        figures("state machine", **{name.replace(" ", "_"): n for name, n in sorted(tally.items())})


def _settings(examples: int, length: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=length,
        deadline=None,
        database=None,
        print_blob=True,
        phases=(Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
        verbosity=Verbosity.normal,
        suppress_health_check=list(HealthCheck),
    )
