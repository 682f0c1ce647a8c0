from __future__ import annotations

import pytest

from backend.processes.start_failures import SIGNATURES, explain

# What each cause looks like in a log, and a word of the explanation.
EXCERPTS = {
    "port": (
        "OSError: [Errno 98] error while attempting to bind: address already in use",
        "another program took its port",
    ),
    "port in Python's words": (
        "OSError: [Errno 98] Address already in use",
        "another program took",
    ),
    "port in ComfyUI's own words": ("Port 8188 is already in use.", "another program took"),
    "option": ("main.py: error: unrecognized arguments: --fast-mode", "--fast-mode"),
    "value of an option": (
        "main.py: error: argument --port: invalid int value: 'abc'",
        "argument --port: invalid int value: 'abc'",
    ),
    "no CUDA in torch": ("AssertionError: Torch not compiled with CUDA enabled", "without GPU"),
    "no driver": ("RuntimeError: Found no NVIDIA driver on your system.", "no NVIDIA driver"),
    "old driver": (
        "RuntimeError: The NVIDIA driver on your system is too old (found version 11040).",
        "no NVIDIA driver that is new enough",
    ),
    "torchvision": (
        "RuntimeError: operator torchvision::nms does not exist",
        "torch and torchvision are of different builds",
    ),
    "package": ("ModuleNotFoundError: No module named 'yaml'", "the Python package yaml"),
    "part of a package": ("ModuleNotFoundError: No module named 'PIL.Image'", "PIL.Image"),
    "library": (
        "ImportError: libGL.so.1: cannot open shared object file: No such file or directory",
        "libGL.so.1",
    ),
    "GPU memory": (
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.",
        "not enough memory",
    ),
    "disk": ("OSError: [Errno 28] No space left on device", "the disk is full"),
    "yaml": ("yaml.scanner.ScannerError: mapping values are not allowed here", "model folders"),
    "assets": ("ASSETS_STARTUP_FAILED: database_locked", "database_locked"),
}
AROUND = ["Checkpoint files will always be loaded safely.", "{}", "  at the end of it all"]


@pytest.mark.parametrize(("line", "words"), EXCERPTS.values(), ids=EXCERPTS.keys())
def test_the_cause_is_named_with_a_way_out(line: str, words: str) -> None:
    failure = explain([text.format(line) for text in AROUND], "exit code 1")
    assert words in failure.reason
    assert failure.advice.endswith(".")
    assert "{" not in failure.reason


def test_each_signature_has_an_excerpt_that_only_it_explains() -> None:
    reasons = {explain([line], "exit code 1").advice for line, _ in EXCERPTS.values()}
    assert reasons >= {signature.advice for signature in SIGNATURES}


def test_only_a_lost_port_is_called_one() -> None:
    lost = {name for name, (line, _) in EXCERPTS.items() if explain([line], "").port_taken}
    assert lost == {"port", "port in Python's words", "port in ComfyUI's own words"}


def test_the_last_cause_in_the_log_counts() -> None:
    log = [
        "Cannot import custom node: ModuleNotFoundError: No module named 'insightface'",
        "Starting server",
        "OSError: [Errno 28] No space left on device",
    ]
    assert explain(log, "exit code 1").reason == "the disk is full."


def test_a_kill_without_words_is_most_likely_for_memory() -> None:
    assert "memory" in explain(["Loading model"], "signal SIGKILL").reason


def test_words_in_the_log_say_more_than_a_kill() -> None:
    failure = explain(["torch.OutOfMemoryError: CUDA out of memory."], "signal SIGKILL")
    assert failure.reason == "the GPU has not enough memory."


@pytest.mark.parametrize(
    "line", ["ValueError: bad magic number", "safetensors.SafetensorError: header too large"]
)
def test_without_a_known_cause_the_last_error_is_shown(line: str) -> None:
    log = ["Traceback (most recent call last):", '  File "main.py", line 3', line, "bye"]
    assert explain(log, "exit code 1").reason == line


@pytest.mark.parametrize("log", [[], [""], ["Loading"], ["an Error in the middle of words"]])
def test_a_silent_log_is_told_as_such(log: list[str]) -> None:
    assert explain(log, "exit code 3").reason == "its log names no cause."


def test_braces_in_the_log_do_no_harm() -> None:
    failure = explain(["ImportError: {what} {0} {__class__}"], "exit code 1")
    assert "{what} {0} {__class__}" in failure.reason
