"""The system libraries that Qt WebEngine stands on, and what gives those that are missing.

Qt ends the process (`abort`) when one is missing, and nothing can catch that. So they are tried
before Qt is imported, by the linker that Qt would ask: ten milliseconds that Qt then saves.
`tests/contract/test_desktop_libraries.py` holds the table against the Qt that is installed.
"""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

Family = Literal["debian", "fedora", "ostree", "suse", "arch", "alpine", "other"]

# The releases before the packages of some libraries were renamed for 64-bit times (libasound2t64).
_BEFORE_T64: Final = frozenset(
    {"bullseye", "bookworm", "focal", "jammy", "kinetic", "lunar", "mantic"}
)
_T64: Final = frozenset({"libasound2", "libglib2.0-0"})


@dataclass(frozen=True, slots=True)
class Library:
    """One library by the name that the linker looks for, and the packages that bring it.

    `light`: one small file that stands on what every desktop has; such a one can be had without
    being root (healing.py).
    """

    soname: str
    debian: str
    fedora: str
    suse: str
    arch: str
    light: bool = False


@dataclass(frozen=True, slots=True)
class Distribution:
    """Which packages this system knows. `release` names it for good: `debian-12`."""

    family: Family
    release: str
    codenames: frozenset[str] = frozenset()

    def package_of(self, library: Library) -> str | None:
        """The package that brings `library` here; None where we do not know."""
        match self.family:
            case "debian":
                renamed = library.debian in _T64 and not self.codenames & _BEFORE_T64
                return f"{library.debian}t64" if renamed else library.debian
            case "fedora" | "ostree":
                return library.fedora
            case "suse":
                return library.suse
            case "arch":
                return library.arch
            case _:
                return None


_BASE: Final = (
    Library("libEGL.so.1", "libegl1", "libglvnd-egl", "libglvnd", "libglvnd"),
    Library("libGL.so.1", "libgl1", "libglvnd-glx", "libglvnd", "libglvnd"),
    Library("libX11.so.6", "libx11-6", "libX11", "libX11-6", "libx11"),
    Library("libXcomposite.so.1", "libxcomposite1", "libXcomposite", "libXcomposite1",
            "libxcomposite", light=True),
    Library("libXdamage.so.1", "libxdamage1", "libXdamage", "libXdamage1", "libxdamage",
            light=True),
    Library("libXext.so.6", "libxext6", "libXext", "libXext6", "libxext"),
    Library("libXfixes.so.3", "libxfixes3", "libXfixes", "libXfixes3", "libxfixes", light=True),
    Library("libXrandr.so.2", "libxrandr2", "libXrandr", "libXrandr2", "libxrandr", light=True),
    Library("libXtst.so.6", "libxtst6", "libXtst", "libXtst6", "libxtst", light=True),
    Library("libasound.so.2", "libasound2", "alsa-lib", "libasound2", "alsa-lib"),
    Library("libbrotlidec.so.1", "libbrotli1", "libbrotli", "libbrotlidec1", "brotli"),
    Library("libdbus-1.so.3", "libdbus-1-3", "dbus-libs", "libdbus-1-3", "dbus"),
    Library("libexpat.so.1", "libexpat1", "expat", "libexpat1", "expat"),
    Library("libfontconfig.so.1", "libfontconfig1", "fontconfig", "fontconfig", "fontconfig"),
    Library("libfreetype.so.6", "libfreetype6", "freetype", "libfreetype6", "freetype2"),
    Library("libgbm.so.1", "libgbm1", "mesa-libgbm", "libgbm1", "mesa"),
    Library("libgcc_s.so.1", "libgcc-s1", "libgcc", "libgcc_s1", "gcc-libs"),
    Library("libglib-2.0.so.0", "libglib2.0-0", "glib2", "libglib-2_0-0", "glib2"),
    Library("libgssapi_krb5.so.2", "libgssapi-krb5-2", "krb5-libs", "krb5", "krb5"),
    Library("libgthread-2.0.so.0", "libglib2.0-0", "glib2", "libgthread-2_0-0", "glib2"),
    Library("libnspr4.so", "libnspr4", "nspr", "mozilla-nspr", "nspr"),
    Library("libnss3.so", "libnss3", "nss", "mozilla-nss", "nss"),
    Library("libnssutil3.so", "libnss3", "nss-util", "mozilla-nss", "nss"),
    Library("libsmime3.so", "libnss3", "nss", "mozilla-nss", "nss"),
    Library("libstdc++.so.6", "libstdc++6", "libstdc++", "libstdc++6", "gcc-libs"),
    Library("libudev.so.1", "libudev1", "systemd-libs", "libudev1", "systemd-libs"),
    Library("libxcb-dri3.so.0", "libxcb-dri3-0", "libxcb", "libxcb-dri3-0", "libxcb", light=True),
    Library("libxcb.so.1", "libxcb1", "libxcb", "libxcb1", "libxcb"),
    Library("libxkbcommon.so.0", "libxkbcommon0", "libxkbcommon", "libxkbcommon0",
            "libxkbcommon", light=True),
    Library("libxkbfile.so.1", "libxkbfile1", "libxkbfile", "libxkbfile1", "libxkbfile",
            light=True),
    Library("libz.so.1", "zlib1g", "zlib", "libz1", "zlib"),
    Library("libzstd.so.1", "libzstd1", "libzstd", "libzstd1", "zstd"),
)  # fmt: skip

