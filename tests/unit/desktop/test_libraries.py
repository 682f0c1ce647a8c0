from __future__ import annotations

from pathlib import Path

import pytest

from backend.desktop.libraries import (
    ALL,
    Distribution,
    Library,
    advice,
    distribution_of,
    install_command,
    missing_of,
    needed_for,
    packages_of,
    this_distribution,
)

NOWHERE = Library("libof-nobody.so.7", "libof-nobody7", "of-nobody", "libof-nobody7", "of-nobody")
LIBC = Library("libc.so.6", "libc6", "glibc", "glibc", "glibc")
CURSOR = next(library for library in ALL if library.soname == "libxcb-cursor.so.0")
SOUND = next(library for library in ALL if library.soname == "libasound.so.2")

DEBIAN_12 = {"ID": "debian", "VERSION_ID": "12", "VERSION_CODENAME": "bookworm"}
DEBIAN_13 = {"ID": "debian", "VERSION_ID": "13", "VERSION_CODENAME": "trixie"}
UBUNTU_22 = {"ID": "ubuntu", "ID_LIKE": "debian", "VERSION_ID": "22.04",
             "VERSION_CODENAME": "jammy", "UBUNTU_CODENAME": "jammy"}  # fmt: skip
UBUNTU_24 = {"ID": "ubuntu", "ID_LIKE": "debian", "VERSION_ID": "24.04",
             "VERSION_CODENAME": "noble", "UBUNTU_CODENAME": "noble"}  # fmt: skip
MINT_21 = {"ID": "linuxmint", "ID_LIKE": "ubuntu debian", "VERSION_ID": "21.3",
           "VERSION_CODENAME": "virginia", "UBUNTU_CODENAME": "jammy"}  # fmt: skip
MINT_22 = {"ID": "linuxmint", "ID_LIKE": "ubuntu debian", "VERSION_ID": "22",
           "VERSION_CODENAME": "wilma", "UBUNTU_CODENAME": "noble"}  # fmt: skip
FEDORA = {"ID": "fedora", "VERSION_ID": "43"}
ROCKY = {"ID": "rocky", "ID_LIKE": "rhel centos fedora", "VERSION_ID": "9.6"}
TUMBLEWEED = {"ID": "opensuse-tumbleweed", "ID_LIKE": "opensuse suse", "VERSION_ID": "20261101"}
ARCH = {"ID": "arch"}
MANJARO = {"ID": "manjaro", "ID_LIKE": "arch"}
ALPINE = {"ID": "alpine", "VERSION_ID": "3.22"}


def test_a_library_that_the_linker_does_not_find_is_missing() -> None:
    assert missing_of([LIBC, NOWHERE]) == (NOWHERE,)


def test_a_file_of_that_name_that_is_no_library_does_not_count(tmp_path: Path) -> None:
    junk = tmp_path / "libjunk.so.1"
    junk.write_text("no library")
    assert missing_of([Library(str(junk), "", "", "", "")])


@pytest.mark.parametrize(
    ("facts", "command"),
    [
        (DEBIAN_12, "sudo apt install libxcb-cursor0 libasound2"),
        (DEBIAN_13, "sudo apt install libxcb-cursor0 libasound2t64"),
        (UBUNTU_22, "sudo apt install libxcb-cursor0 libasound2"),
        (UBUNTU_24, "sudo apt install libxcb-cursor0 libasound2t64"),
        (MINT_21, "sudo apt install libxcb-cursor0 libasound2"),
        (MINT_22, "sudo apt install libxcb-cursor0 libasound2t64"),
        (FEDORA, "sudo dnf install xcb-util-cursor alsa-lib"),
        (ROCKY, "sudo dnf install xcb-util-cursor alsa-lib"),
        (TUMBLEWEED, "sudo zypper install libxcb-cursor0 libasound2"),
        (ARCH, "sudo pacman -S xcb-util-cursor alsa-lib"),
        (MANJARO, "sudo pacman -S xcb-util-cursor alsa-lib"),
    ],
    ids=lambda value: value.get("ID", "") if isinstance(value, dict) else "",
)
def test_the_advice_is_the_command_of_this_distribution(
    facts: dict[str, str], command: str
) -> None:
    assert f"`{command}`" in advice([CURSOR, SOUND], distribution_of(facts))


def test_a_system_that_is_an_image_is_not_told_to_use_dnf() -> None:
    distribution = distribution_of(FEDORA, image_based=True)
    assert "`rpm-ostree install xcb-util-cursor`" in advice([CURSOR], distribution)


def test_alpine_is_told_that_no_package_helps() -> None:
    assert "glibc" in advice([CURSOR], distribution_of(ALPINE))


def test_an_unknown_system_gets_the_name_of_the_library() -> None:
    assert "libxcb-cursor.so.0" in advice([CURSOR], distribution_of({"ID": "hobby"}))


def test_a_package_that_brings_two_libraries_is_named_once() -> None:
    both = [library for library in ALL if library.debian == "libglib2.0-0"]
    assert len(both) == 2
    assert packages_of(both, distribution_of(DEBIAN_12)) == ("libglib2.0-0",)


def test_a_release_never_becomes_a_path_out_of_its_folder() -> None:
    release = distribution_of({"ID": "../../etc", "VERSION_ID": "1/2"}).release
    assert "/" not in release


def test_this_system_has_a_release() -> None:
    assert this_distribution().release


@pytest.mark.parametrize("library", ALL, ids=lambda library: library.soname)
def test_every_library_has_a_package_in_every_family_that_has_packages(library: Library) -> None:
    for family in ("debian", "fedora", "ostree", "suse", "arch"):
        assert Distribution(family, "x").package_of(library)


def test_wayland_does_without_the_libraries_of_x11_windows() -> None:
    assert CURSOR in needed_for("xcb")
    assert CURSOR not in needed_for("wayland")
    assert CURSOR not in needed_for("offscreen")


def test_a_package_is_installed_in_the_words_of_this_system() -> None:
    assert install_command("xdg-utils", Distribution("fedora", "fedora-42")) == (
        "sudo dnf install xdg-utils"
    )
    assert "package manager of this system" in install_command(
        "xdg-utils", Distribution("other", "unknown")
    )
