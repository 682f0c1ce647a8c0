"""What the service costs while nothing happens: CPU and memory, with one client that listens.

Ours: the real service on an empty root, with one Server-Sent Events client connected, over 20 s
after 5 s of settling. Floor, in the same run and measured the same way: an empty FastAPI app on
uvicorn. The processes of each are counted with all their children.

    ./launcher bench service_idle
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

SETTLE_SECONDS = 5.0
MEASURED_SECONDS = 20.0
BAR_CPU_PERCENT = 0.5
BAR_RSS = 100e6

REPOSITORY = Path(__file__).parents[1]
EMPTY = """
import sys, uvicorn
from fastapi import FastAPI
config = uvicorn.Config(FastAPI(), port=0, log_level="critical", access_log=False)
server = uvicorn.Server(config)
async def serve():
    config.load()
    print("here", flush=True)
    await server.serve()
import asyncio
asyncio.run(serve())
"""


@dataclass(frozen=True)
class Cost:
    """CPU as a share of one core, in percent; resident memory in bytes, the highest seen."""

    cpu_percent: float
    rss: int

    def __str__(self) -> str:
        return f"{self.cpu_percent:.3f} % CPU, {self.rss / 1e6:.1f} MB"


def main() -> None:
    with (
        tempfile.TemporaryDirectory(prefix="bench-service-") as folder,
        empty_service() as floor,
        our_service(Path(folder)) as ours,
    ):
        time.sleep(SETTLE_SECONDS)
        mine, bare = measure(ours, floor)
    report(mine, bare)


def measure(*processes: psutil.Process) -> list[Cost]:
    """What each tree of processes used over the same stretch of time."""
    began = time.monotonic()
    before = [cpu_seconds(process) for process in processes]
    most = [resident(process) for process in processes]
    while (passed := time.monotonic() - began) < MEASURED_SECONDS:
        time.sleep(1)
        most = [max(old, resident(process)) for old, process in zip(most, processes, strict=True)]
    used = [cpu_seconds(process) - then for process, then in zip(processes, before, strict=True)]
    return [Cost(100 * cpu / passed, rss) for cpu, rss in zip(used, most, strict=True)]


def report(mine: Cost, bare: Cost) -> None:
    print(f"service     {mine} (one client listens)")
    print(f"empty app   {bare}")
    print(f"bars        {BAR_CPU_PERCENT} % CPU, {BAR_RSS / 1e6:.0f} MB")
    result = {
        "name": "service_idle",
        "ours": {"cpu_percent": round(mine.cpu_percent, 3), "rss_mb": round(mine.rss / 1e6, 1)},
        "floor_or_peer": {
            "cpu_percent": round(bare.cpu_percent, 3),
            "rss_mb": round(bare.rss / 1e6, 1),
        },
        "ratio": round(mine.rss / bare.rss, 2),
        "bar": f"CPU <= {BAR_CPU_PERCENT} % and RSS <= {BAR_RSS / 1e6:.0f} MB",
        "ok": mine.cpu_percent <= BAR_CPU_PERCENT and mine.rss <= BAR_RSS,
    }
    print(json.dumps(result))


@contextmanager
def our_service(root: Path) -> Iterator[psutil.Process]:
    """The service on an empty root, with one client that listens to its events."""
    command = [sys.executable, "-m", "backend.service", "--port", "0", "--json"]
    with started(command, COMFYUI_LAUNCHER_HOME=str(root)) as (process, line):
        record = json.loads(Path(json.loads(line)["value"]["token_file"]).read_text("utf-8"))
        client = http.client.HTTPConnection("127.0.0.1", record["port"], timeout=60)
        authorization = {"Authorization": f"Bearer {record['token']}"}
        client.request("GET", "/api/v1/events", headers=authorization)
        stream = client.getresponse()
        assert stream.status == 200
        yield process
        assert stream.readline().startswith(b":")  # it was listening all the time
        client.close()


@contextmanager
def empty_service() -> Iterator[psutil.Process]:
    with started([sys.executable, "-c", EMPTY]) as (process, _):
        yield process


@contextmanager
def started(command: list[str], **extra: str) -> Iterator[tuple[psutil.Process, str]]:
    """The process, once it has said its first line; ended afterwards."""
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)} | extra
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            yield psutil.Process(process.pid), line
        finally:
            process.terminate()


def tree(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def cpu_seconds(process: psutil.Process) -> float:
    """User and system time of the tree, ended children included."""
    times = [one.cpu_times() for one in tree(process)]
    ended = process.cpu_times()
    return float(
        sum(t.user + t.system for t in times) + ended.children_user + ended.children_system
    )


def resident(process: psutil.Process) -> int:
    return sum(int(one.memory_info().rss) for one in tree(process))


if __name__ == "__main__":
    main()
