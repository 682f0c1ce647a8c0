"""The page in a real Chromium, served by the real service on a root of its own."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.request import Request, urlopen

import pytest

from tests.helpers.service import Service, running
from tests.helpers.world import TORCH

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page

REPOSITORY: Final = Path(__file__).parents[2]
AXE: Final = REPOSITORY / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
PAGE: Final = REPOSITORY / "frontend" / "dist" / "index.html"
CHROMIUMS: Final = ("chromium", "chromium-browser", "google-chrome")
# Root needs --no-sandbox; the rest keeps the browser from talking to anyone but us.
FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SIZES: Final = {"1024x640": (1024, 640), "1440x900": (1440, 900)}
THEMES: Final = ("dark", "light")
TIMEOUT_MS: Final = 20_000
FOCUS_SECONDS: Final = 1.0

# What has the focus, and whether a person sees it: an outline, a ring, the highlight of a menu's
# entry, the caret of the palette's field. A part that only holds others (tabindex -1) is no stop.
_FOCUS: Final = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return {at: "nothing", visible: false};
  const name = at.getAttribute("aria-label") || at.innerText || at.id || "";
  const drawn = (one) => {
    const style = getComputedStyle(one);
    const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    return outlined || style.boxShadow !== "none";
  };
  const label = at.closest("label");
  const visible = drawn(at) || (label !== null && drawn(label))
    || at.hasAttribute("data-highlighted") || at.getAttribute("role") === "combobox"
    || at.getAttribute("tabindex") === "-1" && !at.matches("a, button, input, textarea");
  const role = at.getAttribute("role") || at.localName;
  return {at: `${role} ${name.trim().slice(0, 60)}`, visible};
}"""


# What frontend/src/transport/session.ts does with a code.
_HAND_IN: Final = """async (code) => {
  const headers = {"Content-Type": "application/json"};
  const body = JSON.stringify({code});
  const answer = await (await fetch("/api/v1/session", {method: "POST", headers, body})).json();
  localStorage.setItem("place", answer.value.place);
}"""


class Served(Protocol):
    """A service that pages can be opened from."""

    @property
    def url(self) -> str: ...

    @property
    def token(self) -> str: ...


@dataclass(frozen=True)
class Origin:
    """Where versions and their packages come from, and where releases are told."""

    repository: Path
    wheels: Path
    cache: Path
    api: str = "http://127.0.0.1:9/"


