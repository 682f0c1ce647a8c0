"""What is changed on the page holds, can be taken back, and cannot be turned against it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from playwright.sync_api import expect

from tests.browser.conftest import ROOT
from tests.fakes.comfyui.github_api import GitHubApi
from tests.helpers.browser import Origin, Shown, served
from tests.helpers.held_wheels import held_wheels
from tests.helpers.service import Service

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TAG = "v0.3.64"
HOSTILE = (
    "## What's Changed\n"
    "* <img src=x onerror=\"document.title='taken over'\"> and <script>alert(1)</script>\n"
    "* [a link](javascript:document.title='taken') and [another](data:text/html,hello)\n"
    "* **bold** and [sound](https://github.com/Comfy-Org/ComfyUI/pull/1)\n"
)
ODD = "Modelle ü & 'alt' <b>%27#?"


@pytest.fixture(scope="module")
def api() -> Iterator[GitHubApi]:
    with GitHubApi(notes={TAG: HOSTILE}) as made:
        yield made


@pytest.fixture(scope="module")
def service(
    browser: Browser, place: Origin, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A launcher with one version; the environment says which repository it comes from."""
    root = tmp_path_factory.mktemp("served") / ROOT
    with served(root, place) as running:
        running.run("versions.install", reference="v0.3.63")
        yield running


def setting(service: Service, name: str) -> dict[str, object]:
    told = service.call("settings.list").value["settings"]
    return next(one for one in told if one["name"] == name)


# --- Settings -------------------------------------------------------------------------------------


def test_a_setting_is_kept_by_enter_and_goes_back_to_its_default(
    shown: Shown, service: Service
) -> None:
    shown.go("settings/running")
    field = shown.page.get_by_label("Patience with an end")
    field.fill("33")
    field.press("Enter")
    back = shown.page.get_by_role("button", name=re.compile("Back to the default: 10"))
    expect(back).to_be_visible()
    assert setting(service, "stop_grace_seconds")["value"] == 33
    back.click()
    expect(field).to_have_value("10")
    expect(back).to_have_count(0)
    assert setting(service, "stop_grace_seconds")["source"] == "default"


def test_an_impossible_value_is_explained_and_not_kept(shown: Shown, service: Service) -> None:
    shown.go("settings/packages")
    field = shown.page.get_by_label("Exact torch")
    field.fill("not a requirement!")
    field.press("Enter")
    expect(shown.page.get_by_role("alert")).to_contain_text(re.compile("torch"))
    expect(field).to_have_attribute("aria-invalid", "true")
    assert setting(service, "torch_spec")["value"] == "torch==2.13.0+cpu"


def test_a_value_of_the_environment_can_only_be_read(shown: Shown, place: Origin) -> None:
    shown.go("settings/network")
    field = shown.page.get_by_label("Repository of ComfyUI")
    expect(field).to_be_disabled()
    expect(field).to_have_value(place.repository.as_uri())
    expect(shown.page.get_by_text("set by COMFYUI_LAUNCHER_REPO")).to_be_visible()


def test_colours_change_at_once_and_stay_after_a_reload(shown: Shown) -> None:
    html = shown.page.locator("html")
    shown.go("settings")
    expect(html).to_have_attribute("data-theme", "dark")
    shown.page.get_by_text("Light", exact=True).click()
    expect(html).to_have_attribute("data-theme", "light")
    shown.page.reload()
    expect(shown.page.get_by_role("radio", name="Light")).to_be_checked()
    expect(html).to_have_attribute("data-theme", "light")
    shown.page.get_by_text("As the system", exact=True).click()
    expect(html).to_have_attribute("data-theme", "dark")
    shown.page.emulate_media(color_scheme="light")
    expect(html).to_have_attribute("data-theme", "light")


def test_a_token_goes_in_and_is_never_shown_again(shown: Shown, service: Service) -> None:
    secret = "hf_SecretSecretSecretSecret"
    shown.go("settings/tokens")
    shown.page.get_by_text("Keep tokens in a file", exact=True).click()
    field = shown.page.locator("input[aria-label='Token for Hugging Face']")
    field.fill(secret)
    field.press("Enter")
    forget = shown.button("Forget the token for Hugging Face")
    expect(forget).to_be_visible()
    expect(field).to_have_value("")
    shown.page.reload()
    expect(forget).to_be_visible()
    assert secret not in shown.page.content()
    assert secret not in str(service.call("settings.list").json)
    forget.click()
    expect(forget).to_have_count(0)


