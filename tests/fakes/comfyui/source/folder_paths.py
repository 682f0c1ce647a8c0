"""Which folders ComfyUI reads and writes, and what lies in them now."""

from __future__ import annotations

import logging
import os
import re

from comfy.cli_args import args

log = logging.getLogger(__name__)

MODEL_SUFFIXES = {".ckpt", ".pt", ".pt2", ".bin", ".pth", ".safetensors", ".pkl", ".sft"}
LEGACY_NAMES = {"unet": "diffusion_models", "clip": "text_encoders"}
# Kind -> the folders under models/ it is looked for in, where it is not simply its own name.
SEVERAL_FOLDERS = {
    "text_encoders": ["text_encoders", "clip"],
    "diffusion_models": ["unet", "diffusion_models"],
    "controlnet": ["controlnet", "t2i_adapter"],
}
OTHER_SUFFIXES = {
    "configs": {".yaml"},
    "diffusers": {"folder"},
    "classifiers": {""},
    "custom_nodes": set(),
}
KINDS = (
    "checkpoints",
    "configs",
    "loras",
    "vae",
    "text_encoders",
    "diffusion_models",
    "clip_vision",
    "style_models",
    "embeddings",
    "diffusers",
    "vae_approx",
    "controlnet",
    "gligen",
    "upscale_models",
    "custom_nodes",
    "hypernetworks",
    "photomaker",
    "classifiers",
    "model_patches",
    "audio_encoders",
)
ALSO_IN_OUTPUT = ("checkpoints", "clip", "vae", "diffusion_models", "loras")

source_path = os.path.dirname(os.path.realpath(__file__))
base_path = os.path.abspath(args.base_directory) if args.base_directory else source_path
models_dir = os.path.join(base_path, "models")
directories = {name: os.path.join(base_path, name) for name in ("output", "temp", "input", "user")}
folder_names_and_paths = {}


def _own_folders(kind):
    if kind == "custom_nodes":
        return [os.path.join(base_path, "custom_nodes")]
    return [os.path.join(models_dir, name) for name in SEVERAL_FOLDERS.get(kind, [kind])]


for _kind in KINDS:
    folder_names_and_paths[_kind] = (_own_folders(_kind), OTHER_SUFFIXES.get(_kind, MODEL_SUFFIXES))


def map_legacy(kind):
    return LEGACY_NAMES.get(kind, kind)


def add_model_folder_path(kind, path, is_default=False):
    """Adds a folder of a kind of model; a default one is looked in first."""
    folders, _suffixes = folder_names_and_paths.setdefault(map_legacy(kind), ([], set()))
    if path in folders:
        if not is_default:
            return
        folders.remove(path)
    folders.insert(0 if is_default else len(folders), path)


def apply_directories():
    """Puts the directory options of the command line in force, and says so in the log."""
    _set_directory("output", args.output_directory)
    for kind in ALSO_IN_OUTPUT:
        add_model_folder_path(kind, os.path.join(directories["output"], kind))
    _set_directory("input", args.input_directory)
    _set_directory("user", args.user_directory)


def apply_temp_directory():
    """The temp folder is a `temp` inside the one given, as it is emptied at start and end."""
    _set_directory("temp", args.temp_directory and os.path.join(args.temp_directory, "temp"))


def _set_directory(name, given):
    if given:
        directories[name] = os.path.abspath(given)
        log.info("Setting %s directory to: %s", name, directories[name])


def get_folder_paths(kind):
    return list(folder_names_and_paths[map_legacy(kind)][0])


def files_below(folder):
    """Paths relative to the folder, links followed and dangling links included."""
    for root, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if name != ".git"]
        for name in names:
            yield os.path.relpath(os.path.join(root, name), folder)


def has_suffix(name, suffixes):
    return not suffixes or os.path.splitext(name)[1].lower() in suffixes


def get_filename_list(kind):
    """The model files of a kind as they lie there now, sorted; nothing is remembered."""
    folders, suffixes = folder_names_and_paths[map_legacy(kind)]
    found = {name for folder in folders for name in files_below(folder)}
    return sorted(name for name in found if has_suffix(name, suffixes))


def get_full_path(kind, filename):
    """The first file of that name in the folders of the kind, or None."""
    safe = os.path.relpath(os.path.join("/", filename), "/")
    for folder in get_folder_paths(kind):
        path = os.path.join(folder, safe)
        if os.path.isfile(path):
            return path
        if os.path.islink(path):
            log.warning("WARNING path %s exists but doesn't link anywhere, skipping.", path)
    return None


def get_full_path_or_raise(kind, filename):
    path = get_full_path(kind, filename)
    if path is None:
        raise FileNotFoundError(f"Model in folder '{kind}' with filename '{filename}' not found.")
    return path


def is_inside(path, folder):
    """Whether a path stays in the folder once `..` is worked out."""
    folder = os.path.abspath(folder)
    return os.path.commonpath((folder, os.path.abspath(path))) == folder


def image_names(folder):
    """The images directly in a folder, sorted."""
    suffixes = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp"}
    entries = os.scandir(folder) if os.path.isdir(folder) else ()
    return sorted(e.name for e in entries if e.is_file() and has_suffix(e.name, suffixes))


def annotated_path(name):
    """The file that `name [input|output|temp]` means; without a mark it is an input."""
    marked = re.fullmatch(r"(.*) \[(input|output|temp)\]", name)
    plain, where = marked.groups() if marked else (name, "input")
    return os.path.join(directories[where], plain)


def next_save_path(prefix, folder, width, height):
    """Folder, name stem, next free number and subfolder for an output of that prefix."""
    prefix = prefix.replace("%width%", str(width)).replace("%height%", str(height))
    subfolder, stem = os.path.split(os.path.normpath(prefix))
    target = os.path.join(folder, subfolder)
    if not is_inside(target, folder):
        common = os.path.commonpath((os.path.abspath(folder), os.path.abspath(target)))
        raise Exception(
            "**** ERROR: Saving image outside the output folder is not allowed."
            f"\n full_output_folder: {os.path.abspath(target)}"
            f"\n         output_dir: {folder}\n         commonpath: {common}"
        )
    os.makedirs(target, exist_ok=True)
    pattern = re.compile(re.escape(stem) + r"_(\d+)_?(?:\D.*)?", re.IGNORECASE)
    taken = [int(m.group(1)) for m in map(pattern.fullmatch, os.listdir(target)) if m]
    return target, stem, max(taken, default=0) + 1, subfolder
