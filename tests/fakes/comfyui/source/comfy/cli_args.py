"""The command line of ComfyUI 0.3.64: `parser`, and `args` as this process was started.

Names, types, choices and exclusive groups are the real ones, in the order of the real usage line.
Every option is one literal `add_argument` call, so this file can be read without being run.
"""

from __future__ import annotations

import argparse
import enum
from pathlib import Path

import comfy.options

LOG_LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
HASHES = ["md5", "sha1", "sha256", "sha512"]
PREVIEWS = ["none", "auto", "latent2rgb", "taesd"]
SOURCE = Path(__file__).resolve().parent.parent


class PerformanceFeature(enum.Enum):
    Fp16Accumulation = "fp16_accumulation"
    Fp8MatrixMultiplication = "fp8_matrix_mult"
    CublasOps = "cublas_ops"
    AutoTune = "autotune"


def existing_directory(path):
    """The absolute path of a folder that is there; anything else ends the parser with code 2."""
    if not Path(path).is_dir():
        raise argparse.ArgumentTypeError(f"{path} is not an existing directory.")
    return str(Path(path).absolute())


def add_network(parser):
    parser.add_argument(
        "--listen", type=str, default="127.0.0.1", metavar="IP", nargs="?", const="0.0.0.0,::"
    )
    parser.add_argument("--port", type=int, default=8188)
    parser.add_argument("--tls-keyfile", type=str)
    parser.add_argument("--tls-certfile", type=str)
    parser.add_argument(
        "--enable-cors-header", type=str, default=None, metavar="ORIGIN", nargs="?", const="*"
    )
    parser.add_argument("--max-upload-size", type=float, default=100)


def add_folders(parser):
    parser.add_argument("--base-directory", type=str, default=None)
    parser.add_argument(
        "--extra-model-paths-config",
        type=str,
        default=None,
        metavar="PATH",
        nargs="+",
        action="append",
    )
    parser.add_argument("--output-directory", type=str, default=None)
    parser.add_argument("--temp-directory", type=str, default=None)
    parser.add_argument("--input-directory", type=str, default=None)


def add_devices(parser):
    parser.add_argument("--auto-launch", action="store_true")
    parser.add_argument("--disable-auto-launch", action="store_true")
    parser.add_argument("--cuda-device", type=int, default=None, metavar="DEVICE_ID")
    parser.add_argument("--default-device", type=int, default=None, metavar="DEFAULT_DEVICE_ID")
    malloc = parser.add_mutually_exclusive_group()
    malloc.add_argument("--cuda-malloc", action="store_true")
    malloc.add_argument("--disable-cuda-malloc", action="store_true")


def add_precision(parser):
    whole = parser.add_mutually_exclusive_group()
    whole.add_argument("--force-fp32", action="store_true")
    whole.add_argument("--force-fp16", action="store_true")
    unet = parser.add_mutually_exclusive_group()
    unet.add_argument("--fp32-unet", action="store_true")
    unet.add_argument("--fp64-unet", action="store_true")
    unet.add_argument("--bf16-unet", action="store_true")
    unet.add_argument("--fp16-unet", action="store_true")
    unet.add_argument("--fp8_e4m3fn-unet", action="store_true")
    unet.add_argument("--fp8_e5m2-unet", action="store_true")
    unet.add_argument("--fp8_e8m0fnu-unet", action="store_true")
    vae = parser.add_mutually_exclusive_group()
    vae.add_argument("--fp16-vae", action="store_true")
    vae.add_argument("--fp32-vae", action="store_true")
    vae.add_argument("--bf16-vae", action="store_true")
    parser.add_argument("--cpu-vae", action="store_true")
    text = parser.add_mutually_exclusive_group()
    text.add_argument("--fp8_e4m3fn-text-enc", action="store_true")
    text.add_argument("--fp8_e5m2-text-enc", action="store_true")
    text.add_argument("--fp16-text-enc", action="store_true")
    text.add_argument("--fp32-text-enc", action="store_true")
    text.add_argument("--bf16-text-enc", action="store_true")
    parser.add_argument("--force-channels-last", action="store_true")


def add_backends(parser):
    parser.add_argument("--directml", type=int, nargs="?", metavar="DIRECTML_DEVICE", const=-1)
    parser.add_argument(
        "--oneapi-device-selector", type=str, default=None, metavar="SELECTOR_STRING"
    )
    parser.add_argument("--disable-ipex-optimize", action="store_true")
    parser.add_argument("--supports-fp8-compute", action="store_true")


