"""What a machine is good for with ComfyUI, in a sentence that someone new to this understands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from backend.platform.hardware import Card, Machine, Maker

GIB: Final = 2**30
# With less, a model of the size of Flux does not fit into memory on its way to the card.
SMALL_MEMORY_GIB: Final = 15

# What fits into a card that is sold with so many GB. A model takes its weights, and about one GB
# for the image while it works. The weights, by the files of their publishers: SD 1.5 fp16 2.1 GB
# (v1-5-pruned-emaonly), SDXL fp16 6.9 GB (sd_xl_base_1.0), Flux.1 fp8 11.9 GB and fp16 23.8 GB
# (flux1-dev), Qwen-Image bf16 40.9 GB (qwen_image_bf16). ComfyUI moves what does not fit to the
# computer's memory: more than is named here runs too, only slower.
FITS: Final[tuple[tuple[int, str], ...]] = (
    (48, "Flux and Qwen-Image in full precision fit"),
    (24, "SDXL and Flux in full precision fit"),
    (16, "SDXL and Flux fp8 fit with room to spare"),
    (12, "SDXL and Flux fp8 fit"),
    (8, "SD 1.5 and SDXL fit"),
    (4, "SD 1.5 fits, larger models run slowly"),
    (0, "even SD 1.5 is slow with so little"),
)
# The CUDA of today's builds of torch, and the oldest cards that these still have code for: the
# GTX 16 and RTX 20 series (compute capability 7.5). For older ones cu126 is the last.
TODAYS_CUDA: Final = 130
OLDEST_GENERATION: Final = 7.5
LAST_FOR_OLD_CARDS: Final = 126
ROCM_OF_TODAY: Final = "rocm7.2"
ON_PROCESSOR: Final = "ComfyUI runs on the processor, slowly."


@dataclass(frozen=True, slots=True)
class Assessment:
    """A machine, the build of torch that `auto` takes on it, and what to expect."""

    machine: Machine
    torch_backend: str
    verdict: str


def assess(machine: Machine, torch_backend: str) -> Assessment:
    """What to expect of this machine."""
    return Assessment(machine, torch_backend, verdict(machine, torch_backend))


def verdict(machine: Machine, torch_backend: str) -> str:
    """What to expect. `torch_backend`: the build of torch that `auto` takes here."""
    usable = [card for card in machine.cards if card.has_driver]
    if not usable:
        return _without_driver(machine.cards[0]) if machine.cards else _nothing()
    card = max(usable, key=lambda one: one.memory_bytes or 0)  # ComfyUI computes on one
    if card.maker is Maker.APPLE:
        size = _gib(machine.memory_bytes)
        return f"{card.name}: torch uses its GPU, which shares the {size} GB of this machine."
    if card.maker is Maker.INTEL:
        return (
            f"{card.name}: torch has a build for it (`xpu`). Arc cards are quick, the graphics "
            "inside a processor are slow."
        )
    return " ".join([_of_card(card, torch_backend), *_besides(card, machine, torch_backend)])


def _nothing() -> str:
    return f"No GPU that torch can use was found: {ON_PROCESSOR}"


def _without_driver(card: Card) -> str:
    return f"{card.name} is there, but no driver that torch can use: install it, or {ON_PROCESSOR}"


def _of_card(card: Card, torch_backend: str) -> str:
    """`RTX 4070, 12 GB: SDXL and Flux fp8 fit.`"""
    name = _short(card.name)
    if card.memory_bytes is None:
        return f"{name}: torch can use it; how much memory it has, its driver does not tell."
    size = _gib(card.memory_bytes)
    fits = next(words for least, words in FITS if size >= least)
    if card.maker is Maker.AMD and torch_backend == "cpu":
        return (
            f"{name}, {size} GB: {fits}, if you choose `{ROCM_OF_TODAY}` as the build of torch. "
            "`auto` takes `cpu` here, because `rocm_agent_enumerator` is not installed."
        )
    return f"{name}, {size} GB: {fits}."


def _besides(card: Card, machine: Machine, torch_backend: str) -> list[str]:
    """What stands in the way, one sentence each."""
    told = []
    cuda = int(torch_backend[2:]) if torch_backend.startswith("cu") else None
    if cuda and cuda >= TODAYS_CUDA and (card.generation or OLDEST_GENERATION) < OLDEST_GENERATION:
        told.append(
            f"Choose `cu{LAST_FOR_OLD_CARDS}` as the build of torch: "
            "newer ones have no code for this card."
        )
    if cuda and cuda < LAST_FOR_OLD_CARDS:
        told.append("Its driver is too old for today's torch: update it first.")
    if _gib(machine.memory_bytes) < SMALL_MEMORY_GIB:
        size = _gib(machine.memory_bytes)
        told.append(f"With {size} GB of memory, the computer is slow to load large models.")
    return told


def _short(name: str) -> str:
    return name.removeprefix("NVIDIA ").removeprefix("GeForce ").removeprefix("AMD ")


def _gib(count: int) -> int:
    return round(count / GIB)
