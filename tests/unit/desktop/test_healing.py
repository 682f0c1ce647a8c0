"""With real packages, the real apt and the real linker; in a child, because a library that is
loaded stays loaded."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.packages import PackageSource, library_named
from tests.helpers.processes import run_python

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("apt-get", "dpkg", "dpkg-deb"))),
    reason="packages are fetched without root with apt and dpkg, which are not here",
)

HEAL = """
    import ctypes, json, os, sys
    from pathlib import Path
    from backend.desktop.healing import heal
    from backend.desktop.libraries import Distribution, Library
    asked = json.loads(sys.argv[1])
    libraries = [Library(name, package, "x", "x", "x", light=asked["light"])
                 for name, package in asked["libraries"].items()]
    told = []
    left = heal(libraries, Distribution(asked["family"], "test-1"), Path(asked["folder"]),
                {**os.environ, **asked["environment"]}, told.append)
    def loads(name):
        try:
            return bool(ctypes.CDLL(name))
        except OSError:
            return False
    print(json.dumps({"left": [library.soname for library in left], "told": told,
                      "loads": [name for name in asked["libraries"] if loads(name)]}))
"""


@pytest.fixture
def source(tmp_path: Path) -> PackageSource:
    folder = tmp_path / "packages"
    folder.mkdir()
    return PackageSource(folder)


def heal(
    folder: Path,
    libraries: dict[str, str],
    environment: dict[str, str],
    *,
    light: bool = True,
    family: str = "debian",
) -> dict[str, Any]:
    asked = {"folder": str(folder), "libraries": libraries, "environment": environment,
             "light": light, "family": family}  # fmt: skip
    done = run_python(HEAL, json.dumps(asked))
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert isinstance(answer, dict)
    return answer


def kept(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_missing_library_is_fetched_and_loads_by_its_name(
    tmp_path: Path, source: PackageSource
) -> None:
    source.add("libq1", {"x86/libq.so.1.3": library_named("libq.so.1"),
                         "x86/libq.so.1": Path("libq.so.1.3")})  # fmt: skip
    healed = heal(tmp_path / "kept", {"libq.so.1": "libq1"}, source.environment())
    assert healed["left"] == []
    assert healed["loads"] == ["libq.so.1"]
    assert healed["told"] == ["Getting libq1 for the window, once, without installing it."]
    assert kept(tmp_path / "kept") == ["libq.so.1"]


def test_the_next_start_needs_no_network(tmp_path: Path, source: PackageSource) -> None:
    source.add("libq1", {"libq.so.1": library_named("libq.so.1")})
    heal(tmp_path / "kept", {"libq.so.1": "libq1"}, source.environment())
    again = heal(tmp_path / "kept", {"libq.so.1": "libq1"}, {"PATH": ""})
    assert again == {"left": [], "told": [], "loads": ["libq.so.1"]}


def test_a_library_that_goes_by_another_name_is_not_kept(
    tmp_path: Path, source: PackageSource
) -> None:
    source.add("libq1", {"libq.so.1": library_named("libj.so.1")})
    healed = heal(tmp_path / "kept", {"libq.so.1": "libq1"}, source.environment())
    assert healed["left"] == ["libq.so.1"]
    assert kept(tmp_path / "kept") == []


def test_a_file_that_is_no_library_is_not_kept(tmp_path: Path, source: PackageSource) -> None:
    source.add("libq1", {"libq.so.1": b"\x7fELF and nothing more"})
    healed = heal(tmp_path / "kept", {"libq.so.1": "libq1"}, source.environment())
    assert healed["left"] == ["libq.so.1"]
    assert healed["told"][-1] == "libq1 could not be had that way."
    assert kept(tmp_path / "kept") == []


def test_a_library_that_crashes_whoever_loads_it_does_not_crash_the_launcher(
    tmp_path: Path, source: PackageSource
) -> None:
    sound = library_named("libq.so.1")
    # The tables of an ELF file without what they point at: the linker runs into the void.
    source.add("libq1", {"libq.so.1": sound[:4096] + bytes(len(sound) - 4096)})
    healed = heal(tmp_path / "kept", {"libq.so.1": "libq1"}, source.environment())
    assert healed["left"] == ["libq.so.1"]
    assert kept(tmp_path / "kept") == []


def test_a_link_out_of_the_package_is_not_followed(tmp_path: Path, source: PackageSource) -> None:
    outside = tmp_path / "libq.so.1"
    outside.write_bytes(library_named("libq.so.1"))
    source.add("libq1", {"libq.so.1": outside})
    healed = heal(tmp_path / "kept", {"libq.so.1": "libq1"}, source.environment())
    assert healed["left"] == ["libq.so.1"]
    assert kept(tmp_path / "kept") == []


def test_a_package_that_apt_does_not_know_is_said_and_nothing_is_kept(
    tmp_path: Path, source: PackageSource
) -> None:
    source.add("libq1", {"libq.so.1": library_named("libq.so.1")})
    wanted = {"libj.so.1": "nobody-has-this"}
    healed = heal(tmp_path / "kept", wanted, source.environment())
    assert healed["left"] == ["libj.so.1"]
    assert healed["told"][-1] == "nobody-has-this could not be had that way."
    assert kept(tmp_path / "kept") == []


def test_a_library_that_stands_on_much_else_is_not_fetched(
    tmp_path: Path, source: PackageSource
) -> None:
    source.add("libq1", {"libq.so.1": library_named("libq.so.1")})
    environment = source.environment()
    healed = heal(tmp_path / "kept", {"libq.so.1": "libq1"}, environment, light=False)
    assert healed == {"left": ["libq.so.1"], "told": [], "loads": []}


def test_a_system_without_apt_fetches_nothing(tmp_path: Path, source: PackageSource) -> None:
    source.add("libq1", {"libq.so.1": library_named("libq.so.1")})
    environment = source.environment()
    healed = heal(tmp_path / "kept", {"libq.so.1": "libq1"}, environment, family="fedora")
    assert healed == {"left": ["libq.so.1"], "told": [], "loads": []}
    healed = heal(tmp_path / "kept", {"libq.so.1": "libq1"}, {**environment, "PATH": ""})
    assert healed == {"left": ["libq.so.1"], "told": [], "loads": []}


def test_work_that_a_killed_launcher_left_is_cleared_away_after_an_hour(
    tmp_path: Path, source: PackageSource
) -> None:
    source.add("libq1", {"libq.so.1": library_named("libq.so.1")})
    old, young = tmp_path / "kept/.work-old", tmp_path / "kept/.work-young"
    for folder in (old, young):
        folder.mkdir(parents=True)
    os.utime(old, (time.time() - 7200,) * 2)
    heal(tmp_path / "kept", {"libq.so.1": "libq1"}, source.environment())
    assert kept(tmp_path / "kept") == [".work-young", "libq.so.1"]