@dataclass
class Shown:
    """A page in a tab, and what went wrong in it."""

    page: Page
    url: str
    faults: list[str] = field(default_factory=list)

    def hear(self, said: ConsoleMessage) -> None:
        """Takes in what the console says. Chromium also tells of each call that is refused."""
        refused = "/api/" in said.location["url"] and said.text.startswith(
            "Failed to load resource"
        )
        if said.type == "error" and not refused:
            self.faults.append(said.text)

    def go(self, place: str = "") -> None:
        """Shows `#/place`, wherever the page was."""
        self.page.goto(f"{self.url}/#/{place}")

    def button(self, name: str | re.Pattern[str], *, exact: bool = True) -> Locator:
        return self.page.get_by_role("button", name=name, exact=exact)

    def focus(self) -> str:
        """What has the focus: its role and its name. Fails where nobody can see it."""
        end = time.monotonic() + FOCUS_SECONDS
        while True:
            found = self.page.evaluate(_FOCUS)
            if found["visible"]:
                return str(found["at"])
            # A dialog that closes gives the focus back a moment later.
            assert time.monotonic() < end, f"no one can see that the focus is at: {found['at']}"

    def press(self, *keys: str) -> str:
        """Presses keys, one after the other; the focus has to be seen after each."""
        focus = ""
        for key in keys:
            self.page.keyboard.press(key)
            focus = self.focus()
        return focus

    def tab_to(self, name: str, *, key: str = "Tab", at_most: int = 60) -> None:
        """Goes on with Tab until what is named has the focus, as a person without a mouse does."""
        passed = [self.focus()]
        while not passed[-1].endswith(name):
            assert len(passed) <= at_most, f"no way by {key} to {name}: {passed}"
            passed.append(self.press(key))

    def settled(self) -> None:
        """Returns when nothing moves any more but what turns for ever."""
        self.page.evaluate(
            "() => Promise.allSettled(document.getAnimations()"
            ".filter((one) => one.effect.getTiming().iterations !== Infinity)"
            ".map((one) => one.finished))"
        )

    def dress(self, theme: str, size: str) -> None:
        """Draws the page in those colours and that size, without a reload."""
        width, height = SIZES[size]
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        # Before the page knows the settings, it follows nothing: then it is told here.
        self.page.evaluate("(theme) => { document.documentElement.dataset.theme = theme }", theme)
        self.settled()

    def axe(self, *, only_colours: bool = False) -> list[str]:
        """What WCAG's rules find on the page as it is: one line each."""
        if not self.page.evaluate("typeof axe === 'object'"):
            self.page.evaluate(AXE.read_text("utf-8"))
        colours = "runOnly: {type: 'rule', values: ['color-contrast', 'link-in-text-block']},"
        # An open menu hangs above the whole page: it belongs to no part of it.
        places = "rules: {region: {enabled: document.querySelector('[role=menu]') === null}},"
        rules = colours if only_colours else places
        found: dict[str, Any] = self.page.evaluate(
            f"axe.run(document, {{{rules} resultTypes: ['violations']}})"
        )
        return [
            f"{rule['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]

    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        wide = "document.scrollingElement.scrollWidth - document.documentElement.clientWidth"
        return int(self.page.evaluate(wide))


def launch_chromium() -> Iterator[Browser]:
    """A headless Chromium; skips with the reason where there is none."""
    path = next((found for name in CHROMIUMS if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("no Chromium on this machine: apt install chromium")
    if not PAGE.is_file():
        pytest.skip("the page is not built: ./launcher frontend build")
    playwright = pytest.importorskip("playwright.sync_api")
    playwright.expect.set_options(timeout=TIMEOUT_MS)  # as patient as everything else here
    with playwright.sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


def needs_axe() -> None:
    """Skips with the reason where the rules of WCAG are not at hand."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: ./launcher frontend build")


def prepare_root(root: Path, origin: Origin, **settings: Any) -> Mapping[str, str]:
    """Makes a root whose packages come from the wheels alone; the environment to serve it with."""
    data = root / "launcher-data"
    data.mkdir(parents=True, exist_ok=True)
    empty = origin.wheels.parent / "empty-index"
    empty.mkdir(exist_ok=True)
    values = {
        "package_index": empty.as_uri(),
        "find_links": [str(origin.wheels)],
        "torch_spec": TORCH,
        **settings,
    }
    (data / "settings.json").write_text(json.dumps({"schema": 1, "values": values}), "utf-8")
    packages = root / "comfyui-versions" / ".cache"
    packages.mkdir(parents=True, exist_ok=True)
    if not (packages / "uv").exists():
        (packages / "uv").symlink_to(origin.cache)
    return {
        "COMFYUI_LAUNCHER_REPO": origin.repository.as_uri(),
        "COMFYUI_LAUNCHER_GITHUB_API": origin.api,
    }


@contextmanager
def served(
    root: Path, origin: Origin, settings: Mapping[str, Any] | None = None, **environment: str
) -> Iterator[Service]:
    """A service whose versions come from the fake repository and its wheels, never the network."""
    known = prepare_root(root, origin, **(settings or {}))
    with running(root, **known, **environment) as service:
        try:
            yield service
        finally:
            stop_all(service)


def stop_all(service: Service) -> None:
    """No test leaves a ComfyUI behind."""
    if service.process.poll() is not None:
        return
    for version in service.call("versions.list").value["versions"]:
        if version["state"] in {"running", "starting"}:
            stopped = service.call("versions.stop", tag=version["tag"])
            service.operation(stopped.headers["location"])  # of a start: that it was cancelled


def new_context(browser: Browser, *, theme: str = "dark", size: str = "1440x900") -> BrowserContext:
    """A browser's profile that nobody has let in yet."""
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        locale="en-GB",
    )
    context.set_default_timeout(TIMEOUT_MS)
    return context


def context_for(
    browser: Browser, service: Served, *, theme: str = "dark", size: str = "1440x900"
) -> BrowserContext:
    """A browser's profile that is let in."""
    context = new_context(browser, theme=theme, size=size)
    let_in(context, service)
    return context


def let_in(context: BrowserContext, service: Served) -> None:
    """Gives the profile its session, by a page without scripts: ours would ask for more."""
    page = context.new_page()
    page.goto(f"{service.url}/did-not-start")
    page.evaluate(_HAND_IN, code_for(service))
    page.close()


def code_for(service: Served) -> str:
    """A code that opens one page in a browser."""
    asked = Request(
        f"{service.url}/api/v1/session/codes",
        data=b"{}",
        headers={"Authorization": f"Bearer {service.token}", "Content-Type": "application/json"},
    )
    with urlopen(asked, timeout=20) as answer:
        return str(json.load(answer)["value"]["code"])


def show(context: BrowserContext, service: Served, place: str = "") -> Shown:
    """A tab at `#/place`; what its console says against us is collected."""
    page = context.new_page()
    shown = Shown(page, service.url)
    page.on("pageerror", lambda fault: shown.faults.append(str(fault)))
    page.on("console", shown.hear)
    shown.go(place)
    return shown