# In an order in which each finds what it stands on: healed libraries are loaded one by one.
_X11: Final = (
    Library("libX11-xcb.so.1", "libx11-xcb1", "libX11-xcb", "libX11-xcb1", "libx11", light=True),
    Library("libxcb-shm.so.0", "libxcb-shm0", "libxcb", "libxcb-shm0", "libxcb", light=True),
    Library("libxcb-render.so.0", "libxcb-render0", "libxcb", "libxcb-render0", "libxcb",
            light=True),
    Library("libxcb-randr.so.0", "libxcb-randr0", "libxcb", "libxcb-randr0", "libxcb", light=True),
    Library("libxcb-shape.so.0", "libxcb-shape0", "libxcb", "libxcb-shape0", "libxcb", light=True),
    Library("libxcb-sync.so.1", "libxcb-sync1", "libxcb", "libxcb-sync1", "libxcb", light=True),
    Library("libxcb-xfixes.so.0", "libxcb-xfixes0", "libxcb", "libxcb-xfixes0", "libxcb",
            light=True),
    Library("libxcb-xkb.so.1", "libxcb-xkb1", "libxcb", "libxcb-xkb1", "libxcb", light=True),
    Library("libxcb-glx.so.0", "libxcb-glx0", "libxcb", "libxcb-glx0", "libxcb", light=True),
    Library("libxcb-util.so.1", "libxcb-util1", "xcb-util", "libxcb-util1", "xcb-util",
            light=True),
    Library("libxcb-icccm.so.4", "libxcb-icccm4", "xcb-util-wm", "libxcb-icccm4", "xcb-util-wm",
            light=True),
    Library("libxcb-keysyms.so.1", "libxcb-keysyms1", "xcb-util-keysyms", "libxcb-keysyms1",
            "xcb-util-keysyms", light=True),
    Library("libxcb-image.so.0", "libxcb-image0", "xcb-util-image", "libxcb-image0",
            "xcb-util-image", light=True),
    Library("libxcb-render-util.so.0", "libxcb-render-util0", "xcb-util-renderutil",
            "libxcb-render-util0", "xcb-util-renderutil", light=True),
    Library("libxcb-cursor.so.0", "libxcb-cursor0", "xcb-util-cursor", "libxcb-cursor0",
            "xcb-util-cursor", light=True),
    Library("libxkbcommon-x11.so.0", "libxkbcommon-x11-0", "libxkbcommon-x11",
            "libxkbcommon-x11-0", "libxkbcommon-x11", light=True),
)  # fmt: skip

_WAYLAND: Final = (
    Library("libwayland-client.so.0", "libwayland-client0", "libwayland-client",
            "libwayland-client0", "wayland", light=True),
    Library("libwayland-cursor.so.0", "libwayland-cursor0", "libwayland-cursor",
            "libwayland-cursor0", "wayland", light=True),
    Library("libwayland-egl.so.1", "libwayland-egl1", "libwayland-egl", "libwayland-egl1",
            "wayland", light=True),
)  # fmt: skip

