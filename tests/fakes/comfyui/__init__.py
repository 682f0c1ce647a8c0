"""A protocol-true small ComfyUI: its repository, its packages and the API that lists its releases.

`source/` is the tree itself; what it can be told to do wrong is in `source/misbehaviour.py`.
"""

from __future__ import annotations

from tests.fakes.comfyui.checkpoint import write_checkpoint
from tests.fakes.comfyui.github_api import Fault, GitHubApi
from tests.fakes.comfyui.releases import TAGS
from tests.fakes.comfyui.repository import break_objects, make_repository, write_source
from tests.fakes.comfyui.wheelhouse import make_wheelhouse

__all__ = [
    "TAGS",
    "Fault",
    "GitHubApi",
    "break_objects",
    "make_repository",
    "make_wheelhouse",
    "write_checkpoint",
    "write_source",
]
