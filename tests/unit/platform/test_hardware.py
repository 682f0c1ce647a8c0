"""What is found on a machine: real files below a root of the test, real programs on its PATH."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from backend.platform.hardware import Card, Maker, Places, look
from backend.platform.uv import Uv

GIB = 2**30
# As lspci's list has them (hwdata): the AMD card with its name in brackets, one without.
PCI_IDS = """\
# comment
1002  Advanced Micro Devices, Inc. [AMD/ATI]
\t744c  Navi 31 [Radeon RX 7900 XT/7900 XTX/7900M]
\t\t1002 0e3b  Radeon RX 7900 XTX
\t164e  Raphael
10de  NVIDIA Corporation
\t2786  AD104 [GeForce RTX 4070]
\t744c  Not an AMD card
"""
NO_DRIVER = (
    "echo 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.'; exit 9"
)
# What a driver of 2019 says to a question for `compute_cap`.
OLD_DRIVER = """\
case "$1" in *compute_cap*) echo 'Field "compute_cap" is not a valid field to query.'; exit 2;; esac
echo 'GeForce GTX 1080 Ti, 11178'"""


@dataclass(frozen=True)
class MachineOfATest:
    """A root with the files of the kernel, and a folder of programs."""

    root: Path
    programs: Path

    @property
    def places(self) -> Places:
        environment = {"PATH": f"{self.programs}:/usr/bin:/bin"}
        return Places(self.root, environment, system="linux", architecture="x86_64")

    @property
    def cards(self) -> tuple[Card, ...]:
        return look(self.places).cards

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def program(self, name: str, script: str) -> None:
        file = self.programs / name
        file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        file.chmod(0o755)

    def card(self, number: int, vendor: str, device: str, memory: int | None = None) -> None:
        folder = f"sys/class/drm/card{number}/device"
        self.write(f"{folder}/vendor", f"{vendor}\n")
        self.write(f"{folder}/device", f"{device}\n")
        if memory is not None:
            self.write(f"{folder}/mem_info_vram_total", f"{memory}\n")


@pytest.fixture
def machine(tmp_path: Path) -> MachineOfATest:
    made = MachineOfATest(tmp_path / "root", tmp_path / "programs")
    made.root.mkdir()
    made.programs.mkdir()
    return made


def test_this_machine_has_a_processor_and_memory() -> None:
    found = look(Places())
    assert found.processor
    assert found.core_count >= 1
    assert found.memory_bytes > GIB // 4


def test_the_processor_is_named_as_the_kernel_names_it(machine: MachineOfATest) -> None:
    machine.write("proc/cpuinfo", "processor\t: 0\nmodel name\t: AMD  Ryzen 9 7950X\t\nflags: a\n")
    assert look(machine.places).processor == "AMD Ryzen 9 7950X"


def test_a_processor_without_a_name_is_told_by_its_architecture(machine: MachineOfATest) -> None:
    machine.write("proc/cpuinfo", "processor\t: 0\nCPU part\t: 0xd0c\n")
    assert look(machine.places).processor == "x86_64"


def test_a_machine_without_a_card_has_none(machine: MachineOfATest) -> None:
    assert machine.cards == ()


def test_nvidia_cards_come_with_memory_and_generation(machine: MachineOfATest) -> None:
    machine.program(
        "nvidia-smi",
        "echo 'NVIDIA GeForce RTX 4070, 12282, 8.9'; echo 'NVIDIA H200, 143771, 9.0'",
    )
    assert machine.cards == (
        Card("NVIDIA GeForce RTX 4070", Maker.NVIDIA, 12282 * 2**20, generation=8.9),
        Card("NVIDIA H200", Maker.NVIDIA, 143771 * 2**20, generation=9.0),
    )


def test_a_card_that_shares_its_memory_has_none_to_tell(machine: MachineOfATest) -> None:
    machine.program("nvidia-smi", "echo 'NVIDIA GB10, [N/A], 12.1'")
    assert machine.cards == (Card("NVIDIA GB10", Maker.NVIDIA, None, generation=12.1),)


def test_an_old_driver_is_asked_for_less(machine: MachineOfATest) -> None:
    machine.program("nvidia-smi", OLD_DRIVER)
    assert machine.cards == (Card("GeForce GTX 1080 Ti", Maker.NVIDIA, 11178 * 2**20),)


def test_a_driver_without_its_tool_still_names_the_card(machine: MachineOfATest) -> None:
    machine.write("proc/driver/nvidia/version", "NVRM version: 580.65.06")
    machine.write(
        "proc/driver/nvidia/gpus/0000:01:00.0/information",
        "Model: \t\t NVIDIA GeForce RTX 4090\nIRQ: 1\n",
    )
    assert machine.cards == (Card("NVIDIA GeForce RTX 4090", Maker.NVIDIA),)


def test_a_card_without_its_driver_is_found_on_the_bus(machine: MachineOfATest) -> None:
    machine.program("nvidia-smi", NO_DRIVER)
    machine.write("usr/share/misc/pci.ids", PCI_IDS)
    machine.card(0, "0x10de", "0x2786")
    assert machine.cards == (Card("NVIDIA GeForce RTX 4070", Maker.NVIDIA, has_driver=False),)


def test_a_card_that_its_driver_tells_of_is_not_listed_twice(machine: MachineOfATest) -> None:
    machine.program("nvidia-smi", "echo 'NVIDIA GeForce RTX 4070, 12282, 8.9'")
    machine.card(0, "0x10de", "0x2786")
    assert [card.name for card in machine.cards] == ["NVIDIA GeForce RTX 4070"]


def test_an_amd_card_is_named_by_the_list_of_pci_names(machine: MachineOfATest) -> None:
    machine.write("usr/share/hwdata/pci.ids", PCI_IDS)
    machine.write("dev/kfd", "")
    machine.card(0, "0x1002", "0x744c", memory=25_753_026_560)
    machine.card(1, "0x1002", "0x164e", memory=512 * 2**20)
    assert machine.cards == (
        Card("AMD Radeon RX 7900 XT/7900 XTX/7900M", Maker.AMD, 25_753_026_560),
        Card("AMD Raphael", Maker.AMD, 512 * 2**20),
    )


def test_an_amd_card_that_names_itself_is_taken_at_its_word(machine: MachineOfATest) -> None:
    machine.write("dev/kfd", "")
    machine.card(0, "0x1002", "0x740f", memory=64 * GIB)
    machine.write("sys/class/drm/card0/device/product_name", "AMD Instinct MI210\n")
    assert machine.cards == (Card("AMD Instinct MI210", Maker.AMD, 64 * GIB),)


def test_an_amd_card_without_a_list_of_names_is_called_what_it_is(machine: MachineOfATest) -> None:
    machine.card(0, "0x1002", "0x744c", memory=24 * GIB)
    assert machine.cards == (Card("AMD GPU", Maker.AMD, 24 * GIB, has_driver=False),)


def test_intel_graphics_count_only_where_nothing_else_is(machine: MachineOfATest) -> None:
    machine.card(0, "0x8086", "0x56a0")
    assert machine.cards == (Card("Intel GPU", Maker.INTEL),)
    machine.card(1, "0x1002", "0x744c", memory=24 * GIB)
    assert [card.maker for card in machine.cards] == [Maker.AMD]


def test_outputs_and_screens_of_virtual_machines_are_no_cards(machine: MachineOfATest) -> None:
    machine.card(0, "0x1234", "0x1111")
    machine.write("sys/class/drm/card0-HDMI-A-1/device/vendor", "0x1002\n")
    machine.write("sys/class/drm/renderD128/device/vendor", "0x1002\n")
    assert machine.cards == ()


def test_a_tool_that_hangs_is_given_up(machine: MachineOfATest) -> None:
    machine.program("nvidia-smi", "exec sleep 60")
    places = Places(machine.root, machine.places.environment, system="linux", patience_seconds=0.3)
    begun = time.monotonic()
    assert look(places).cards == ()
    assert time.monotonic() - begun < 5


def test_apple_silicon_computes_on_its_own_graphics(machine: MachineOfATest) -> None:
    machine.program("sysctl", "echo 'Apple M2 Pro'")
    places = Places(machine.root, machine.places.environment, "darwin", "arm64")
    assert look(places).cards == (Card("Apple M2 Pro", Maker.APPLE),)
    assert look(Places(machine.root, machine.places.environment, "darwin", "x86_64")).cards == ()


# --- What uv makes of it --------------------------------------------------------------------------


def uv_on(machine: MachineOfATest, tmp_path: Path) -> Uv:
    path = f"{machine.programs}:{os.environ['PATH']}"
    return Uv(tmp_path / "cache", base_environment={**os.environ, "PATH": path})


@pytest.mark.skipif(
    Path("/sys/module/nvidia/version").exists() or Path("/proc/driver/nvidia/version").exists(),
    reason="this machine has an NVIDIA driver, and uv asks that before any program",
)
@pytest.mark.parametrize(
    ("tool", "says", "backend"),
    [
        ("nvidia-smi", "580.65.06", "cu13"),
        ("nvidia-smi", "470.256.02", "cu11"),
        ("rocm_agent_enumerator", "gfx1100", "rocm"),
    ],
)
def test_the_build_of_torch_is_what_uv_takes_for_the_driver(
    tool: str, says: str, backend: str, machine: MachineOfATest, tmp_path: Path
) -> None:
    machine.program(tool, f"echo {says}")
    assert uv_on(machine, tmp_path).auto_torch_backend().startswith(backend)


def test_asking_uv_needs_no_network_and_leaves_nothing(
    machine: MachineOfATest, tmp_path: Path
) -> None:
    assert uv_on(machine, tmp_path).auto_torch_backend() != "auto"
    assert not (tmp_path / "cache").exists()
