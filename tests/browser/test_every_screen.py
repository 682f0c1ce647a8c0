"""Every place and state, dark and light: sound by WCAG's rules, without a fault, in pictures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from playwright.sync_api import expect

from tests.browser.looking import EVERY_LOOK, TWO_LOOKS, Look, findings
from tests.browser.scenes import (
    CRASHED,
    DAMAGED,
    FAILED,
    INSTALLED,
    NOTES,
    RUNNING,
    SCENES,
    TAGS,
    Rich,
    Scene,
)  # fmt: skip
from tests.browser.scenes_of_trouble import TROUBLES
from tests.fakes.comfyui import make_repository, make_wheelhouse
from tests.fakes.comfyui.github_api import GitHubApi
from tests.helpers.browser import Origin, needs_axe, new_context
from tests.helpers.held_wheels import held_wheels
from tests.helpers.stage import Stage, raised

if TYPE_CHECKING:
    from playwright.sync_api import Browser


EVERY_SCENE = (*SCENES, *TROUBLES)


@pytest.fixture(scope="module")
def api() -> Iterator[GitHubApi]:
    with GitHubApi(TAGS, prereleases=["v0.4.0-rc.1"], notes=NOTES) as made:
        yield made


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, api: GitHubApi) -> Origin:
    """A repository with more releases than a screen shows."""
    base = tmp_path_factory.mktemp("many")
    (base / "cache").mkdir()
    repository = make_repository(base / "ComfyUI.git", TAGS)
    return Origin(repository, make_wheelhouse(base / "wheels"), base / "cache", f"{api.url}/")


@pytest.fixture(scope="module")
def rich(
    browser: Browser, place: Origin, api: GitHubApi, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rich]:
    needs_axe()
    base = tmp_path_factory.mktemp("rich")
    context = new_context(browser)
    with (
        held_wheels(base / "held") as held,
        raised(base / "Zu Hause ü", place, context) as stage,
    ):
        fill(stage)
        yield Rich(stage, api, held)
    context.close()


def fill(stage: Stage) -> None:
    """Versions in every state: running, crashed, never started, damaged, stopped."""
    world = stage.world
    requests = [world.install_request(tag) for tag in INSTALLED]
    for operation in [world.start("versions.install", **request) for request in requests]:
        assert world.end_of(operation).state == "succeeded"
    starts = [
        stage.launch(RUNNING),
        stage.launch(CRASHED, crash="after-ready:2"),
        stage.launch(FAILED, crash="before-listening"),
    ]
    for operation in starts:
        world.end_of(operation)
    (world.store(DAMAGED) / "source" / "main.py").unlink()


@pytest.mark.parametrize("scene", EVERY_SCENE, ids=[scene.name for scene in EVERY_SCENE])
@pytest.mark.parametrize(
    "looks",
    [
        pytest.param(TWO_LOOKS, id="two-looks"),
        pytest.param(EVERY_LOOK, id="every-look", marks=pytest.mark.long),
    ],
)
def test_every_state_is_sound(scene: Scene, looks: tuple[Look, ...], rich: Rich) -> None:
    rich.stage.shown.dress("dark", "1440x900")
    with scene.arrange(rich):
        assert findings(rich.stage, scene.name, looks) == []


AT_TWICE_THE_SIZE = (
    "", f"version/{RUNNING}", f"version/{RUNNING}/log", "jobs", "settings/packages", "about",
)  # fmt: skip


@pytest.mark.parametrize("at", AT_TWICE_THE_SIZE)
def test_at_twice_the_size_everything_can_be_reached(at: str, rich: Rich) -> None:
    """200 % in a window of 1024x640: half as many pixels for the page."""
    shown = rich.stage.fresh(at)
    shown.page.set_viewport_size({"width": 512, "height": 320})
    expect(shown.page.get_by_role("heading", level=1)).to_be_visible()
    shown.settled()
    rich.stage.shoot(f"zoom-{at.replace('/', '-') or 'home'}")
    assert shown.overflow() == 0
    for control in shown.page.get_by_role("main").get_by_role("button").all()[:12]:
        control.scroll_into_view_if_needed()
        expect(control).to_be_in_viewport()
