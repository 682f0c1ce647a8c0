"""A folder of tiny wheels that stand in for torch and PyYAML, for installs without a network."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import yaml

CPU_TORCH: Final = "2.13.0+cpu"
NEWER_TORCH: Final = "2.14.0"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_READABLE_FILE: Final = 0o100644 << 16

_TORCH: Final = '''\
"""Stands in for torch: a version, and no device."""

from torch import cuda, version

__version__ = version.__version__
'''
_CUDA: Final = '''\
"""No GPU is ever here."""


def is_available():
    return False


def device_count():
    return 0


def current_device():
    raise {error}
'''


def make_wheelhouse(path: Path) -> Path:
    """The folder, filled: torch 2.13.0+cpu, torch 2.14.0 and the PyYAML of this environment.

    Good for `uv pip install --offline --no-index --find-links PATH`; each wheel is pure, so its
    file can also stand on PYTHONPATH as it is. The bytes are the same every time.
    """
    path.mkdir(parents=True, exist_ok=True)
    write_wheel(path, "torch", CPU_TORCH, _torch_files(CPU_TORCH))
    write_wheel(path, "torch", NEWER_TORCH, _torch_files(NEWER_TORCH))
    write_wheel(path, "pyyaml", yaml.__version__, _yaml_files())
    return path


def write_wheel(
    folder: Path, name: str, version: str, files: Mapping[str, bytes], needs: Sequence[str] = ()
) -> Path:
    """The path of a valid pure-Python wheel of these files, its RECORD included."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Requires-Dist: {need}\n" for need in needs)
    tags = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    content = {
        **dict(sorted(files.items())),
        f"{info}/METADATA": metadata.encode(),
        f"{info}/WHEEL": tags.encode(),
    }
    lines = [_record_line(member, data) for member, data in content.items()]
    content[f"{info}/RECORD"] = "".join([*lines, f"{info}/RECORD,,\n"]).encode()
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    # Stored, not compressed: compressed bytes differ from one zlib to the next.
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_STORED) as archive:
        for member, data in content.items():
            entry = zipfile.ZipInfo(member, _EPOCH)
            entry.create_system = 3
            entry.external_attr = _READABLE_FILE
            archive.writestr(entry, data)
    return wheel


def _record_line(member: str, data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{member},sha256={digest},{len(data)}\n"


def _torch_files(version: str) -> dict[str, bytes]:
    is_cpu = version.endswith("+cpu")
    cuda = None if is_cpu else "13.0"
    error = (
        'AssertionError("Torch not compiled with CUDA enabled")'
        if is_cpu
        else 'RuntimeError("Found no NVIDIA driver on your system.")'
    )
    return {
        "torch/__init__.py": _TORCH.encode(),
        "torch/cuda/__init__.py": _CUDA.format(error=error).encode(),
        "torch/version.py": f'__version__ = "{version}"\ncuda = {cuda!r}\n'.encode(),
    }


def _yaml_files() -> dict[str, bytes]:
    """The pure part of the installed PyYAML: it works without its compiled one."""
    package = Path(next(iter(yaml.__path__)))
    return {f"yaml/{file.name}": file.read_bytes() for file in package.glob("*.py")}
