"""The names of model folders: ComfyUI's own, and what other programs call the same thing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

# Kinds that ComfyUI 0.3.64 to 0.38 load from; custom nodes add more, found on disk.
COMFYUI_FOLDERS: Final = (
    "audio_encoders",
    "checkpoints",
    "classifiers",
    "clip_vision",
    "configs",
    "controlnet",
    "diffusers",
    "diffusion_models",
    "embeddings",
    "gligen",
    "hypernetworks",
    "latent_upscale_models",
    "loras",
    "model_patches",
    "photomaker",
    "style_models",
    "text_encoders",
    "upscale_models",
    "vae",
    "vae_approx",
)

# ComfyUI's older names, then those of AUTOMATIC1111 and its kin. Compared in lower case.
OTHER_NAMES: Final = {
    "clip": "text_encoders",
    "unet": "diffusion_models",
    "t2i_adapter": "controlnet",
    "stable-diffusion": "checkpoints",
    "lora": "loras",
    "lycoris": "loras",
    "esrgan": "upscale_models",
    "realesrgan": "upscale_models",
    "swinir": "upscale_models",
    "vae-approx": "vae_approx",
    "text_encoder": "text_encoders",
}

MODEL_SUFFIXES: Final = frozenset(
    {".safetensors", ".sft", ".ckpt", ".pt", ".pt2", ".pth", ".bin", ".pkl", ".gguf", ".onnx"}
)


# What these mean in extra_model_paths.yaml is not for the name of a folder to decide.
_OWN_WORDS: Final = frozenset({"base_path", "is_default", "custom_nodes"})


def is_kind(name: str) -> bool:
    """Whether a folder of that name can be a kind of models: hidden ones and odd ones are not."""
    return not name.startswith(".") and name not in _OWN_WORDS and "\n" not in name


def folders_by_kind(base: Path) -> dict[str, list[str]]:
    """The subfolders of `base` by the kind that ComfyUI knows them as, both sorted.

    `base` is a `models` folder, of ComfyUI or another program. A folder with an unknown name is a
    kind of its own: custom nodes have such. Links to folders count as folders.
    """
    found: dict[str, list[str]] = {}
    for entry in sorted(base.iterdir(), key=lambda path: path.name):
        if not is_kind(entry.name) or not entry.is_dir():
            continue
        known = OTHER_NAMES.get(entry.name.lower(), entry.name.lower())
        kind = known if known in COMFYUI_FOLDERS else entry.name
        found.setdefault(kind, []).append(entry.name)
    return found


def models_folder_in(folder: Path) -> Path:
    """`folder` itself, or its `models` subfolder when it is a whole ComfyUI or WebUI."""
    inside = folder / "models"
    return inside if inside.is_dir() else folder


def count_models(base: Path) -> int:
    """How many model files lie below `base`, links followed; no folder is counted twice."""
    count, seen = 0, set[tuple[int, int]]()
    if not _is_new(base, seen):
        return 0
    for folder, folders, files in os.walk(base, followlinks=True):
        # What is taken out here is not walked: so two ways to a folder, and loops, are no trouble.
        folders[:] = [name for name in folders if _is_new(Path(folder, name), seen)]
        count += sum(1 for name in files if _is_model(Path(folder, name)))
    return count


def _is_model(path: Path) -> bool:
    return path.suffix.lower() in MODEL_SUFFIXES and path.is_file()


def _is_new(folder: Path, seen: set[tuple[int, int]]) -> bool:
    try:
        status = folder.stat()
    except OSError:  # not mounted, or gone meanwhile
        return False
    known = len(seen)
    seen.add((status.st_dev, status.st_ino))
    return len(seen) > known
