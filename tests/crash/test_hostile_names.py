"""Ten thousand hostile names through every door that takes one: nothing outside is ever touched.

The root of the launcher lies in a folder with things around it: what the names lead to, a home, the
folder that the process stands in. After each batch all of that is as it was, no answer was a crash
of ours, and the files of the user in the root are what they were.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pytest

from backend.api.contract.common import Refusal, Success
from backend.composition import App, build_app
from backend.config import PathsConfig, Settings
from backend.exceptions import ComfyUILauncherError
from backend.processes.instances import Instances
from backend.processes.notes import forget_run
from backend.resources.resource_manager import ResourceManager
from tests.crash.conftest import Figures
from tests.crash.counts import quick_and_full
from tests.crash.hostile import hostile_names
from tests.crash.hostile_records import plant
from tests.crash.worlds import Canaries, new_seed
from tests.fakes.ports import World as Made

TAG: Final = "v0.3.64"
BATCH: Final = 100

# Everything that takes a name from outside: the endpoint, and the request with the name in it.
TAG_DOORS: Final = (
    "versions.show", "versions.plan_uninstall", "versions.uninstall", "versions.activate",
    "versions.set_default", "versions.launch", "versions.stop", "versions.logs", "versions.check",
    "versions.constraints",
)  # fmt: skip
OPERATION_DOORS: Final = ("operations.show", "operations.cancel", "operations.retry")


def requests_with(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for door in TAG_DOORS:
        yield door, {"tag": name}
    for door in OPERATION_DOORS:
        yield door, {"operation_id": name}
    yield "versions.plan", {"reference": name}
    yield "versions.restore", {"entry": name}
    yield "versions.plan_empty_trash", {"entries": [name]}
    yield "settings.change", {"name": name, "value": name}
    yield "settings.reset", {"name": name}
    yield "settings.keep_secret", {"name": name, "value": name}
    yield "models.forget", {"path": name}


def requests_that_write(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Those that take a name as a value, or as the subject of an operation, and write it down."""
    yield "versions.empty_trash", {"entries": [name]}
    yield "settings.change", {"name": "extra_model_folders", "value": [name]}
    yield "settings.change", {"name": "existing_comfyui", "value": name}
    yield "settings.change", {"name": "repository", "value": name}
    yield "models.use", {"path": name}


class Surroundings:
    """A root, and everything around it that has to stay as it is."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.root = base / "home of it" / "root"
        self.target = base / "of the user"
        self.canaries = Canaries()
        for name in (
            "model.safetensors",
            "hostile",
            "hostile.json",
            "x.json",
            "deep/hostile.jsonl",
        ):
            self.canaries.plant(self.target / name)
        for name in ("home", "here"):
            self.canaries.plant(base / name / "art.png")
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(base / "home"),
            "COMFYUI_LAUNCHER_HOME": str(self.root),
            "COMFYUI_LAUNCHER_REPO": (base / "no repository").as_uri(),
        }
        self.made: Made | None = None
        self.anew()
        self.before = self.outside()

    def anew(self) -> None:
        """A root with a version, one in the trash, and files of the user in all shared folders."""
        if self.root.exists():
            shutil.rmtree(self.root)
        self.made = Made(self.root)
        self.store = self.made.installed(TAG, active=True)
        removed = self.made.installed("v0.3.63", listed=False, operation_id="20251002120000-cccccc")
        self.entry = self.made.trash.put(removed, reason="removed", operation_id="op")
        paths = self.made.paths
        self.canaries.content = {
            path: content
            for path, content in self.canaries.content.items()
            if not path.is_relative_to(self.root)
        }
        for folder in (
            *(paths.models / "loras", paths.custom_nodes / "node", self.store / "source"),
            *(paths.output, paths.input, paths.user, paths.workflows),
        ):
            self.canaries.plant(folder / "of the user.safetensors")

    @property
    def paths(self) -> PathsConfig:
        return PathsConfig(self.root)

    def outside(self) -> dict[str, tuple[int, ...]]:
        """Everything around the root, by its name, as it stands on the disk."""
        found = {}
        for folder, folders, files in os.walk(self.base):
            if Path(folder) == self.root.parent:
                folders.remove(self.root.name)
            for name in (*folders, *files):
                status = os.lstat(os.path.join(folder, name))  # noqa: PTH118
                times = () if name == "home of it" else (status.st_mtime_ns, status.st_ctime_ns)
                found[os.path.join(folder, name)] = (status.st_ino, status.st_size, *times)  # noqa: PTH118
        return found

    def open(self) -> App:
        return build_app("cli", self.environment)

    def touched(self) -> list[str]:
        """What was written or removed outside since the beginning, and the canaries harmed."""
        now = self.outside()
        names = {
            name
            for name in self.before.keys() | now.keys()
            if self.before.get(name) != now.get(name)
        }
        return sorted(names) + self.canaries.harmed()


@pytest.fixture
def around(monkeypatch: pytest.MonkeyPatch) -> Iterator[Surroundings]:
    """In memory where that is possible: thousands of records are written, and every one synced."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        base = Path(folder).resolve()
        made = Surroundings(base)
        monkeypatch.setenv("HOME", str(base / "home"))
        monkeypatch.chdir(base / "here")
        yield made
        monkeypatch.undo()


