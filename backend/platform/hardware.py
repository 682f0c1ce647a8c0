"""What this machine has to compute with: processor, memory, graphics cards.

Looks where the drivers say it: `nvidia-smi`, and the files of the kernel below /proc and /sys.
Nothing is loaded that could take the machine down with it, and nothing here raises: what cannot be
told is left out.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Final

from backend.platform.subprocesses import Completed, run, scrubbed_environment

MIB: Final = 2**20
CARD: Final = re.compile(r"card\d+")
# Where distributions keep the list of PCI names (hwdata; Debian's pci.ids).
PCI_NAMES: Final = ("usr/share/hwdata/pci.ids", "usr/share/misc/pci.ids")


class Maker(Enum):
    """Who made a card; the value is the vendor id of PCI (Apple's are not on PCI)."""

    NVIDIA = "0x10de"
    AMD = "0x1002"
    INTEL = "0x8086"
    APPLE = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A graphics card. None: nobody tells. `has_driver`: it can be computed on as things stand.

    `generation` is NVIDIA's compute capability: which builds of torch have code for the card.
    """

    name: str
    maker: Maker
    memory_bytes: int | None = None
    has_driver: bool = True
    generation: float | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """What was found. Memory in bytes; the cards in the order of the system."""

    processor: str
    core_count: int
    memory_bytes: int
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """Where to look, and how long to wait for a program that is asked."""

    root: Path = Path("/")
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    system: str = sys.platform
    architecture: str = field(default_factory=platform.machine)
    patience_seconds: float = 5

    def text(self, path: str) -> str:
        """The content of a file below the root; empty when there is none that can be read."""
        try:
            return (self.root / path).read_text("utf-8", "replace")
        except OSError:
            return ""


def look(places: Places) -> Machine:
    """What this machine has. Takes as long as `nvidia-smi` does."""
    import psutil

    processor = _processor(places)
    return Machine(
        processor=processor,
        core_count=psutil.cpu_count(logical=False) or os.cpu_count() or 1,
        memory_bytes=psutil.virtual_memory().total,
        cards=_cards(places, processor),
    )


def _processor(places: Places) -> str:
    if places.system == "darwin":
        done = _ask(places, "sysctl", "-n", "machdep.cpu.brand_string")
        return (done.output.strip() if done else "") or places.architecture
    found = re.search(r"^model name\s*:\s*(.+)$", places.text("proc/cpuinfo"), re.MULTILINE)
    return " ".join(found[1].split()) if found else places.architecture


def _cards(places: Places, processor: str) -> tuple[Card, ...]:
    if places.system == "darwin":
        is_apple = places.architecture == "arm64"
        return (Card(processor, Maker.APPLE),) if is_apple else ()
    told = tuple(_told_by_nvidia(places))
    on_bus = tuple(_on_the_bus(places))
    others = tuple(card for card in on_bus if not (told and card.maker is Maker.NVIDIA))
    # The graphics of an Intel processor beside a card are there for the screen.
    cards = told + tuple(card for card in others if card.maker is not Maker.INTEL)
    return cards or others


def _told_by_nvidia(places: Places) -> Iterator[Card]:
    """What the driver tells; without its tool, the names that it writes into /proc."""
    for fields in ("name,memory.total,compute_cap", "name,memory.total"):  # an old one knows less
        done = _ask(places, "nvidia-smi", f"--query-gpu={fields}", "--format=csv,noheader,nounits")
        if done is None:
            break
        if done.returncode == 0:
            yield from (_row(line) for line in done.output.splitlines() if line.strip())
            return
    for information in sorted((places.root / "proc/driver/nvidia/gpus").glob("*/information")):
        text = places.text(str(information.relative_to(places.root)))
        if named := re.search(r"^Model:\s*(.+)$", text, re.MULTILINE):
            yield Card(named[1].strip(), Maker.NVIDIA)


def _row(line: str) -> Card:
    """`NVIDIA GeForce RTX 4070, 12282, 8.9`; `[N/A]` where the driver does not know."""
    name, *numbers = (part.strip() for part in line.split(","))
    memory, generation = (*map(_number, numbers), None, None)[:2]
    return Card(
        name,
        Maker.NVIDIA,
        memory_bytes=round(memory * MIB) if memory else None,
        generation=generation,
    )


def _on_the_bus(places: Places) -> Iterator[Card]:
    """The cards that the kernel lists, whether or not it can compute on them."""
    for folder in sorted((places.root / "sys/class/drm").glob("card*")):
        device = f"sys/class/drm/{folder.name}/device"
        vendor = places.text(f"{device}/vendor").strip()
        if not CARD.fullmatch(folder.name) or vendor not in {m.value for m in Maker if m.value}:
            continue  # an output of a card (card0-HDMI-A-1), or the screen of a virtual machine
        maker = Maker(vendor)
        memory = places.text(f"{device}/mem_info_vram_total").strip()
        yield Card(
            name=_name(places, device, maker),
            maker=maker,
            memory_bytes=int(memory) if memory.isdigit() and int(memory) else None,
            has_driver=_has_driver(places, maker),
        )


def _has_driver(places: Places, maker: Maker) -> bool:
    """Whether there is one to compute with: nouveau for example only draws."""
    if maker is Maker.NVIDIA:
        return (places.root / "proc/driver/nvidia/version").exists()
    return maker is Maker.INTEL or (places.root / "dev/kfd").exists()


def _name(places: Places, device: str, maker: Maker) -> str:
    """As the card says it itself (few do), or as the list of PCI names has it."""
    own = places.text(f"{device}/product_name").strip()
    return own or _pci_name(places, device, maker) or f"{_MAKERS[maker]} GPU"


def _pci_name(places: Places, device: str, maker: Maker) -> str:
    vendor = maker.value.removeprefix("0x")
    wanted = places.text(f"{device}/device").strip().removeprefix("0x")
    of_vendor = False
    for line in next(filter(None, map(places.text, PCI_NAMES)), "").splitlines():
        if line[:1] not in {"\t", "#", ""}:
            of_vendor = line.startswith(vendor)
        elif of_vendor and wanted and line.startswith(f"\t{wanted} "):
            inside = re.search(r"\[(.+)\]", line)  # `Navi 31 [Radeon RX 7900 XT/7900 XTX]`
            return f"{_MAKERS[maker]} {inside[1] if inside else line.split(maxsplit=1)[1]}"
    return ""


def _ask(places: Places, *command: str) -> Completed | None:
    """How the program ended; None when it is not there or takes too long."""
    try:
        return run(
            command,
            environment=scrubbed_environment(places.environment, LC_ALL="C"),
            timeout_seconds=places.patience_seconds,
        )
    except OSError:  # a TimeoutError is one too
        return None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


_MAKERS: Final = {
    Maker.NVIDIA: "NVIDIA", Maker.AMD: "AMD", Maker.INTEL: "Intel", Maker.APPLE: "Apple",
}  # fmt: skip