def add_previews_and_caches(parser):
    parser.add_argument(
        "--preview-method",
        type=str,
        default="none",
        choices=PREVIEWS,
        metavar="[none,auto,latent2rgb,taesd]",
    )
    parser.add_argument("--preview-size", type=int, default=512)
    cache = parser.add_mutually_exclusive_group()
    cache.add_argument("--cache-classic", action="store_true")
    cache.add_argument("--cache-lru", type=int, default=0)
    cache.add_argument("--cache-none", action="store_true")


def add_attention(parser):
    attention = parser.add_mutually_exclusive_group()
    attention.add_argument("--use-split-cross-attention", action="store_true")
    attention.add_argument("--use-quad-cross-attention", action="store_true")
    attention.add_argument("--use-pytorch-cross-attention", action="store_true")
    attention.add_argument("--use-sage-attention", action="store_true")
    attention.add_argument("--use-flash-attention", action="store_true")
    parser.add_argument("--disable-xformers", action="store_true")
    upcast = parser.add_mutually_exclusive_group()
    upcast.add_argument("--force-upcast-attention", action="store_true")
    upcast.add_argument("--dont-upcast-attention", action="store_true")


def add_memory(parser):
    vram = parser.add_mutually_exclusive_group()
    vram.add_argument("--gpu-only", action="store_true")
    vram.add_argument("--highvram", action="store_true")
    vram.add_argument("--normalvram", action="store_true")
    vram.add_argument("--lowvram", action="store_true")
    vram.add_argument("--novram", action="store_true")
    vram.add_argument("--cpu", action="store_true")
    parser.add_argument("--reserve-vram", type=float, default=None)
    parser.add_argument("--async-offload", action="store_true")
    parser.add_argument("--force-non-blocking", action="store_true")


def add_behaviour(parser):
    parser.add_argument("--default-hashing-function", type=str, choices=HASHES, default="sha256")
    parser.add_argument("--disable-smart-memory", action="store_true")
    parser.add_argument("--deterministic", action="store_true")
    parser.add_argument("--fast", nargs="*", type=PerformanceFeature)
    parser.add_argument("--mmap-torch-files", action="store_true")
    parser.add_argument("--disable-mmap", action="store_true")
    parser.add_argument("--dont-print-server", action="store_true")
    parser.add_argument("--quick-test-for-ci", action="store_true")
    parser.add_argument("--windows-standalone-build", action="store_true")
    parser.add_argument("--disable-metadata", action="store_true")


def add_nodes(parser):
    parser.add_argument("--disable-all-custom-nodes", action="store_true")
    parser.add_argument("--whitelist-custom-nodes", type=str, nargs="+", default=[])
    parser.add_argument("--disable-api-nodes", action="store_true")


def add_service(parser):
    parser.add_argument("--multi-user", action="store_true")
    parser.add_argument("--verbose", default="INFO", const="DEBUG", nargs="?", choices=LOG_LEVELS)
    parser.add_argument("--log-stdout", action="store_true")
    parser.add_argument("--front-end-version", type=str, default="comfyanonymous/ComfyUI@latest")
    parser.add_argument("--front-end-root", type=existing_directory, default=None)
    parser.add_argument("--user-directory", type=existing_directory, default=None)
    parser.add_argument("--enable-compress-response-body", action="store_true")
    parser.add_argument("--comfy-api-base", type=str, default="https://api.comfy.org")
    parser.add_argument(
        "--database-url", type=str, default=f"sqlite:///{SOURCE / 'user' / 'comfyui.db'}"
    )


def build_parser():
    """The whole command line, in the order of the usage line."""
    parser = argparse.ArgumentParser()
    for add in (
        add_network,
        add_folders,
        add_devices,
        add_precision,
        add_backends,
        add_previews_and_caches,
        add_attention,
        add_memory,
        add_behaviour,
        add_nodes,
        add_service,
    ):
        add(parser)
    return parser


def settle(args):
    """The options that follow from others: the standalone build opens a browser, bare `--fast`
    means every feature."""
    if args.windows_standalone_build:
        args.auto_launch = True
    if args.disable_auto_launch:
        args.auto_launch = False
    chosen = [] if args.fast is None else args.fast or list(PerformanceFeature)
    args.fast = set(chosen)
    return args


parser = build_parser()
args = settle(parser.parse_args() if comfy.options.args_parsing else parser.parse_args([]))
