"""Reads the header of a checkpoint file, so a broken file breaks the run as a real one does."""

from __future__ import annotations

import json
import os
import struct
from dataclasses import dataclass

LARGEST_HEADER = 100_000_000
UNET_PREFIX = "model.diffusion_model."


class SafetensorError(Exception):
    """The file is no whole safetensors file."""


# The history tells the module of an exception, and clients match it.
SafetensorError.__module__ = "safetensors._safetensors_rust"


@dataclass(frozen=True)
class Weights:
    """A loaded file, as far as this ComfyUI needs it: its name."""

    name: str


def _header(path):
    with open(path, "rb") as stream:
        start = stream.read(8)
        if len(start) < 8:
            raise SafetensorError("Error while deserializing header: header too small")
        size = struct.unpack("<Q", start)[0]
        if size > LARGEST_HEADER:
            raise SafetensorError("Error while deserializing header: header too large")
        text = stream.read(size)
    if len(text) < size:
        raise SafetensorError("Error while deserializing header: invalid header length")
    try:
        header = json.loads(text)
    except ValueError as error:
        raise SafetensorError("Error while deserializing header: invalid header") from error
    header.pop("__metadata__", None)
    return header, 8 + size


def _tensor_names(path):
    header, data_starts = _header(path)
    ends = [entry["data_offsets"][1] for entry in header.values()]
    if data_starts + max(ends, default=0) != os.path.getsize(path):
        raise SafetensorError(
            "Error while deserializing header: incomplete metadata, file not fully covered"
        )
    return list(header)


def load_checkpoint(path):
    """The weights of a checkpoint; a file with no tensor at all passes, so tests can be small."""
    if path.lower().endswith((".safetensors", ".sft")):
        names = _tensor_names(path)
        if names and not any(name.startswith(UNET_PREFIX) for name in names):
            raise RuntimeError(f"ERROR: Could not detect model type of: {path}\n")
    return Weights(os.path.basename(path))
