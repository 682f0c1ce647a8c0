"""Wheels on a web server that lets them go one by one: an installation that stands still."""

from __future__ import annotations

import contextlib
import hashlib
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedIOBase
from pathlib import Path
from typing import Final

from tests.fakes.comfyui.wheelhouse import write_wheel
from tests.helpers.servers import Reply, Seen, serve

HELD_TORCH: Final = "2.15.0"
# uv only tells of downloads that are larger than a megabyte.
FILLER_BYTES: Final = 1_200_000


@dataclass
class HeldWheels:
    """A page of wheels. torch 2.15.0 needs all the others; each comes when it is let go."""

    names: tuple[str, ...]
    url: str = ""
    gates: dict[str, threading.Event] = field(default_factory=dict, repr=False)

    @property
    def torch(self) -> str:
        """What to install."""
        return f"torch=={HELD_TORCH}"

    def let_go(self, count: int = 1) -> int:
        """Lets that many of those that are held come; how many are held still."""
        held = [gate for gate in self.gates.values() if not gate.is_set()]
        for gate in held[:count]:
            gate.set()
        return max(0, len(held) - count)

    def let_all_go(self) -> None:
        self.let_go(len(self.gates))


@contextmanager
def held_wheels(folder: Path, count: int = 3) -> Iterator[HeldWheels]:
    """`count` wheels beside torch, none of which comes by itself."""
    folder.mkdir(parents=True, exist_ok=True)
    # A name of its own for each run: what uv has in its cache is not asked for again.
    kind = hashlib.sha256(str(folder).encode()).hexdigest()[:8]
    names = tuple(f"filler_{kind}_{number:02d}" for number in range(count))
    files = {
        path.name: (path.read_bytes(), _metadata(path))
        for path in [_torch(folder, names), *(_filler(folder, name) for name in names)]
    }
    held = HeldWheels(names, gates={name: threading.Event() for name in files})
    held.gates[f"torch-{HELD_TORCH}-py3-none-any.whl"].set()

    def answer(seen: Seen) -> Reply:
        name = seen.path.rpartition("/")[2]
        if name == "":
            return Reply(body=_page(files).encode(), headers={"Content-Type": "text/html"})
        if name.endswith(".metadata") and name.removesuffix(".metadata") in files:
            return Reply(body=files[name.removesuffix(".metadata")][1])
        if name not in files:
            return Reply(404)
        content = files[name][0]

        gate = held.gates[name]
        return Reply(
            headers={"Content-Length": str(len(content))},
            write=lambda stream: _trickle(stream, content, gate),
        )

    with serve(answer) as server:
        held.url = f"{server.url}/"
        try:
            yield held
        finally:
            held.let_all_go()


def _trickle(stream: BufferedIOBase, content: bytes, gate: threading.Event) -> None:
    """A little a second, so that nobody takes it for a broken line; all of it once it may."""
    sent = 0
    with contextlib.suppress(ConnectionError):  # a cancelled uv hangs up
        while not gate.wait(1.0):
            stream.write(content[sent : sent + 1])
            stream.flush()
            sent += 1
        stream.write(content[sent:])


def _page(files: dict[str, tuple[bytes, bytes]]) -> str:
    digests = {name: hashlib.sha256(told).hexdigest() for name, (_, told) in files.items()}
    links = (
        f'<a href="{name}" data-core-metadata="sha256={digest}">{name}</a>'
        for name, digest in digests.items()
    )
    return f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>"


def _torch(folder: Path, needs: tuple[str, ...]) -> Path:
    files = {
        "torch/__init__.py": b'__version__ = "2.15.0"\n\nfrom torch import cuda, version\n',
        "torch/version.py": b'__version__ = "2.15.0"\ncuda = None\n',
        "torch/cuda/__init__.py": b"def is_available():\n    return False\n\n\n"
        b"def device_count():\n    return 0\n",
    }
    return write_wheel(folder, "torch", HELD_TORCH, files, needs)


def _filler(folder: Path, name: str) -> Path:
    return write_wheel(folder, name, "1.0", {f"{name}.bin": bytes(FILLER_BYTES)})


def _metadata(wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(f"{'-'.join(wheel.name.split('-')[:2])}.dist-info/METADATA")
