"""How long a command takes that does next to nothing: `versions list --json`, as a process.

Floor, in turn with it: a process that imports pydantic and typer and does nothing. Both with the
compiled files that an installed launcher has (they are kept aside, not in the repository).

    ./launcher bench cli_start
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROUNDS = 15
BAR_SECONDS = 0.30
OURS = ("-m", "backend.cli", "versions", "list", "--json")
FLOOR = ("-c", "import pydantic, typer")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-cli-") as folder:
        environment = os.environ | {
            "COMFYUI_LAUNCHER_HOME": str(Path(folder) / "home"),
            "PYTHONPYCACHEPREFIX": str(Path(folder) / "pycache"),
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        _seconds(OURS, environment)  # compiles, and makes the folders of a first start
        _seconds(FLOOR, environment)
        rounds = [
            (_seconds(OURS, environment), _seconds(FLOOR, environment)) for _ in range(ROUNDS)
        ]
    _report([ours for ours, _ in rounds], [floor for _, floor in rounds])


def _seconds(arguments: tuple[str, ...], environment: dict[str, str]) -> float:
    begin = time.perf_counter()
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
    took = time.perf_counter() - begin
    if arguments is OURS:
        assert json.loads(done.stdout)["ok"] is True
    return took


def _report(ours: list[float], floor: list[float]) -> None:
    middle, below = statistics.median(ours), statistics.median(floor)
    print(f"versions list --json   {middle:.3f} s  ({min(ours):.3f} to {max(ours):.3f})")
    print(f"import pydantic, typer {below:.3f} s  ({min(floor):.3f} to {max(floor):.3f})")
    result = {
        "name": "cli_start",
        "ours": round(middle, 4),
        "floor_or_peer": round(below, 4),
        "ratio": round(middle / below, 2),
        "bar": BAR_SECONDS,
        "ok": middle <= BAR_SECONDS,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
