"""The names of model folders: ComfyUI's own, and what other programs call the same thing."""

from __future__ import annotations

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
    """How many model files lie below `base`, through links to files but not to folders."""
    if not base.is_dir():
        return 0
    return sum(
        1 for path in base.rglob("*") if path.suffix.lower() in MODEL_SUFFIXES and path.is_file()
    )
