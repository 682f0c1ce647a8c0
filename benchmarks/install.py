"""Installing a second time from warm caches, against the bare work of git and uv.

Ours: `versions.install` as one operation, from submission to commit. Floor, in the same run and
with the same caches: `git worktree add` + `uv venv` + `uv pip sync --offline`. Also printed: the
disk that the new installation does not share, before and after its first launch.

By default with the small ComfyUI of tests/fakes, so that it runs everywhere. With the real one:

    ./launcher bench install --repository file:///path/to/mirror.git --tag v0.3.64 \
        --torch-spec torch==2.13.0+cpu --find-links /path/to/wheels
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from backend.composition import App, build_app
from backend.platform.disk import physical_size
from backend.platform.uv import Uv

ROUNDS = 5
BAR_RATIO = 1.5
BAR_EXTRA_SECONDS = 0.5


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="bench-install-") as folder:
        base = Path(folder)
        repository, links = _origin(options, base)
        environment = os.environ | {
            "COMFYUI_LAUNCHER_HOME": str(base / "home"),
            "COMFYUI_LAUNCHER_REPO": repository,
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        app = build_app("cli", environment)
        wish = {
            "reference": options.tag,
            "torch_spec": options.torch_spec,
            "find_links": links,
        }
        _do(app, "versions.install", **wish)  # fills the caches
        ours, floor = [], []
        for number in range(ROUNDS):
            _do(app, "versions.uninstall", tag=options.tag)
            ours.append(_do(app, "versions.install", **wish))
            floor.append(_floor(app, options.tag, base / f"floor-{number}", links, environment))
        before, after = _own_disk(app, options)
        app.close()
    _report(ours, floor, before, after)


def _report(ours: list[float], floor: list[float], before: int, after: int) -> None:
    mine, bare = statistics.median(ours), statistics.median(floor)
    print(f"operation   {mine:.3f} s (median of {len(ours)}: {_all(ours)})")
    print(f"bare work   {bare:.3f} s (median of {len(floor)}: {_all(floor)})")
    print(f"own disk    {before / 1e6:.1f} MB before the first launch (bar 60 MB)")
    print(f"            {after / 1e6:.1f} MB after it (bar 200 MB)")
    fast = mine <= max(BAR_RATIO * bare, bare + BAR_EXTRA_SECONDS)
    result = {
        "name": "install",
        "ours": round(mine, 3),
        "floor_or_peer": round(bare, 3),
        "ratio": round(mine / bare, 2),
        "bar": f"<= {BAR_RATIO}x or +{BAR_EXTRA_SECONDS} s; own disk <= 60 and <= 200 MB",
        "ok": fast and before <= 60e6 and after <= 200e6,
    }
    print(json.dumps(result))


def _do(app: App, name: str, **request: Any) -> float:
    """Seconds from the call to the end of its operation."""
    start = time.perf_counter()
    answer = app.dispatcher.call(name, {k: v for k, v in request.items() if v is not None})
    while not answer.ok and answer.error.code == "rate-limited":
        time.sleep(float(answer.error.details["retry_after"]) + 0.01)
        start = time.perf_counter()
        answer = app.dispatcher.call(name, request)
    if not answer.ok:
        sys.exit(f"{name}: {answer.error.message} {answer.error.details}")
    ended = app.operations.wait(answer.value.operation_id)
    if ended.error is not None:
        sys.exit(f"{name}: {ended.error.message} {ended.error.details}")
    return time.perf_counter() - start


def _floor(
    app: App, tag: str, folder: Path, links: list[str], environment: dict[str, str]
) -> float:
    """The same result by hand: a worktree and an environment, nothing more."""
    uv = Uv(app.paths.cache / "uv", base_environment=environment).environment()
    mirror = next(app.paths.mirrors.glob("*.git"))
    exact = app.paths.versions / tag / "constraints.txt"
    find = [part for link in links for part in ("--find-links", link)]
    python = folder / "venv" / "bin" / "python"
    commands: list[list[str | Path]] = [
        ["git", f"--git-dir={mirror}", "worktree", "add", "-q", "--detach", folder / "source", tag],
        ["uv", "venv", "-q", "--no-project", "--python", sys.executable, folder / "venv"],
        ["uv", "pip", "sync", "-q", "--offline", "--python", python, *find, exact],
    ]
    program = {"git": "git", "uv": _uv()}
    start = time.perf_counter()
    for first, *rest in commands:
        subprocess.run([program[str(first)], *map(str, rest)], env=uv, check=True)
    seconds = time.perf_counter() - start
    shutil.rmtree(folder)
    return seconds


def _uv() -> str:
    import uv

    return uv.find_uv_bin()


def _own_disk(app: App, options: argparse.Namespace) -> tuple[int, int]:
    """Bytes that the installation shares with nothing, before and after its first launch."""
    store = (app.paths.versions / options.tag).resolve()
    before = physical_size(store).unique
    if options.prepare:
        subprocess.run([*options.prepare.split(), str(store / "venv")], check=True)
    _do(app, "versions.launch", tag=options.tag, cpu=True)
    _do(app, "versions.stop", tag=options.tag)
    return before, physical_size(store).unique


def _origin(options: argparse.Namespace, base: Path) -> tuple[str, list[str]]:
    if options.repository:
        return options.repository, options.find_links
    from tests.fakes.comfyui import make_repository, make_wheelhouse

    options.torch_spec = "torch==2.13.0+cpu"
    return make_repository(base / "repository").as_uri(), [str(make_wheelhouse(base / "wheels"))]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repository", help="git repository; default: the small fake")
    parser.add_argument("--tag", default="v0.3.64")
    parser.add_argument("--torch-spec")
    parser.add_argument("--find-links", action="append", default=[])
    parser.add_argument("--prepare", help="program run with the environment before the launch")
    return parser.parse_args()


def _all(values: list[float]) -> str:
    return " ".join(f"{value:.2f}" for value in values)


if __name__ == "__main__":
    main()
