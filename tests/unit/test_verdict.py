"""The sentence that says what a machine is good for."""

from __future__ import annotations

import pytest

from backend.platform.hardware import Card, Machine, Maker
from backend.verdict import FITS, assess, verdict

GIB = 2**30
MIB = 2**20
NVIDIA = Card("NVIDIA GeForce RTX 4070", Maker.NVIDIA, 12282 * MIB, generation=8.9)
RADEON = Card("AMD Radeon RX 7900 XTX", Maker.AMD, 25_753_026_560)


def machine(*cards: Card, memory: int = 32 * GIB) -> Machine:
    return Machine("A processor", 8, memory, cards)


def test_a_card_is_named_short_with_its_memory_and_what_fits() -> None:
    assert verdict(machine(NVIDIA), "cu130") == "RTX 4070, 12 GB: SDXL and Flux fp8 fit."


@pytest.mark.parametrize(
    ("mebibytes", "says"),
    [
        (2000, "2 GB: even SD 1.5 is slow with so little."),
        (4096, "4 GB: SD 1.5 fits, larger models run slowly."),
        (8188, "8 GB: SD 1.5 and SDXL fit."),  # what a card of 8 GB really reports
        (12282, "12 GB: SDXL and Flux fp8 fit."),
        (15360, "15 GB: SDXL and Flux fp8 fit."),
        (16376, "16 GB: SDXL and Flux fp8 fit with room to spare."),
        (24564, "24 GB: SDXL and Flux in full precision fit."),
        (143771, "140 GB: Flux and Qwen-Image in full precision fit."),
    ],
)
def test_what_fits_follows_the_memory_that_the_driver_reports(mebibytes: int, says: str) -> None:
    card = Card("NVIDIA X", Maker.NVIDIA, mebibytes * MIB)
    assert verdict(machine(card), "cu130") == f"X, {says}"


def test_more_memory_never_fits_less() -> None:
    assert [least for least, _ in FITS] == sorted((least for least, _ in FITS), reverse=True)
    assert FITS[-1][0] == 0


def test_without_a_card_it_says_so_plainly() -> None:
    assert verdict(machine(), "cpu") == (
        "No GPU that torch can use was found: ComfyUI runs on the processor, slowly."
    )


def test_a_card_without_a_driver_is_worth_a_driver() -> None:
    card = Card("NVIDIA GeForce RTX 4070", Maker.NVIDIA, has_driver=False)
    assert "no driver that torch can use: install it" in verdict(machine(card), "cpu")


def test_of_several_cards_the_largest_with_a_driver_counts() -> None:
    larger = Card("AMD Radeon Pro W7900", Maker.AMD, 48 * GIB, has_driver=False)
    small = Card("NVIDIA T4", Maker.NVIDIA, 15360 * MIB)
    assert verdict(machine(small, larger, NVIDIA), "cu130").startswith("T4, 15 GB")


def test_a_card_that_does_not_tell_its_memory_is_not_guessed_at() -> None:
    card = Card("NVIDIA GB10", Maker.NVIDIA, None)
    assert verdict(machine(card), "cu130") == (
        "GB10: torch can use it; how much memory it has, its driver does not tell."
    )


def test_an_amd_card_that_auto_passes_over_has_a_way_out() -> None:
    told = verdict(machine(RADEON), "cpu")
    assert "Flux in full precision fit, if you choose `rocm7.2`" in told
    assert "`rocm_agent_enumerator` is not installed" in told
    assert verdict(machine(RADEON), "rocm7.2") == (
        "Radeon RX 7900 XTX, 24 GB: SDXL and Flux in full precision fit."
    )


def test_a_card_that_todays_torch_has_no_code_for_is_told_which_build_has() -> None:
    old = Card("NVIDIA GeForce GTX 1080 Ti", Maker.NVIDIA, 11264 * MIB, generation=6.1)
    assert "Choose `cu126`" in verdict(machine(old), "cu130")
    assert "Choose" not in verdict(machine(old), "cu126")
    assert "Choose" not in verdict(machine(NVIDIA), "cu132")


def test_a_driver_that_is_too_old_for_torch_is_to_be_updated() -> None:
    assert verdict(machine(NVIDIA), "cu118").endswith("update it first.")
    assert "update" not in verdict(machine(NVIDIA), "cu128")


def test_little_memory_in_the_computer_is_told_beside_a_large_card() -> None:
    told = verdict(machine(NVIDIA, memory=8 * GIB), "cu130")
    assert told.endswith("With 8 GB of memory, the computer is slow to load large models.")


def test_intel_and_apple_have_words_of_their_own() -> None:
    intel = Card("Intel Arc A770", Maker.INTEL)
    apple = Card("Apple M2", Maker.APPLE)
    assert "`xpu`" in verdict(machine(intel), "xpu")
    assert verdict(machine(apple, memory=16 * GIB), "cpu") == (
        "Apple M2: torch uses its GPU, which shares the 16 GB of this machine."
    )


@pytest.mark.parametrize("backend", ["auto", "cpu", "cu118", "cu126", "cu130", "rocm7.2", "xpu"])
@pytest.mark.parametrize("cards", [(), (NVIDIA,), (RADEON,), (Card("Intel GPU", Maker.INTEL),)])
def test_an_assessment_is_always_whole_sentences(cards: tuple[Card, ...], backend: str) -> None:
    assessed = assess(machine(*cards), backend)
    assert assessed.torch_backend == backend
    assert assessed.verdict.endswith(".")
    assert len(assessed.verdict) < 250