ALL: Final = (*_BASE, *_X11, *_WAYLAND)

_INSTALL: Final[Mapping[Family, str]] = {
    "debian": "sudo apt install",
    "fedora": "sudo dnf install",
    "ostree": "rpm-ostree install",
    "suse": "sudo zypper install",
    "arch": "sudo pacman -S",
    "alpine": "apk add",
}


def needed_for(qt_platform: str) -> tuple[Library, ...]:
    """What Qt WebEngine needs with that platform of Qt's (`xcb`, `wayland`)."""
    if qt_platform.startswith("xcb"):
        return (*_BASE, *_X11)
    if qt_platform.startswith("wayland"):
        return (*_BASE, *_WAYLAND)
    return _BASE


def is_for_children(library: Library) -> bool:
    """Whether the processes that draw the pages need it too: they look for it themselves."""
    return library in _BASE


def missing_of(libraries: Iterable[Library]) -> tuple[Library, ...]:
    """Those that the linker does not find or cannot load; the others are loaded from now on."""
    return tuple(library for library in libraries if not loads(library.soname))


def loads(name: str | Path) -> bool:
    """Whether the linker loads that library, by its name or its path; others may use it then."""
    try:
        ctypes.CDLL(str(name))
    except OSError:
        return False
    return True


def packages_of(libraries: Iterable[Library], distribution: Distribution) -> tuple[str, ...]:
    """The packages that bring those libraries here, each once; empty where we know none."""
    found = (distribution.package_of(library) for library in libraries)
    return tuple(dict.fromkeys(name for name in found if name is not None))


def advice(libraries: Iterable[Library], distribution: Distribution) -> str:
    """One sentence that says how those libraries come onto this system."""
    wanted = tuple(libraries)
    packages = packages_of(wanted, distribution)
    if packages:
        command = f"{_INSTALL[distribution.family]} {' '.join(packages)}"
        return f"`{command}` gives it a window of its own."
    if distribution.family == "alpine":
        return "The window's engine needs glibc, which Alpine does not have."
    names = ", ".join(library.soname for library in wanted)
    return f"Install {names} with the package manager of this system for a window of its own."


def install_command(package: str, distribution: Distribution) -> str:
    """What installs a package that has the same name everywhere, as this system says it."""
    tool = _INSTALL.get(distribution.family)
    return f"{tool} {package}" if tool else f"the package manager of this system, as {package}"


def this_distribution() -> Distribution:
    """What this system says of itself in os-release; of the family `other` when it says nothing."""
    try:
        facts = platform.freedesktop_os_release()
    except OSError:
        return Distribution("other", "unknown")
    return distribution_of(facts, image_based=Path("/run/ostree-booted").exists())


def distribution_of(facts: Mapping[str, str], *, image_based: bool = False) -> Distribution:
    """The distribution that those lines of os-release describe."""
    names = [facts.get("ID", ""), *facts.get("ID_LIKE", "").split()]
    family: Family = next((_FAMILIES[name] for name in names if name in _FAMILIES), "other")
    if family == "fedora" and image_based:
        family = "ostree"
    keys = ("VERSION_CODENAME", "UBUNTU_CODENAME", "DEBIAN_CODENAME")
    release = "-".join(filter(None, (facts.get("ID", ""), facts.get("VERSION_ID", ""))))
    return Distribution(
        family,
        "".join(sign if sign.isalnum() or sign in ".-" else "_" for sign in release) or "unknown",
        frozenset(facts[key] for key in keys if key in facts),
    )


_FAMILIES: Final[Mapping[str, Family]] = {
    "debian": "debian",
    "ubuntu": "debian",
    "fedora": "fedora",
    "rhel": "fedora",
    "centos": "fedora",
    "suse": "suse",
    "opensuse": "suse",
    "opensuse-tumbleweed": "suse",
    "opensuse-leap": "suse",
    "arch": "arch",
    "archlinux": "arch",
    "alpine": "alpine",
}
