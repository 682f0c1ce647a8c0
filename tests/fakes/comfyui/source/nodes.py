"""The nodes this ComfyUI has, in the shape every ComfyUI node has."""

from __future__ import annotations

import hashlib
import json
import os
import random
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import comfy.utils
import folder_paths
import png
import weights
from comfy.cli_args import args

STEP_SECONDS = 0.01  # long enough to interrupt a run of many steps, short for a run of twenty
LARGEST = 16384
SAMPLERS = [
    "euler",
    "euler_ancestral",
    "heun",
    "dpm_2",
    "lms",
    "dpmpp_2m",
    "dpmpp_2m_sde",
    "ddpm",
    "lcm",
    "ddim",
    "uni_pc",
]
SCHEDULERS = [
    "simple",
    "sgm_uniform",
    "karras",
    "exponential",
    "ddim_uniform",
    "beta",
    "normal",
    "linear_quadratic",
    "kl_optimal",
]
_interrupted = threading.Event()


class InterruptProcessingException(Exception):
    """Somebody asked for the running prompt to end."""


def interrupt_processing(value=True):
    _interrupted.set() if value else _interrupted.clear()


def throw_if_interrupted():
    if _interrupted.is_set():
        _interrupted.clear()
        raise InterruptProcessingException


@dataclass(frozen=True)
class Latent:
    """The size of what will be an image, and what its color is made from."""

    width: int
    height: int
    batch: int
    recipe: str = ""


def _color(recipe):
    return hashlib.sha256(recipe.encode()).digest()[:3]


def _size(default=512, least=16, step=8):
    return ("INT", {"default": default, "min": least, "max": LARGEST, "step": step})


BATCH = ("INT", {"default": 1, "min": 1, "max": 4096})


class CheckpointLoaderSimple:
    RETURN_TYPES = ("MODEL", "CLIP", "VAE")
    OUTPUT_TOOLTIPS = ("What denoises.", "What reads the prompt.", "What makes pixels.")
    FUNCTION = "load_checkpoint"
    CATEGORY = "loaders"
    DESCRIPTION = "Loads a checkpoint: the model, its text encoder and its VAE."

    @classmethod
    def INPUT_TYPES(cls):
        names = folder_paths.get_filename_list("checkpoints")
        return {"required": {"ckpt_name": (names, {"tooltip": "The file to load."})}}

    def load_checkpoint(self, ckpt_name):
        path = folder_paths.get_full_path_or_raise("checkpoints", ckpt_name)
        return (weights.load_checkpoint(path),) * 3


class LoraLoader:
    RETURN_TYPES = ("MODEL", "CLIP")
    FUNCTION = "load_lora"
    CATEGORY = "loaders"

    @classmethod
    def INPUT_TYPES(cls):
        strength = ("FLOAT", {"default": 1.0, "min": -100.0, "max": 100.0, "step": 0.01})
        names = folder_paths.get_filename_list("loras")
        return {
            "required": {
                "model": ("MODEL", {"tooltip": "The model to change."}),
                "clip": ("CLIP", {"tooltip": "The text encoder to change."}),
                "lora_name": (names, {"tooltip": "The file to load."}),
                "strength_model": strength,
                "strength_clip": strength,
            }
        }

    def load_lora(self, model, clip, lora_name, strength_model, strength_clip):
        folder_paths.get_full_path_or_raise("loras", lora_name)
        return (
            weights.Weights(f"{model.name}+{lora_name}@{strength_model}"),
            weights.Weights(f"{clip.name}+{lora_name}@{strength_clip}"),
        )


class CLIPTextEncode:
    RETURN_TYPES = ("CONDITIONING",)
    FUNCTION = "encode"
    CATEGORY = "conditioning"

    @classmethod
    def INPUT_TYPES(cls):
        text = ("STRING", {"multiline": True, "dynamicPrompts": True, "tooltip": "The prompt."})
        return {"required": {"text": text, "clip": ("CLIP", {"tooltip": "What reads it."})}}

    def encode(self, text, clip):
        return (f"{clip.name}|{text}",)


class EmptyLatentImage:
    RETURN_TYPES = ("LATENT",)
    FUNCTION = "generate"
    CATEGORY = "latent"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"width": _size(), "height": _size(), "batch_size": BATCH}}

    def generate(self, width, height, batch_size):
        return (Latent(width, height, batch_size),)


