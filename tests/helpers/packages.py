"""A package source of Debian's kind on this disk, for what fetches libraries without root."""

from __future__ import annotations

import ctypes
import hashlib
import os
import subprocess
from pathlib import Path
from typing import Final

# A library that every Python stands on; its name in a copy is exchanged for one of that length.
MODEL: Final = b"libz.so.1"


def library_named(soname: str) -> bytes:
    """A real library whose name for the linker is `soname` (nine characters, `libX.so.N`)."""
    name = soname.encode()
    assert len(name) == len(MODEL)
    ctypes.CDLL(MODEL.decode())
    maps = Path("/proc/self/maps").read_text().splitlines()
    path = next(line.split()[-1] for line in maps if "/libz.so.1" in line)
    content = Path(path).read_bytes()
    assert content.count(MODEL + b"\0") == 1
    return content.replace(MODEL + b"\0", name + b"\0")


class PackageSource:
    """Packages made of given files, and the environment in which apt knows them and no others."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stanzas: list[str] = []

    def add(self, package: str, files: dict[str, bytes | Path]) -> None:
        """A package with those files below /usr/lib; a Path is a link to it."""
        tree = self._folder / f"{package}-tree"
        control = tree / "DEBIAN/control"
        control.parent.mkdir(parents=True)
        fields = f"Package: {package}\nVersion: 1.0\nArchitecture: all\n"
        control.write_text(
            f"{fields}Maintainer: Test <test@example.org>\nDescription: for a test\n"
        )
        for name, content in files.items():
            target = tree / "usr/lib" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Path):
                target.symlink_to(content)
            else:
                target.write_bytes(content)
        deb = self._folder / "source" / f"{package}.deb"
        deb.parent.mkdir(exist_ok=True)
        command = ["dpkg-deb", "--root-owner-group", "--build", str(tree), str(deb)]
        subprocess.run(command, check=True, capture_output=True)
        content = deb.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        self._stanzas.append(
            f"{fields}Filename: ./{deb.name}\nSize: {len(content)}\nSHA256: {digest}\n"
        )

    def environment(self) -> dict[str, str]:
        """The environment for apt, after it has read the list of packages."""
        source = self._folder / "source"
        source.mkdir(exist_ok=True)
        (source / "Packages").write_text("\n".join(self._stanzas))
        (self._folder / "sources.list").write_text(f"deb [trusted=yes] file:{source} ./\n")
        for name in ("lists/partial", "cache/archives/partial"):
            (self._folder / name).mkdir(parents=True)
        configuration = self._folder / "apt.conf"
        configuration.write_text(
            f'Dir::State::lists "{self._folder}/lists";\nDir::Cache "{self._folder}/cache";\n'
            f'Dir::Etc::sourcelist "{self._folder}/sources.list";\nDir::Etc::sourceparts "-";\n'
            'APT::Sandbox::User "";\n'
        )
        environment = {**os.environ, "APT_CONFIG": str(configuration), "LC_ALL": "C"}
        subprocess.run(["apt-get", "update"], env=environment, check=True, capture_output=True)
        return environment
