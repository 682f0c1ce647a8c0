"""uv: makes environments and fills them. Every call is isolated from the machine's settings."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from backend.exceptions import ToolMissing
from backend.platform.subprocesses import Completed, run, scrubbed_environment

HTTP_TIMEOUT_SECONDS: Final = 300
LOOK_SECONDS: Final = 10
TORCH_FAMILY: Final = ("torch", "torchvision", "torchaudio", "triton", "pytorch-triton")
# What torch brings along for the GPU, by CUDA 12 and 13; each torch wants its very versions.
_CUDA_12: Final = (
    "cublas", "cuda-cupti", "cuda-nvrtc", "cuda-runtime", "cudnn", "cufft", "cufile", "curand",
    "cusolver", "cusparse", "cusparselt", "nccl", "nvjitlink", "nvshmem", "nvtx",
)  # fmt: skip
_OWN_CUDA_13: Final = ("cudnn", "cusparselt", "nccl", "nvshmem")
TORCH_RUNTIME: Final = (
    *(f"nvidia-{name}-cu12" for name in _CUDA_12),
    *(f"nvidia-{name}{'-cu13' if name in _OWN_CUDA_13 else ''}" for name in _CUDA_12),
    *("cuda-toolkit", "cuda-bindings", "cuda-pathfinder", "pytorch-triton-rocm", "triton-rocm"),
)

# How uv's log (-vv) names the index that it looks for torch in.
_TORCH_INDEX: Final = re.compile(r"Fetching metadata for `torch` from `\S+/whl/([a-z0-9.]+)/torch")

Check = Callable[[], None]
OnLine = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class PackageSources:
    """Where packages are looked for. `torch_backend` picks the build of torch, None leaves it."""

    index: str | None = None
    find_links: tuple[str, ...] = ()
    torch_backend: str | None = None
    offline: bool = False

    def arguments(self) -> list[str]:
        return [
            *(["--default-index", self.index] if self.index else []),
            *(part for place in self.find_links for part in ("--find-links", place)),
            *(["--torch-backend", self.torch_backend] if self.torch_backend else []),
            *(["--offline"] if self.offline else []),
        ]


@dataclass(frozen=True, slots=True)
class Package:
    """One installed distribution."""

    name: str
    version: str


class Uv:
    """The uv that the app pins, with its cache beside the installs so that files are hardlinks."""

    def __init__(self, cache: Path, *, base_environment: Mapping[str, str] = os.environ) -> None:
        self._cache = cache
        self._base = base_environment

    def environment(self) -> dict[str, str]:
        """What every uv call gets: our settings, and nothing of the user's Python or uv."""
        wanted = self._base.get("UV_HTTP_TIMEOUT", "")
        patience = max(HTTP_TIMEOUT_SECONDS, int(wanted) if wanted.isdigit() else 0)
        return scrubbed_environment(
            self._base,
            UV_SYSTEM_CERTS="1",
            UV_NO_CONFIG="1",
            UV_HTTP_TIMEOUT=str(patience),
            UV_CACHE_DIR=str(self._cache),
            UV_NO_PROGRESS="1",
            UV_PYTHON_DOWNLOADS="never",  # a Python from elsewhere is a decision, not a side effect
            NO_COLOR="1",
        )

    def make_environment(self, path: Path, python: str, check: Check | None = None) -> Completed:
        return self._uv("venv", "--no-project", "--python", python, "--", path, check=check)

    def compile(
        self,
        requirements: Sequence[Path],
        *,
        overrides: Path | None,
        python: Path,
        as_of: str | None,
        sources: PackageSources,
        check: Check | None = None,
    ) -> Completed:
        """Resolves to exact versions, on stdout. `as_of` (RFC 3339) leaves newer packages out.

        The torch family is exempt, and what it brings for the GPU: which build fits is a matter
        of the machine, not of the date.
        """
        dated = ["--exclude-newer", as_of] if as_of else []
        for name in (*TORCH_FAMILY, *TORCH_RUNTIME) if as_of else ():
            dated += ["--exclude-newer-package", f"{name}=false"]
        return self._uv(
            "pip", "compile", "--no-header", "--no-annotate", "--python", python,
            *(("--overrides", overrides) if overrides else ()), *dated, *sources.arguments(),
            "--", *requirements,
            check=check,
        )  # fmt: skip

    def sync(
        self,
        python: Path,
        exact: Path,
        *,
        sources: PackageSources,
        check: Check | None = None,
        on_line: OnLine | None = None,
    ) -> Completed:
        """Makes the environment of `python` hold exactly the packages of the file `exact`."""
        return self._uv(
            "pip", "sync", "--python", python, *sources.arguments(), "--", exact,
            check=check, on_line=on_line,
        )  # fmt: skip

    def packages(self, python: Path) -> list[Package]:
        done = self._uv("pip", "list", "--format", "json", "--python", python)
        if done.returncode:
            return []
        return [Package(item["name"], item["version"]) for item in json.loads(done.output)]

    def problems(self, python: Path) -> list[str]:
        """What `uv pip check` finds: packages whose needs are not met. Empty = sound."""
        done = self._uv("pip", "check", "--python", python)
        return [] if done.returncode == 0 else [line for line in done.lines if line.strip()]

    def auto_torch_backend(self) -> str:
        """What `auto` means on this machine: `cu130`, `cpu` ...; `auto` when uv does not tell.

        uv has no question for that. Asked to resolve torch without a network, its log names the
        index that it turns to first.
        """
        named: list[str] = []

        def look(line: str) -> None:
            if found := _TORCH_INDEX.search(line):
                named.append(found[1])

        with tempfile.TemporaryDirectory() as folder:
            wish = Path(folder) / "wish.txt"
            wish.write_text("torch\n", encoding="utf-8")
            with contextlib.suppress(ToolMissing, TimeoutError):
                self._uv(
                    "pip", "compile", "--offline", "--no-cache", "-vv", "--python", sys.executable,
                    "--torch-backend", "auto", "--", wish,
                    on_line=look, timeout_seconds=LOOK_SECONDS,
                )  # fmt: skip
        return named[0] if named else "auto"

    def _uv(
        self,
        *arguments: str | Path,
        check: Check | None = None,
        on_line: OnLine | None = None,
        timeout_seconds: float | None = None,
    ) -> Completed:
        try:
            return run(
                [uv_binary(), *arguments],
                environment=self.environment(),
                check=check,
                on_line=on_line,
                timeout_seconds=timeout_seconds,
            )
        except FileNotFoundError as error:
            raise ToolMissing("uv", command="rm -r .venv && ./launcher versions list") from error


def uv_binary() -> str:
    import uv

    return uv.find_uv_bin()
