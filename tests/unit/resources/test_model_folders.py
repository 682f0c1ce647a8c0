from __future__ import annotations

import os
from pathlib import Path

import pytest

from backend.resources.model_folders import (
    MODEL_SUFFIXES,
    count_models,
    folders_by_kind,
    models_folder_in,
)


def make(base: Path, *folders: str) -> Path:
    for folder in folders:
        (base / folder).mkdir(parents=True)
    return base


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("checkpoints", "checkpoints"),
        ("Stable-diffusion", "checkpoints"),
        ("STABLE-DIFFUSION", "checkpoints"),
        ("Lora", "loras"),
        ("LyCORIS", "loras"),
        ("RealESRGAN", "upscale_models"),
        ("SwinIR", "upscale_models"),
        ("ControlNet", "controlnet"),
        ("VAE", "vae"),
        ("VAE-approx", "vae_approx"),
        ("clip", "text_encoders"),
        ("unet", "diffusion_models"),
        ("ipadapter", "ipadapter"),
        ("Мои модели", "Мои модели"),
    ],
)
def test_a_folder_is_known_by_the_name_that_comfyui_has_for_it(
    tmp_path: Path, name: str, kind: str
) -> None:
    assert folders_by_kind(make(tmp_path, name)) == {kind: [name]}


def test_several_folders_of_one_kind_come_in_order(tmp_path: Path) -> None:
    make(tmp_path, "loras", "Lora", "LyCORIS")
    assert folders_by_kind(tmp_path) == {"loras": ["Lora", "LyCORIS", "loras"]}


def test_files_hidden_folders_and_dangling_links_are_no_kinds(tmp_path: Path) -> None:
    make(tmp_path, ".git", "vae")
    (tmp_path / "readme.txt").touch()
    (tmp_path / "gone").symlink_to(tmp_path / "not-mounted")
    (tmp_path / "loras").symlink_to(tmp_path / "vae")
    assert folders_by_kind(tmp_path) == {"loras": ["loras"], "vae": ["vae"]}


def test_a_whole_comfyui_is_known_by_its_models_folder(tmp_path: Path) -> None:
    assert models_folder_in(tmp_path) == tmp_path
    make(tmp_path, "models")
    assert models_folder_in(tmp_path) == tmp_path / "models"


def test_models_are_counted_at_any_depth_and_in_any_case(tmp_path: Path) -> None:
    make(tmp_path, "loras/deep/deeper")
    for name in ("one.safetensors", "loras/TWO.CKPT", "loras/deep/deeper/three.gguf"):
        (tmp_path / name).touch()
    for name in ("notes.txt", "loras/preview.png", "loras/put_loras_here"):
        (tmp_path / name).touch()
    assert count_models(tmp_path) == 3


def test_dangling_links_folders_and_loops_are_not_counted(tmp_path: Path) -> None:
    real = tmp_path / "real.safetensors"
    real.touch()
    make(tmp_path, "folder.safetensors")
    (tmp_path / "gone.safetensors").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "link.safetensors").symlink_to(real)
    assert count_models(tmp_path) == 2


def test_models_behind_a_link_to_a_folder_are_counted_once(tmp_path: Path) -> None:
    disk, base = tmp_path / "disk", tmp_path / "models"
    make(disk, "deep")
    make(base, "checkpoints", "loras")
    (disk / "deep" / "one.safetensors").touch()
    (disk / "deep" / "back").symlink_to(disk)
    (base / "checkpoints" / "sdxl").symlink_to(disk)
    (base / "loras" / "same").symlink_to(disk / "deep")
    assert count_models(base) == 1
    (tmp_path / "entrance").symlink_to(base)
    assert count_models(tmp_path / "entrance") == 1


def test_a_folder_that_is_not_there_holds_no_models(tmp_path: Path) -> None:
    assert count_models(tmp_path / "not-mounted") == 0


def test_names_that_are_no_unicode_are_counted(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"mod\xe9le.safetensors")).touch()
    assert count_models(tmp_path) == 1


def test_every_suffix_is_in_lower_case_with_its_dot() -> None:
    assert all(suffix == suffix.lower() and suffix[0] == "." for suffix in MODEL_SUFFIXES)
