"""Reads extra_model_paths.yaml files. What is wrong with one is raised, and stops the start."""

from __future__ import annotations

import logging
import os

import folder_paths
import yaml

log = logging.getLogger(__name__)


def _expanded(path):
    return os.path.expandvars(os.path.expanduser(path))


def _read(yaml_path):
    with open(yaml_path, encoding="utf-8") as stream:
        return yaml.safe_load(stream)


def load_extra_path_config(yaml_path):
    """Adds the folders of every section of the file, in the order they are written."""
    config = _read(yaml_path)
    beside = os.path.dirname(os.path.abspath(yaml_path))
    for section in config:
        settings = config[section]
        if settings is not None:
            _add_section(dict(settings), beside)


def _add_section(settings, beside):
    # A relative base path, and without one a relative folder, is relative to the yaml file.
    base = os.path.join(beside, _expanded(settings.pop("base_path", "") or ""))
    is_default = settings.pop("is_default", False)
    for kind, folders in settings.items():
        for folder in filter(None, folders.split("\n")):
            path = os.path.normpath(os.path.join(base, folder))
            log.info("Adding extra search path %s %s", kind, path)
            folder_paths.add_model_folder_path(kind, path, is_default)
