"""What lies where, with its meaning, written once. The pages and the tests read it from here."""

from __future__ import annotations

from typing import Final

# Relative to the root. A folder ends with `/`. `<tag>` and the like stand for names that vary.
FILES: Final[dict[str, str]] = {
    "comfyui-versions/": "The installed versions, and what is needed to make more of them",
    "comfyui-versions/<tag>": "A link to the installation of that version in `.store`",
    "comfyui-versions/.store/": "The installations themselves",
    "comfyui-versions/.store/<tag>-<operation>/": "One installation, built in place",
    "comfyui-versions/.store/<tag>-<operation>/.comfyui-launcher.json":
        "Our marker: the first file in it. Without it nothing is ever moved or deleted",
    "comfyui-versions/.store/<tag>-<operation>/source/":
        "ComfyUI as git has it; the launcher never writes there",
    "comfyui-versions/.store/<tag>-<operation>/venv/": "Its Python environment",
    "comfyui-versions/.store/<tag>-<operation>/constraints.txt":
        "Its packages with exact versions",
    "comfyui-versions/.store/<tag>-<operation>/install.json":
        "What it is; written last: with it, the installation counts",
    "comfyui-versions/.store/<tag>-<operation>/models":
        "A link to the view of the version, made at each launch",
    "comfyui-versions/.store/<tag>-<operation>/custom_nodes": "The same for custom nodes",
    "comfyui-versions/.store/<tag>-<operation>/pycache/": "Compiled Python, kept out of `source`",
    "comfyui-versions/.store/<tag>-<operation>/temp/": "ComfyUI's temporary files",
    "comfyui-versions/.store/<tag>-<operation>/run/<id>/":
        "One run: `launch.json`, `supervisor.json`, `process.json`, `births.json`, `ready.json`, "
        "and `given_up.json` after a start that was given up; the last five stay",
    "comfyui-versions/.trash/": "Removed installations, until they are deleted for good",
    "comfyui-versions/.trash/<entry>/": "One of them, as it was",
    "comfyui-versions/.trash/<entry>.json": "Where it was and why it is here",
    "comfyui-versions/.trash/<entry>.doomed/":
        "One whose deletion has begun, or an installation that was never finished",
    "comfyui-versions/.trash/.lock": "Lets one process at a time change the trash",
    "comfyui-versions/.mirrors/": "Mirrors of the repositories that versions come from",
    "comfyui-versions/.mirrors/<repository>.git/": "One bare mirror with the whole history",
    "comfyui-versions/.mirrors/<repository>.git.lock": "Held while a launcher works on that mirror",
    "comfyui-versions/.cache/": "What can be fetched or worked out again",
    "comfyui-versions/.cache/uv/":
        "Packages; on this volume, so that environments share them by hard links",
    "comfyui-versions/.cache/constraints/<key>.txt":
        "A resolved set of packages, used again for the same wish",
    "shared-resources/": "Yours. All versions use it; removing a version does not touch it",
    "shared-resources/models/": "Models, one folder a kind: `checkpoints`, `loras`, `vae` ...",
    "shared-resources/custom_nodes/": "Custom nodes, one folder each",
    "shared-resources/input/": "ComfyUI's input folder",
    "shared-resources/output/": "ComfyUI's output folder",
    "shared-resources/user/": "ComfyUI's user folder: its settings and workflows",
    "shared-resources/user/databases/<tag>.db": "ComfyUI's own database, one a version",
    "shared-resources/workflows/": "Kept for the workflow tools of a later release",
    "launcher-data/": "What the launcher knows",
    "launcher-data/.lock": "Lets one process at a time write a record",
    "launcher-data/settings.json": "The settings that you have changed; absent until then",
    "launcher-data/secrets.json":
        "Tokens, mode 0600; only where you have set `secrets_in_file`",
    "launcher-data/.secrets.json.lock": "Its lock",
    "launcher-data/.service.lock": "Lets one service at a time start",
    "launcher-data/service.json": "Address and token of the running service, mode 0600",
    "launcher-data/.window.lock": "Lets one window at a time open",
    "launcher-data/window.json": "Address and token of the open window's service, mode 0600",
    "launcher-data/window_state.json": "Where the window stood when it was closed",
    "launcher-data/window-engine.json":
        "How the last trial of the window's engine went, so that it is not tried at each start",
    "launcher-data/window-libraries/":
        "Libraries that the desktop lacks and the window's engine needs, fetched once",
    "launcher-data/browser-window/": "The profile of the browser that stands in for the window",
    "launcher-data/comfyui-launcher-open-<id>.html":
        "Sends a browser to the page, mode 0600; gone once it is used",
    "launcher-data/active_version.json": "Which version is active, which is the default",
    "launcher-data/metadata/": "Records about versions and releases",
    "launcher-data/metadata/versions/": "What is installed",
    "launcher-data/metadata/versions/<tag>.json": "One installed version",
    "launcher-data/metadata/github_cache.json": "The releases as last seen",
    "launcher-data/metadata/size_cache.json": "Sizes of environments that were measured here",
    "launcher-data/operations/": "What runs and what ran; the last 200 stay",
    "launcher-data/operations/<id>.jsonl":
        "One operation: a sealed snapshot a line, the last one counts",
    "launcher-data/operations/<id>.progress":
        "How far it is, while it runs, for other processes",
    "launcher-data/operations/<id>.cancel": "A request of another process to cancel it",
    "launcher-data/journal/": "What operations are about to change in several places",
    "launcher-data/journal/<operation>.json":
        "One of them: written before the first change and gone after the last; the next start ends "
        "or undoes what a crash left of it",
    "launcher-data/links/": "Which links in the views are ours; no other one is ever unlinked",
    "launcher-data/links/<tag>.json":
        "Those of one version: where each lies, where it leads, and which inode it is",
    "launcher-data/logs/": "Logs",
    "launcher-data/logs/<door>.log":
        "What the launcher did, a JSON object a line; 5 MB and three older ones (`.1` to `.3`)",
    "launcher-data/logs/<tag>-<id>.log":
        "What ComfyUI wrote in one run; 10 MB and one older part (`.1`)",
    "launcher-data/views/": "Generated links; safe to delete while nothing runs",
    "launcher-data/views/<tag>/models/<kind>/<file>": "A link to a shared model",
    "launcher-data/views/<tag>/custom_nodes/<node>": "A link to a shared custom node",
    "launcher-data/views/<tag>/extra_model_paths.yaml":
        "Tells ComfyUI where models and nodes are; written at each launch",
    "launcher-data/snapshots/": "Kept for a later release",
    "launcher-data/library/": "Kept for the model library of a later release",
}  # fmt: skip
