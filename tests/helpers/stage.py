"""A launcher in this process with its page in a tab: every state of it can be brought about."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from backend.operations.events import WindowClosing
from backend.platform.ports import Listener, listen
from backend.service.background import BackgroundService
from tests.helpers.browser import Origin, Shown, let_in, show
from tests.helpers.service import REPOSITORY
from tests.helpers.world import TORCH, World, make_world

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

ARTEFACTS: Final = Path(
    os.environ.get("COMFYUI_LAUNCHER_ARTEFACTS", REPOSITORY / "tests" / "artefacts")
)


@dataclass
class Stage:
    """The launcher, the service in front of it, and the page."""

    world: World
    service: BackgroundService
    shown: Shown

    def fresh(self, place: str = "") -> Shown:
        """The page at `#/place` as it is after a start, with nothing open."""
        self.shown.page.goto("about:blank")
        self.shown.faults.clear()
        self.shown.go(place)
        return self.shown

    def active(self, tag: str) -> None:
        """Makes it the version that Home is about."""
        self.world.ask("versions.activate", tag=tag)

    def launch(self, tag: str, **misbehaviour: str) -> str:
        """Starts it, told how to behave; the id of the operation."""
        wish = {f"FAKE_COMFYUI_{name.upper()}": value for name, value in misbehaviour.items()}
        return self.world.start("versions.launch", tag=tag, cpu=True, environment=wish)

    def ask_about_closing(self, *running: str, operations: tuple[str, ...] = ()) -> None:
        """What the window says when it is closed while something runs."""
        self.world.app.events.publish(WindowClosing(running=running, operations=operations))

    def shoot(self, name: str) -> None:
        """A picture of what is shown, for people to judge."""
        folder = ARTEFACTS / "screens"
        folder.mkdir(parents=True, exist_ok=True)
        self.shown.page.screenshot(path=folder / f"{name}.png", animations="disabled")

    def close(self) -> None:
        self.service.close()
        self.world.close()


@contextmanager
def raised(
    root: Path,
    origin: Origin,
    context: BrowserContext,
    *,
    signed_in: bool = True,
    **environment: str,
) -> Iterator[Stage]:
    """A stage on an empty root."""
    world = make_world(
        root,
        origin.repository,
        origin.wheels,
        origin.cache,
        COMFYUI_LAUNCHER_GITHUB_API=origin.api,
        **environment,
    )
    # Colours as the browser has them: a test changes those at will.
    settings = {"torch_spec": TORCH, "find_links": [str(origin.wheels)], "theme": "system"}
    for name, value in settings.items():
        world.ask("settings.change", name=name, value=value)
    world.app.stay()
    service = serve_world(world, listen(0))
    if signed_in:
        let_in(context, service)
    stage = Stage(world, service, show(context, service))
    try:
        yield stage
    finally:
        stage.close()


def serve_world(world: World, listener: Listener) -> BackgroundService:
    """The service of that app, as the window has it."""
    service = BackgroundService(listener, log_file=world.app.paths.logs / "window.log")
    service.start(world.app)
    return service
