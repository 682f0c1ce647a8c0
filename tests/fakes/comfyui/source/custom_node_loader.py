"""Finds, imports and lists the custom nodes, and their startup scripts before them."""

from __future__ import annotations

import importlib.util
import logging
import os
import sys
import time
import traceback

import folder_paths
from comfy.cli_args import args

log = logging.getLogger(__name__)


def nothing_allowed():
    return args.disable_all_custom_nodes and not args.whitelist_custom_nodes


def _is_refused(name):
    return args.disable_all_custom_nodes and name not in args.whitelist_custom_nodes


def _load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _candidates():
    """Every entry of the custom node folders; a folder that is not there stops the start."""
    for folder in folder_paths.get_folder_paths("custom_nodes"):
        real = os.path.realpath(folder)
        for name in os.listdir(real):
            yield name, os.path.join(real, name)


def _table(title, failure, times):
    """Logs one line an entry, the fastest first."""
    log.info("\n%s times for custom nodes:", title)
    for seconds, path, success in sorted(times):
        mark = "" if success else f" ({failure} FAILED)"
        log.info("%6.1f seconds%s: %s", seconds, mark, path)
    log.info("")


def run_prestartup_scripts():
    """Runs `prestartup_script.py` of every node folder that has one, before torch is there."""
    if nothing_allowed():
        return
    times = []
    for name, path in _candidates():
        script = os.path.join(path, "prestartup_script.py")
        if name.endswith(".disabled") or not os.path.isfile(script) or _is_refused(name):
            continue
        began = time.perf_counter()
        success = _run_script(script)
        times.append((time.perf_counter() - began, path, success))
    if times:
        _table("Prestartup", "PRESTARTUP", times)


def _run_script(script):
    try:
        _load(os.path.splitext(script)[0], script)
    except Exception as error:
        log.error("Failed to execute startup-script: %s / %s", script, error)
        return False
    return True


def _is_module(name, path):
    if name == "__pycache__" or name.endswith(".disabled"):
        return False
    return os.path.isdir(path) or name.endswith(".py")


def load_custom_nodes(mappings, display_names):
    """Imports every custom node and adds what it maps; one that fails is listed as failed."""
    if nothing_allowed():
        log.info("Skipping loading of custom nodes")
        return
    times = []
    for name, path in _candidates():
        if not _is_module(name, path):
            continue
        if _is_refused(name):
            log.info("Skipping %s due to disable_all_custom_nodes and whitelist_custom_nodes", name)
            continue
        began = time.perf_counter()
        success = _import(name, path, mappings, display_names)
        times.append((time.perf_counter() - began, path, success))
    if times:
        _table("Import", "IMPORT", times)


def _import(name, path, mappings, display_names):
    entry = os.path.join(path, "__init__.py") if os.path.isdir(path) else path
    try:
        module = _load(os.path.splitext(path)[0].replace(".", "_x_"), entry)
    except Exception as error:
        log.warning(traceback.format_exc())
        log.warning("Cannot import %s module for custom nodes: %s", path, error)
        return False
    if getattr(module, "NODE_CLASS_MAPPINGS", None) is None:
        log.warning(
            "Skip %s module for custom nodes due to the lack of NODE_CLASS_MAPPINGS or "
            "NODES_LIST (need one).",
            path,
        )
        return False
    for key, node in module.NODE_CLASS_MAPPINGS.items():
        node.RELATIVE_PYTHON_MODULE = f"custom_nodes.{os.path.splitext(name)[0]}"
        mappings[key] = node
    display_names.update(getattr(module, "NODE_DISPLAY_NAME_MAPPINGS", {}))
    return True
