from __future__ import annotations

from pathlib import Path

import pytest

from backend.desktop.default_browser import DefaultBrowser, find_default


class Session:
    """The folders of a user and of a system, in which a desktop looks for applications."""

    def __init__(self, folder: Path) -> None:
        self.configuration = folder / "config"
        self.own = folder / "own"
        self.system = folder / "system"
        self.environment = {
            "HOME": str(folder),
            "XDG_CONFIG_HOME": str(self.configuration),
            "XDG_CONFIG_DIRS": str(folder / "etc"),
            "XDG_DATA_HOME": str(self.own),
            "XDG_DATA_DIRS": str(self.system),
        }

    def program(self, name: str, title: str, *, extra: str = "") -> None:
        text = f"[Desktop Entry]\nName={title}\nName[de]=Anders\nExec={name} %u\n{extra}\n"
        write(self.system / f"applications/{name}.desktop",
              f"{text}[Desktop Action new]\nName=New window\n")  # fmt: skip

    def prefer(self, **kinds: str) -> None:
        write(self.configuration / "mimeapps.list", listed("Default Applications", kinds))

    def find(self) -> DefaultBrowser | None:
        return find_default(self.environment)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def listed(section: str, kinds: dict[str, str]) -> str:
    names = {"web": "x-scheme-handler/http", "page": "text/html"}
    return f"[{section}]\n" + "".join(f"{names[kind]}={kinds[kind]}\n" for kind in kinds)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    made = Session(tmp_path)
    made.program("firefox", "Firefox")
    made.program("chromium", "Chromium")
    return made


def test_the_browser_that_the_user_chose_is_found(session: Session) -> None:
    session.prefer(web="firefox.desktop;", page="firefox.desktop;")
    assert session.find() == DefaultBrowser("Firefox", opens_local_pages=True)


def test_pages_that_open_in_an_editor_are_not_given_to_the_browser(session: Session) -> None:
    session.program("editor", "Editor")
    session.prefer(web="firefox.desktop", page="editor.desktop")
    assert session.find() == DefaultBrowser("Firefox", opens_local_pages=False)


def test_what_the_user_chose_comes_before_what_is_installed(session: Session) -> None:
    write(session.system / "applications/mimeinfo.cache",
          listed("MIME Cache", {"web": "chromium.desktop;firefox.desktop;"}))  # fmt: skip
    found = session.find()
    assert found is not None
    assert found.name == "Chromium"
    session.prefer(web="firefox.desktop")
    found = session.find()
    assert found is not None
    assert found.name == "Firefox"


def test_a_browser_that_was_removed_gives_way_to_the_next(session: Session) -> None:
    session.prefer(web="gone.desktop;chromium.desktop")
    found = session.find()
    assert found is not None
    assert found.name == "Chromium"


def test_a_desktop_may_have_a_choice_of_its_own(session: Session) -> None:
    session.prefer(web="firefox.desktop")
    write(session.configuration / "kde-mimeapps.list",
          listed("Default Applications", {"web": "chromium.desktop"}))  # fmt: skip
    session.environment["XDG_CURRENT_DESKTOP"] = "KDE"
    found = session.find()
    assert found is not None
    assert found.name == "Chromium"


def test_a_browser_of_the_terminal_is_none(session: Session) -> None:
    session.program("w3m", "w3m", extra="Terminal=true")
    session.prefer(web="w3m.desktop")
    assert session.find() is None


@pytest.mark.parametrize("content", ["", "no section\n", "[Default Applications\n", "\0\xff"])
def test_a_damaged_list_is_as_none(session: Session, content: str) -> None:
    write(session.configuration / "mimeapps.list", content)
    assert session.find() is None


def test_a_list_that_names_a_path_is_not_followed(session: Session, tmp_path: Path) -> None:
    write(tmp_path / "evil.desktop", "[Desktop Entry]\nName=Evil\n")
    session.prefer(web="../../evil.desktop")
    assert session.find() is None
