"""The machine as ComfyUI sees it: memory, the device, and the log lines that say so."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import misbehaviour
import torch

from comfy.cli_args import args

log = logging.getLogger(__name__)

misbehaviour.crash("import")
MEGABYTE = 1024 * 1024
ATTENTION = {
    "use_split_cross_attention": "Using split optimization for attention",
    "use_pytorch_cross_attention": "Using pytorch attention",
    "use_sage_attention": "Using sage attention",
    "use_flash_attention": "Using Flash Attention",
}
SUB_QUADRATIC = (
    "Using sub quadratic optimization for attention, if you have memory or speed issues "
    "try using: --use-split-cross-attention"
)


def ram_of_windows():
    import ctypes

    class Status(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ulong), ("load", ctypes.c_ulong)] + [
            (name, ctypes.c_ulonglong) for name in ("total", "free", "a", "b", "c", "d", "e")
        ]

    status = Status(length=ctypes.sizeof(Status))
    ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
    return status.total, status.free


def ram():
    """Total and available bytes of this machine, as its kernel tells them now."""
    if os.name == "nt":
        return ram_of_windows()
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if not sys.platform.startswith("linux"):
        return total, total
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return total, int(line.split()[1]) * 1024
    return total, total


def on_cpu():
    return args.cpu or args.directml is not None


def device():
    """The torch device that runs everything; raises what torch raises when it has none."""
    return "cpu" if on_cpu() else f"cuda:{torch.cuda.current_device()}"


def device_stats():
    """The one entry of `devices` in /system_stats."""
    total, free = ram()
    if on_cpu():
        memory, name, kind, index = (total, free), "cpu", "cpu", None
    else:
        index = torch.cuda.current_device()
        free_vram, total_vram = torch.cuda.mem_get_info(index)
        memory, kind = (total_vram, free_vram), "cuda"
        name = f"cuda:{index} {torch.cuda.get_device_name(index)} : native"
    return {
        "name": name,
        "type": kind,
        "index": index,
        "vram_total": memory[0],
        "vram_free": memory[1],
        "torch_vram_total": memory[0],
        "torch_vram_free": memory[1],
    }


def vram_state():
    if on_cpu():
        return "DISABLED"
    states = {
        "highvram": "HIGH_VRAM",
        "gpu_only": "HIGH_VRAM",
        "lowvram": "LOW_VRAM",
        "novram": "NO_VRAM",
    }
    return next((word for flag, word in states.items() if getattr(args, flag)), "NORMAL_VRAM")


def announce():
    """Logs the lines about memory, torch and the device."""
    device()
    stats = device_stats()
    log.info(
        "Total VRAM %0.0f MB, total RAM %0.0f MB",
        stats["vram_total"] / MEGABYTE,
        ram()[0] / MEGABYTE,
    )
    log.info("pytorch version: %s", torch.__version__)
    log.info("Set vram state to: %s", vram_state())
    log.info("Device: %s", stats["name"])
    chosen = (line for flag, line in ATTENTION.items() if getattr(args, flag))
    log.info(next(chosen, SUB_QUADRATIC))