# --- Versions -------------------------------------------------------------------------------------


def test_a_removed_version_comes_back_by_undo(shown: Shown, service: Service) -> None:
    shown.button("More for v0.3.63").first.click()
    shown.page.get_by_role("menuitem", name="Move to the trash…").click()
    question = shown.page.get_by_role("dialog", name="Move v0.3.63 to the trash?")
    expect(question).to_contain_text("0 bytes outside")
    assert len(service.call("versions.list").value["versions"]) == 1
    question.get_by_role("button", name="Move to the trash").click()
    expect(shown.page.get_by_text("v0.3.63 is in the trash")).to_be_visible()
    assert service.call("versions.list").value["versions"] == []
    shown.button("Undo").click()
    hero = shown.page.get_by_role("region", name="The version to work with")
    expect(hero.get_by_role("heading", name="v0.3.63")).to_be_visible()
    [version] = service.call("versions.list").value["versions"]
    assert (version["tag"], version["missing"]) == ("v0.3.63", [])


def test_an_installation_cancelled_in_the_tray_leaves_nothing(
    shown: Shown, service: Service, place: Origin, tmp_path: Path
) -> None:
    stores = service.root / "comfyui-versions" / ".store"
    before = sorted(path.name for path in stores.iterdir())
    with held_wheels(tmp_path / "held") as held:
        service.call(
            "versions.install", reference=TAG,
            torch_spec=held.torch, find_links=[str(place.wheels), held.url],
        )  # fmt: skip
        shown.page.locator("#tray-pill").click()
        tray = shown.page.get_by_role("region", name="What runs now")
        expect(tray).to_contain_text("Install the packages", timeout=30_000)
        tray.get_by_role("button", name=f"Cancel: Installing {TAG}").click()
        expect(tray).to_contain_text(f"Installing {TAG} was cancelled", timeout=30_000)
    expect(tray).to_contain_text("Nothing runs at the moment.")
    assert sorted(path.name for path in stores.iterdir()) == before
    assert [one["tag"] for one in service.call("versions.list").value["versions"]] == ["v0.3.63"]


def test_notes_of_a_release_can_do_nothing_but_be_read(shown: Shown) -> None:
    page = shown.page
    page.get_by_role("button", name=re.compile(f"^{TAG}")).click()
    expect(page.get_by_text("a link and another")).to_be_visible()
    assert page.locator("main img").count() == 0
    assert page.locator("main script").count() == 0
    links = page.locator("main a[target=_blank]")
    addresses = [link.get_attribute("href") or "" for link in links.all()]
    assert addresses
    assert all(address.startswith("https://github.com/") for address in addresses), addresses
    expect(page).to_have_title("Home · ComfyUI Launcher")


# --- Models ---------------------------------------------------------------------------------------


def test_a_folder_of_models_with_an_odd_name_is_read_and_forgotten(
    shown: Shown, tmp_path: Path
) -> None:
    folder = tmp_path / ODD
    (folder / "checkpoints").mkdir(parents=True)
    for name in ("über <i>alles.safetensors", "100%#1?.safetensors"):
        (folder / "checkpoints" / name).write_bytes(b"\0" * 64)
    shown.go("settings/folders")
    add_folder(shown, str(folder))
    row = shown.page.get_by_text(str(folder), exact=True)
    expect(row).to_be_visible()
    expect(shown.page.get_by_text("checkpoints 2")).to_be_visible()
    shown.button("No longer read this folder; its files stay").click()
    expect(row).to_have_count(0)
    assert len(list((folder / "checkpoints").iterdir())) == 2


def test_a_folder_that_is_not_there_is_refused_in_words(shown: Shown, tmp_path: Path) -> None:
    shown.go("settings/folders")
    add_folder(shown, str(tmp_path / "nowhere"))
    expect(shown.page.get_by_role("alert")).to_contain_text("nowhere")


def add_folder(shown: Shown, path: str) -> None:
    shown.page.get_by_label("Folder of models to add").fill(path)
    shown.button("Add the folder").click()