class KSampler:
    RETURN_TYPES = ("LATENT",)
    OUTPUT_TOOLTIPS = ("The sampled latent.",)
    FUNCTION = "sample"
    CATEGORY = "sampling"
    DESCRIPTION = "Samples a latent under a positive and a negative prompt."

    @classmethod
    def INPUT_TYPES(cls):
        seed = {"default": 0, "min": 0, "max": 2**64 - 1, "control_after_generate": True}
        cfg = {"default": 8.0, "min": 0.0, "max": 100.0, "step": 0.1, "round": 0.01}
        return {
            "required": {
                "model": ("MODEL", {"tooltip": "What denoises."}),
                "seed": ("INT", seed),
                "steps": ("INT", {"default": 20, "min": 1, "max": 10000}),
                "cfg": ("FLOAT", cfg),
                "sampler_name": (SAMPLERS, {"tooltip": "How a step is made."}),
                "scheduler": (SCHEDULERS, {"tooltip": "How the noise goes."}),
                "positive": ("CONDITIONING", {"tooltip": "What to show."}),
                "negative": ("CONDITIONING", {"tooltip": "What not to show."}),
                "latent_image": ("LATENT", {"tooltip": "Where to start from."}),
                "denoise": ("FLOAT", {"default": 1.0, "min": 0.0, "max": 1.0, "step": 0.01}),
            }
        }

    def sample(
        self,
        model,
        seed,
        steps,
        cfg,
        sampler_name,
        scheduler,
        positive,
        negative,
        latent_image,
        denoise,
    ):
        parts = (model.name, seed, cfg, sampler_name, scheduler, positive, negative, denoise)
        recipe = "|".join(map(str, (*parts, latent_image.recipe)))
        result = Latent(latent_image.width, latent_image.height, latent_image.batch, recipe)
        bar = comfy.utils.ProgressBar(steps)
        for step in range(steps):
            throw_if_interrupted()
            time.sleep(STEP_SECONDS)
            bar.update(1, self._preview(recipe, step))
        return (result,)

    def _preview(self, recipe, step):
        if args.preview_method == "none":
            return None
        return png.Picture.plain(8, 8, _color(f"{recipe}|{step}"))


class VAEDecode:
    RETURN_TYPES = ("IMAGE",)
    OUTPUT_TOOLTIPS = ("The images.",)
    FUNCTION = "decode"
    CATEGORY = "latent"
    DESCRIPTION = "Makes images of latents."

    @classmethod
    def INPUT_TYPES(cls):
        samples = ("LATENT", {"tooltip": "What to decode."})
        return {"required": {"samples": samples, "vae": ("VAE", {"tooltip": "What decodes."})}}

    def decode(self, samples, vae):
        recipes = [f"{samples.recipe}|{vae.name}|{n}" for n in range(samples.batch)]
        return ([png.Picture.plain(samples.width, samples.height, _color(r)) for r in recipes],)


class EmptyImage:
    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "generate"
    CATEGORY = "image"

    @classmethod
    def INPUT_TYPES(cls):
        size = _size(least=1, step=1)
        color = ("INT", {"default": 0, "min": 0, "max": 0xFFFFFF, "step": 1, "display": "color"})
        return {"required": {"width": size, "height": size, "batch_size": BATCH, "color": color}}

    def generate(self, width, height, batch_size, color):
        return ([png.Picture.plain(width, height, color.to_bytes(3, "big"))] * batch_size,)


class ImageScale:
    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "upscale"
    CATEGORY = "image/upscaling"

    @classmethod
    def INPUT_TYPES(cls):
        methods = ["nearest-exact", "bilinear", "area", "bicubic", "lanczos"]
        size = _size(least=0, step=1)
        return {
            "required": {
                "image": ("IMAGE",),
                "upscale_method": (methods,),
                "width": size,
                "height": size,
                "crop": (["disabled", "center"],),
            }
        }

    def upscale(self, image, upscale_method, width, height, crop):
        return ([self._nearest(one, width or one.width, height or one.height) for one in image],)

    @staticmethod
    def _nearest(one, width, height):
        stride = one.width * 3
        columns = [x * one.width // width * 3 for x in range(width)]
        rows = []
        for y in range(height):
            at = y * one.height // height * stride
            rows.append(b"".join(one.pixels[at + x : at + x + 3] for x in columns))
        return png.Picture(width, height, b"".join(rows))


class ImageInvert:
    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "invert"
    CATEGORY = "image"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"image": ("IMAGE",)}}

    def invert(self, image):
        table = bytes(range(255, -1, -1))
        return ([png.Picture(p.width, p.height, p.pixels.translate(table)) for p in image],)


class LoadImage:
    RETURN_TYPES = ("IMAGE", "MASK")
    FUNCTION = "load_image"
    CATEGORY = "image"

    @classmethod
    def INPUT_TYPES(cls):
        names = folder_paths.image_names(folder_paths.directories["input"])
        return {"required": {"image": (names, {"image_upload": True})}}

    def load_image(self, image):
        return ([png.decode(folder_paths.annotated_path(image))], None)

    @classmethod
    def IS_CHANGED(cls, image):
        return hashlib.sha256(Path(folder_paths.annotated_path(image)).read_bytes()).hexdigest()

    @classmethod
    def VALIDATE_INPUTS(cls, image):
        if not os.path.exists(folder_paths.annotated_path(image)):
            return f"Invalid image file: {image}"
        return True