def crashes(app: App, endpoint: str, request: Mapping[str, Any]) -> list[str]:
    """The answer, where it is one that no one foresaw."""
    answer = app.dispatcher.unlimited().call(endpoint, request)
    if isinstance(answer, Refusal):
        crashed = answer.error.code == "internal-error"
        return [f"{endpoint} {request!a:.150}"] if crashed else []
    if operation_id := getattr(answer.value, "operation_id", None):
        error = app.operations.wait(str(operation_id), timeout=30).error
        if error is not None and error.code == "internal-error":
            return [f"{endpoint} {request!a:.150}"]
    return []


@pytest.mark.parametrize("count", quick_and_full(300, 10_000))
def test_hostile_names_in_requests_reach_nothing(
    around: Surroundings, count: int, figures: Figures
) -> None:
    seed = new_seed()
    names = hostile_names(seed, count, around.target)
    app, asked, failed, touched = around.open(), 0, list[str](), list[str]()
    while batch := list(islice(names, BATCH)):
        for number, name in enumerate(batch):
            requests = list(requests_with(name))
            requests += requests_that_write(name) if number % 10 == 0 else ()
            for endpoint, request in requests:
                asked += 1
                failed += crashes(app, endpoint, request)
        touched += around.touched()
    app.close()
    figures(
        "hostile names in requests",
        names=count, requests=asked, crashes=len(failed), touched_outside=len(touched),
    )  # fmt: skip
    assert touched == [], f"seed {seed}"
    assert failed[:20] == [], f"seed {seed}"
    assert around.store.is_dir()


# --- In files -------------------------------------------------------------------------------------


def use_everything(app: App, around: Surroundings) -> list[str]:
    """What a person could ask of a root with such files in it, up to an empty trash."""
    ask = partial(crashes, app)
    failed = [
        *ask("versions.list", {}),
        *ask("operations.list", {}),
        *ask("system.state", {}),
        *ask("system.diagnostics", {}),
        *ask("models.folders", {}),
        *(found for door in ("show", "logs", "check") for found in ask(f"versions.{door}", {})),
    ]
    for operation in listed(app, "operations.list", "operations"):
        failed += ask("operations.retry", {"operation_id": operation["id"]})
        failed += ask("operations.cancel", {"operation_id": operation["id"]})
    for entry in listed(app, "versions.trash", "entries"):
        failed += ask("versions.restore", {"entry": entry["entry"]})
    for version in listed(app, "versions.list", "versions"):
        if version["tag"] != TAG:
            failed += ask("versions.plan_uninstall", {"tag": version["tag"]})
            failed += ask("versions.uninstall", {"tag": version["tag"]})
    failed += ask("versions.plan_empty_trash", {})
    failed += ask("versions.empty_trash", {})
    return failed


def listed(app: App, endpoint: str, name: str) -> list[dict[str, Any]]:
    """Lists are told whatever is in the files."""
    answer = app.dispatcher.unlimited().call(endpoint)
    assert isinstance(answer, Success), answer
    return list(answer.value.model_dump()[name])


def use_views(around: Surroundings) -> list[str]:
    """Prepares and removes every view that there is: what a start and an uninstallation do."""
    resources = ResourceManager(around.paths, Settings)
    failed = []
    for tag in {TAG, *(path.name for path in around.paths.views.iterdir())}:
        try:
            resources.prepare(tag, around.store)
            resources.remove_view(tag)
        except ComfyUILauncherError as error:
            failed.append(f"{tag}: {error.message}")
    return failed


@pytest.mark.parametrize("count", quick_and_full(150, 10_000))
def test_hostile_names_in_files_reach_nothing(
    around: Surroundings, count: int, figures: Figures
) -> None:
    seed, failed, touched = new_seed(), list[str](), list[str]()
    names = hostile_names(seed, count, around.target)
    while batch := list(islice(names, BATCH)):
        around.anew()
        plant(around.paths, batch)
        for _ in range(2):  # what the first start settles, the second one finds settled
            app = around.open()
            failed += use_everything(app, around)
            app.close()
        failed += use_views(around)
        forget_run_of_all(around)
        touched += around.touched()
        assert around.store.is_dir()
    figures(
        "hostile names in files", names=count, crashes=len(failed), touched_outside=len(touched)
    )
    assert touched == [], f"seed {seed}"
    assert failed[:20] == [], f"seed {seed}"


def forget_run_of_all(around: Surroundings) -> None:
    """As the eleventh start does, of runs whose notes say that their log is somewhere else."""
    for instance in Instances()._runs(around.store):
        forget_run(instance, around.paths.logs)
