"""A launcher on a small prepared root, with the words that scenarios act by.

What cannot be had without a network (git, uv) is played by the fakes of the ports; the rest is the
launcher as its doors build it.
"""

from __future__ import annotations

import dataclasses
import os
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from backend.api.contract.common import Refusal
from backend.composition import App, build_app
from backend.config import PathsConfig
from backend.exceptions import ComfyUILauncherError
from backend.installation_progress_tracker import INSTALL_STEPS, UNINSTALL_STEPS
from backend.operations.model import Failure
from backend.operations.operation import Operation, Step
from backend.platform.git import ResolvedReference
from backend.version_manager import VersionManager
from backend.version_manager_components.context import VersionContext
from backend.version_manager_components.models import InstallOptions
from tests.fakes.ports import (
    COMMIT,
    RELEASED,
    FakeConstraints,
    FakeEnvironments,
    FakeSources,
)

IN_TRASH: Final = "v0.3.62"  # bystanders: no scenario is about these two
INSTALLED: Final = "v0.3.63"
TAG: Final = "v0.3.64"
REQUEST: Final = InstallOptions(reference=TAG, torch_backend="cpu")

CANARIES: Final = (
    *(f"shared-resources/models/checkpoints/model-{n}.safetensors" for n in range(5)),
    *(f"shared-resources/models/loras/style-{n}.safetensors" for n in range(2)),
    *(f"shared-resources/output/picture-{n}.png" for n in range(4)),
    "shared-resources/input/photo.png",
    "shared-resources/user/default/workflows/mine.json",
    "shared-resources/user/databases/v0.3.63.db",
    "shared-resources/custom_nodes/mine/__init__.py",
    "comfyui-versions/by-hand/main.py",  # folders without our marker, wherever one may stand
    "comfyui-versions/.store/by-hand/output/art.png",
    "comfyui-versions/.store/v0.3.64-copy/output/art.png",
    "comfyui-versions/.trash/by-hand/art.png",
    "launcher-data/notes.txt",
)


class Refused(Exception):
    """The launcher said no, with an error of its own."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.code}: {failure.message}")
        self.failure = failure


class Stage:
    """One launcher on one root.

    A victim calls `start()` where its faults begin, and `ack()` after each change that the launcher
    has confirmed.
    """

    def __init__(
        self,
        root: Path,
        *,
        start: Callable[[], None] = lambda: None,
        ack: Callable[[], object] = lambda: None,
    ) -> None:
        self.paths = PathsConfig(root)
        self.start = start
        self.ack = ack

    @cached_property
    def app(self) -> App:
        return build_app("cli", environment(self.paths.root))

    def open(self) -> Stage:
        """Itself, with the launcher built: so the faults that follow are not those of a start."""
        assert self.app.paths == self.paths
        return self

    @property
    def manager(self) -> VersionManager:
        manager = self.app.dispatcher._api.versions._manager
        assert isinstance(manager, VersionManager)
        return manager

    def ask(self, endpoint: str, **request: Any) -> Any:
        """The value of an endpoint. Raises: Refused."""
        answer = self.app.dispatcher.call(endpoint, request)
        if isinstance(answer, Refusal):
            raise Refused(answer.error)
        return answer.value

    def run(
        self,
        kind: str,
        subject: str,
        steps: Sequence[Step],
        work: Callable[[Operation], BaseModel | None],
    ) -> None:
        """An operation as the runner runs it, but in this thread, which strace counts alone.

        Raises: Refused when it ends otherwise than well.
        """
        runner = self.app.operations
        operation = runner._new(kind, subject, steps, None)
        runner._live[operation.id] = operation
        runner._journal.append(operation.snapshot)
        runner._run(operation, work, nullcontext())
        if (failure := operation.snapshot.error) is not None:
            raise Refused(failure)

    def install(self, tag: str, *, on_verify: Callable[[], object] | None = None) -> None:
        """A real installation, but for git and uv. Faults of a test begin at `on_verify`."""
        manager = VersionManager(played(self.manager._context, on_verify))
        request = REQUEST.model_copy(update={"reference": tag})
        self.run("versions.install", tag, INSTALL_STEPS, lambda now: manager.install(request, now))

    def uninstall(self, tag: str) -> None:
        self.run(
            "versions.uninstall", tag, UNINSTALL_STEPS, lambda now: self.manager.uninstall(tag, now)
        )

    def entry_of(self, tag: str) -> str:
        return next(entry.entry for entry in self.manager.trash().entries if entry.tag == tag)


def environment(root: Path) -> Mapping[str, str]:
    """Nothing of who runs the test."""
    return {"COMFYUI_LAUNCHER_HOME": str(root), "HOME": str(root), "PATH": os.environ["PATH"]}


def played(context: VersionContext, on_verify: Callable[[], object] | None) -> VersionContext:
    """The same context without git and uv."""
    sources = FakeSources()
    for tag in (IN_TRASH, INSTALLED, TAG):
        sources.known[tag] = ResolvedReference("tag", tag, COMMIT, RELEASED)
    return dataclasses.replace(
        context,
        sources=sources,
        constraints=FakeConstraints(context.paths.cache),
        environments=FakeEnvironments(on_look=on_verify),
    )


def prepare(root: Path) -> Stage:
    """A root with one version installed, one in the trash, a setting changed, and canaries."""
    stage = Stage(root)
    stage.manager._context.store.remember_environment_size("cpu", 1000)
    for tag in (IN_TRASH, INSTALLED):
        install_with_links(stage, tag)
    stage.uninstall(IN_TRASH)
    stage.ask("settings.change", name="max_retries", value=3)
    for canary in CANARIES:
        path = root / canary
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"This is {canary}, and nobody's but the user's.\n")
    return stage


def install_with_links(stage: Stage, tag: str) -> None:
    """An installed version with what real ones have: links to what is shared, and shared files."""
    stage.install(tag)
    store = (stage.paths.versions / tag).resolve()
    (store / "models").symlink_to(stage.paths.models)
    packages = store / "venv" / "lib" / "site-packages"
    packages.mkdir(parents=True)
    cached = stage.paths.cache / "uv" / "numpy.py"
    cached.parent.mkdir(parents=True, exist_ok=True)
    cached.touch()
    (packages / "numpy.py").hardlink_to(cached)
    (packages / "torch.py").write_text("version = 2\n")


def said(error: BaseException) -> dict[str, str]:
    """How an action ended, in words for the one who judges it."""
    if isinstance(error, Refused):
        return {"outcome": "refused", "code": error.failure.code, "words": str(error)}
    if isinstance(error, ComfyUILauncherError):
        return {"outcome": "refused", "code": error.code, "words": error.message}
    words = "".join(traceback.format_exception(error, limit=-2))
    return {"outcome": "raw", "code": type(error).__name__, "words": words}