class SaveImage:
    RETURN_TYPES = ()
    FUNCTION = "save_images"
    OUTPUT_NODE = True
    CATEGORY = "image"
    DESCRIPTION = "Writes the images into the output folder."
    KIND = "output"

    @classmethod
    def INPUT_TYPES(cls):
        prefix = ("STRING", {"default": "ComfyUI", "tooltip": "How the file names begin."})
        return {
            "required": {
                "images": ("IMAGE", {"tooltip": "The images to save."}),
                "filename_prefix": prefix,
            },
            "hidden": {"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO"},
        }

    def save_images(self, images, filename_prefix="ComfyUI", prompt=None, extra_pnginfo=None):
        folder, stem, number, subfolder = folder_paths.next_save_path(
            filename_prefix, folder_paths.directories[self.KIND], images[0].width, images[0].height
        )
        texts = {} if args.disable_metadata else self._texts(prompt, extra_pnginfo)
        saved = []
        for offset, picture in enumerate(images):
            name = f"{stem.replace('%batch_num%', str(offset))}_{number + offset:05}_.png"
            Path(folder, name).write_bytes(png.encode(picture, texts))
            saved.append({"filename": name, "subfolder": subfolder, "type": self.KIND})
        return {"ui": {"images": saved}}

    @staticmethod
    def _texts(prompt, extra_pnginfo):
        parts = {} if prompt is None else {"prompt": prompt}
        parts.update(extra_pnginfo or {})
        return {key: json.dumps(value) for key, value in parts.items()}


class PreviewImage(SaveImage):
    DESCRIPTION = "Writes the images into the temp folder."
    KIND = "temp"

    def __init__(self):
        self.prefix = "ComfyUI_temp_" + "".join(random.choices("abcdefghijklmnopqrstuvwxyz", k=5))

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {"images": ("IMAGE",)},
            "hidden": {"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO"},
        }

    def save_images(self, images, prompt=None, extra_pnginfo=None):
        return super().save_images(images, self.prefix, prompt, extra_pnginfo)


_OWN = (
    KSampler,
    CheckpointLoaderSimple,
    CLIPTextEncode,
    VAEDecode,
    EmptyLatentImage,
    SaveImage,
    PreviewImage,
    LoadImage,
    ImageScale,
    ImageInvert,
    EmptyImage,
    LoraLoader,
)
NODE_CLASS_MAPPINGS = {node.__name__: node for node in _OWN}
NODE_DISPLAY_NAME_MAPPINGS = {
    "CheckpointLoaderSimple": "Load Checkpoint",
    "CLIPTextEncode": "CLIP Text Encode (Prompt)",
    "VAEDecode": "VAE Decode",
    "EmptyLatentImage": "Empty Latent Image",
    "SaveImage": "Save Image",
    "PreviewImage": "Preview Image",
    "LoadImage": "Load Image",
    "ImageScale": "Upscale Image",
    "ImageInvert": "Invert Image",
    "LoraLoader": "Load LoRA",
}
for _node in _OWN:
    _node.RELATIVE_PYTHON_MODULE = "nodes"


def inputs_of(node):
    """Name -> declaration of every required and optional input, the required ones first."""
    types = node.INPUT_TYPES()
    return {**types.get("required", {}), **types.get("optional", {})}


def node_info(name):
    """The entry of a node in /object_info."""
    node = NODE_CLASS_MAPPINGS[name]
    types = node.INPUT_TYPES()
    returns = list(node.RETURN_TYPES)
    info = {
        "input": types,
        "input_order": {section: list(entries) for section, entries in types.items()},
        "output": returns,
        "output_is_list": list(getattr(node, "OUTPUT_IS_LIST", [False] * len(returns))),
        "output_name": list(getattr(node, "RETURN_NAMES", returns)),
        "name": name,
        "display_name": NODE_DISPLAY_NAME_MAPPINGS.get(name, name),
        "description": getattr(node, "DESCRIPTION", ""),
        "python_module": getattr(node, "RELATIVE_PYTHON_MODULE", "nodes"),
        "category": getattr(node, "CATEGORY", "sd"),
        "output_node": bool(getattr(node, "OUTPUT_NODE", False)),
    }
    if hasattr(node, "OUTPUT_TOOLTIPS"):
        info["output_tooltips"] = list(node.OUTPUT_TOOLTIPS)
    return info
