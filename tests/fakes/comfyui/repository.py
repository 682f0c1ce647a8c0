"""A real git repository of small ComfyUI releases, made anew for each test that wants one."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from tests.fakes.comfyui.releases import TAGS, release_dates

SOURCE: Final = Path(__file__).parent / "source"
BRANCH: Final = "master"
AUTHOR: Final = "Comfy Author <author@example.com>"
VERSION_FILE: Final = "comfyui_version.py"
MODEL_FOLDERS: Final = (
    "audio_encoders", "checkpoints", "clip", "clip_vision", "configs", "controlnet", "diffusers",
    "diffusion_models", "embeddings", "gligen", "hypernetworks", "loras", "model_patches",
    "photomaker", "style_models", "text_encoders", "unet", "upscale_models", "vae", "vae_approx",
)  # fmt: skip
_SETTINGS: Final = (
    f"init.defaultBranch={BRANCH}", "core.autocrlf=false", "core.bare=true", "gc.auto=0",
    "commit.gpgSign=false", "tag.gpgSign=false", "safe.directory=*",
)  # fmt: skip
# What git and Windows need of the environment; nothing of the user's git gets through.
_KEPT_VARIABLES: Final = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")


def write_source(path: Path, tag: str = TAGS[-1]) -> Path:
    """A ComfyUI tree of that release in the folder, as a checkout of the tag has it."""
    shutil.copytree(SOURCE, path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    # Under its own name the file would hide half of this tree from the project's repository.
    (path / "gitignore").rename(path / ".gitignore")
    (path / VERSION_FILE).write_text(f'__version__ = "{tag.removeprefix("v")}"\n', encoding="utf-8")
    for folder in MODEL_FOLDERS:
        _write_placeholder(path / "models" / folder / f"put_{folder}_here")
    _write_placeholder(path / "output" / "_output_images_will_be_put_here")
    return path


def make_repository(path: Path, tags: Sequence[str] = TAGS) -> Path:
    """A bare repository at the path: one commit a tag, and `master` one commit further.

    Every other tag is annotated, the first one too; the others are lightweight. The same tags give
    the same commit ids everywhere. `path.as_uri()` can be cloned, with a filter as well.
    """
    path.mkdir(parents=True, exist_ok=True)
    _git(path, "init", "--quiet", "--bare")
    for setting in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        _git(path, "config", setting, "true")
    parent = ""
    with tempfile.TemporaryDirectory() as scratch:
        tree = write_source(Path(scratch) / "ComfyUI", tags[-1])
        for number, (tag, when) in enumerate(release_dates(tags).items()):
            write_source_version(tree, tag)
            parent = _commit(path, tree, f"Release {tag}", when, parent)
            _tag(path, tag, parent, when, annotated=number % 2 == 0)
        with (tree / "README.md").open("a", encoding="utf-8", newline="\n") as readme:
            readme.write("\nThis line is not released yet.\n")
        parent = _commit(path, tree, "Say what comes next", when + timedelta(days=1), parent)
    _git(path, "update-ref", f"refs/heads/{BRANCH}", parent)
    return path


def write_source_version(tree: Path, tag: str) -> None:
    """Makes an existing tree the one of another release."""
    (tree / VERSION_FILE).write_text(f'__version__ = "{tag.removeprefix("v")}"\n', encoding="utf-8")


def break_objects(repository: Path, tag: str) -> str:
    """The id of a blob that is gone now: a checkout of the tag meets a missing object.

    It is the version file, which no other tag shares; `master` shares that of the newest tag.
    The repository may be bare or not, packed or not.
    """
    blob = _git(repository, "rev-parse", "--verify", f"{tag}:{VERSION_FILE}")
    objects = _objects_folder(repository)
    _unpack(repository, objects)
    _remove(objects / blob[:2] / blob[2:])
    return blob


def _write_placeholder(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def _commit(repository: Path, tree: Path, message: str, when: datetime, parent: str) -> str:
    # The tree's own ignore file would leave the placeholders out, as it is meant to do to models.
    _git(repository, f"--work-tree={tree}", "add", "--all", "--force", cwd=tree)
    content = _git(repository, "write-tree")
    parents = ("-p", parent) if parent else ()
    return _git(repository, "commit-tree", content, *parents, "-m", message, when=when)


def _tag(repository: Path, tag: str, commit: str, when: datetime, *, annotated: bool) -> None:
    note = ("--annotate", "--message", f"Release {tag}") if annotated else ()
    _git(repository, "tag", *note, tag, commit, when=when)


def _objects_folder(repository: Path) -> Path:
    answer = _git(repository, "rev-parse", "--git-path", "objects")
    return repository / answer


def _unpack(repository: Path, objects: Path) -> None:
    """Every object becomes a loose file: git unpacks only what it does not have, so packs move."""
    aside = objects.parent / "packs-aside"
    aside.mkdir()
    for pack in (objects / "pack").glob("*"):
        pack.rename(aside / pack.name)
    for pack in aside.glob("*.pack"):
        _git(repository, "unpack-objects", "-r", "-q", stdin=pack.read_bytes())
    for left in aside.iterdir():
        _remove(left)
    aside.rmdir()


def _remove(path: Path) -> None:
    # Objects are read-only, and Windows removes no read-only file.
    path.chmod(stat.S_IWRITE | stat.S_IREAD)
    path.unlink()


def _environment(when: datetime | None) -> Mapping[str, str]:
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    name, _, mail = AUTHOR.rstrip(">").partition(" <")
    people = {
        f"GIT_{role}_{field}": value
        for role in ("AUTHOR", "COMMITTER")
        for field, value in (("NAME", name), ("EMAIL", mail))
    }
    dates = {f"GIT_{role}_DATE": when.isoformat() for role in ("AUTHOR", "COMMITTER") if when}
    return {
        **kept, **people, **dates,
        "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", "TZ": "UTC",
    }  # fmt: skip


def _git(
    repository: Path,
    *arguments: str,
    cwd: Path | None = None,
    when: datetime | None = None,
    stdin: bytes = b"",
) -> str:
    """What git says on stdout, without the line end."""
    options = [part for setting in _SETTINGS for part in ("-c", setting)]
    options += [f"--git-dir={_git_folder(repository)}"]
    done = subprocess.run(
        ["git", *options, *arguments],
        cwd=cwd or repository, env=_environment(when), input=stdin,
        capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode:
        words = done.stderr.decode(errors="replace")
        raise RuntimeError(f"git {' '.join(arguments)} ended with {done.returncode}: {words}")
    return done.stdout.decode().strip()


def _git_folder(repository: Path) -> Path:
    inner = repository / ".git"
    return inner if inner.exists() else repository
