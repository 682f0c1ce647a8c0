"""What every path answers. Each path is served with and without `/api` before it."""

from __future__ import annotations

import email
import hashlib
import json
import logging
import mimetypes
import os
import re
import sys
import uuid
from email.utils import formatdate
from pathlib import Path

import comfyui_version
import folder_paths
import misbehaviour
import nodes
from app import logger
from comfy import model_management
from comfy.cli_args import SOURCE
from comfy.utils import torch_version
from http_server import HTML, Response
from validation import problem, validate_prompt

log = logging.getLogger(__name__)

FRONTEND_VERSION = "1.27.10"
TEMPLATES_VERSION = "0.1.95"
WEB = SOURCE / "web"
_routes = []


def route(method, pattern):
    """Registers a function for a path; the groups of the pattern become its arguments."""

    def register(function):
        _routes.append((method, re.compile(pattern), function))
        return function

    return register


def dispatch(server, request):
    """The response to a request: 404 for an unknown path, 405 for the wrong method."""
    path = request.path
    if path.startswith("/api/"):
        path = path.removeprefix("/api")
    method = "GET" if request.method == "HEAD" else request.method
    for known, pattern, function in _routes:
        match = pattern.fullmatch(path)
        if match and known == method:
            return function(server, request, *match.groups())
    # The web root of the real one answers GET for every path, so another method is not allowed.
    return Response(404) if method == "GET" else Response.text("405: Method Not Allowed", 405)


@route("GET", "/")
def index(_server, _request):
    page = (WEB / "index.html").read_bytes()
    return Response(200, page, HTML, {"Cache-Control": "no-cache"})


@route("GET", "/system_stats")
def system_stats(_server, _request):
    total, free = model_management.ram()
    system = {
        "os": os.name,
        "ram_total": total,
        "ram_free": free,
        "comfyui_version": comfyui_version.__version__,
        "required_frontend_version": FRONTEND_VERSION,
        "installed_templates_version": TEMPLATES_VERSION,
        "required_templates_version": TEMPLATES_VERSION,
        "python_version": sys.version,
        "pytorch_version": torch_version(),
        "embedded_python": Path(sys.executable).parent.name == "python_embeded",
        "argv": misbehaviour.argv(),
    }
    return Response.json({"system": system, "devices": [model_management.device_stats()]})


@route("GET", "/features")
def features(server, _request):
    return Response.json(server.features())


@route("GET", "/object_info")
def object_info(_server, _request):
    return Response.json({name: nodes.node_info(name) for name in nodes.NODE_CLASS_MAPPINGS})


@route("GET", "/object_info/([^/]+)")
def object_info_of(_server, _request, name):
    known = name in nodes.NODE_CLASS_MAPPINGS
    return Response.json({name: nodes.node_info(name)} if known else {})


@route("GET", "/prompt")
def prompt_state(server, _request):
    return Response.json(server.queue_info())


@route("POST", "/prompt")
def post_prompt(server, request):
    log.info("got prompt")
    asked = request.json
    if "prompt" not in asked:
        error = problem("no_prompt", "No prompt provided", "No prompt provided")
        return Response.json({"error": error, "node_errors": {}}, 400)
    number = server.next_number(asked)
    verdict = validate_prompt(asked["prompt"], asked.get("partial_execution_targets"))
    if verdict.error:
        log.warning("invalid prompt: %s", verdict.error)
        return Response.json({"error": verdict.error, "node_errors": verdict.node_errors}, 400)
    prompt_id = str(asked.get("prompt_id", uuid.uuid4()))
    extra = dict(asked.get("extra_data", {}))
    if "client_id" in asked:
        extra["client_id"] = asked["client_id"]
    server.queue.put([number, prompt_id, asked["prompt"], extra, verdict.outputs])
    told = {"prompt_id": prompt_id, "number": number, "node_errors": verdict.node_errors}
    return Response.json(told)


@route("GET", "/queue")
def queue_state(server, _request):
    running, pending = server.queue.current()
    return Response.json({"queue_running": running, "queue_pending": pending})


@route("POST", "/queue")
def change_queue(server, request):
    asked = request.json
    if asked.get("clear"):
        server.queue.wipe()
    for prompt_id in asked.get("delete", []):
        server.queue.delete(prompt_id)
    return Response()


@route("GET", "/history")
def history(server, request):
    most, offset = request.query.get("max_items"), request.query.get("offset", "-1")
    entries = server.queue.history(max_items=int(most) if most else None, offset=int(offset))
    return Response.json(entries)


@route("GET", "/history/([^/]+)")
def history_of(server, _request, prompt_id):
    return Response.json(server.queue.history(prompt_id))


@route("POST", "/history")
def change_history(server, request):
    asked = request.json
    if asked.get("clear"):
        server.queue.wipe_history()
    for prompt_id in asked.get("delete", []):
        server.queue.delete_history(prompt_id)
    return Response()


@route("POST", "/interrupt")
def interrupt(server, request):
    try:
        prompt_id = request.json.get("prompt_id")
    except ValueError:  # an empty body means whatever runs
        prompt_id = None
    if prompt_id is None:
        log.info("Global interrupt (no prompt_id specified)")
        nodes.interrupt_processing()
    elif server.queue.is_running(prompt_id):
        log.info("Interrupting prompt %s", prompt_id)
        nodes.interrupt_processing()
    else:
        log.info("Prompt %s is not currently running, skipping interrupt", prompt_id)
    return Response()


@route("POST", "/free")
def free(server, request):
    for name in ("unload_models", "free_memory"):
        if request.json.get(name):
            server.queue.set_flag(name)
    return Response()


@route("GET", "/models")
def model_kinds(_server, _request):
    return Response.json(list(folder_paths.folder_names_and_paths))


@route("GET", "/models/([^/]+)")
def models_of(_server, _request, kind):
    if kind not in folder_paths.folder_names_and_paths:
        return Response(404)
    return Response.json(folder_paths.get_filename_list(kind))


@route("GET", "/experiment/models")
def model_folders(_server, _request):
    known = folder_paths.folder_names_and_paths.items()
    return Response.json(
        [
            {"name": kind, "folders": folders}
            for kind, (folders, _suffixes) in known
            if kind not in ("configs", "custom_nodes")
        ]
    )


@route("GET", "/experiment/models/([^/]+)")
def model_files(_server, _request, kind):
    if kind not in folder_paths.folder_names_and_paths:
        return Response(404)
    folders, suffixes = folder_paths.folder_names_and_paths[kind]
    return Response.json(
        [
            entry
            for index, folder in enumerate(folders)
            for entry in _file_entries(index, folder, suffixes)
        ]
    )


def _file_entries(index, folder, suffixes):
    for name in folder_paths.files_below(folder):
        path = os.path.join(folder, name)
        if not folder_paths.has_suffix(name, suffixes):
            continue
        try:
            stat = os.stat(path)
        except OSError as error:
            log.warning("Warning: Unable to access %s. Error: %s. Skipping this file.", name, error)
            continue
        yield {
            "name": name.replace("\\", "/"),
            "pathIndex": index,
            "modified": stat.st_mtime,
            "created": stat.st_ctime,
            "size": stat.st_size,
        }


@route("GET", "/embeddings")
def embeddings(_server, _request):
    names = folder_paths.get_filename_list("embeddings")
    return Response.json([os.path.splitext(name)[0] for name in names])


@route("GET", "/extensions")
def extensions(_server, _request):
    scripts = sorted(WEB.glob("extensions/**/*.js"))
    return Response.json(["/" + script.relative_to(WEB).as_posix() for script in scripts])


@route("GET", "/internal/folder_paths")
def internal_folder_paths(_server, _request):
    known = folder_paths.folder_names_and_paths.items()
    return Response.json({kind: folders for kind, (folders, _suffixes) in known})


@route("GET", "/internal/files/([^/]+)")
def internal_files(_server, _request, name):
    if name not in ("output", "input", "temp"):
        return Response.json({"error": "Invalid directory type"}, 400)
    folder = folder_paths.directories[name]
    found = [entry for entry in os.scandir(folder) if entry.is_file()]
    found.sort(key=lambda entry: -entry.stat().st_mtime)
    return Response.json([entry.name for entry in found])


@route("GET", "/internal/logs")
def internal_logs(_server, _request):
    return Response.json("".join(f"{entry['t']} - {entry['m']}" for entry in logger.entries()))


@route("GET", "/internal/logs/raw")
def internal_logs_raw(_server, _request):
    return Response.json({"entries": logger.entries(), "size": {"cols": 80, "rows": 24}})


@route("GET", "/users")
def users(_server, _request):
    migrated = os.path.isdir(os.path.join(folder_paths.directories["user"], "default"))
    return Response.json({"storage": "server", "migrated": migrated})


@route("GET", "/settings")
def settings(_server, _request):
    path = Path(folder_paths.directories["user"], "default", "comfy.settings.json")
    return Response.json(json.loads(path.read_text("utf-8")) if path.is_file() else {})


@route("GET", "/(?:i18n|workflow_templates|global_subgraphs)")
def nothing_added(_server, _request):
    return Response.json({})


@route("GET", "/view")
def view(_server, request):
    """A file of the output, input or temp folder, whole or the range that was asked."""
    name = request.query.get("filename", "")
    root = folder_paths.directories.get(request.query.get("type", "output"))
    if not name or name.startswith("/") or ".." in name or root is None:
        return Response(400)
    folder = os.path.join(root, request.query.get("subfolder", ""))
    if not folder_paths.is_inside(folder, root):
        return Response(403)
    path = Path(folder, os.path.basename(name))
    return _file_response(path, request) if path.is_file() else Response(404)


def _file_response(path, request):
    stat, data = path.stat(), path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    headers = {
        "Content-Disposition": f'filename="{path.name}"',
        "Etag": f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"',
        "Last-Modified": formatdate(stat.st_mtime, usegmt=True),
        "Accept-Ranges": "bytes",
    }
    if request.headers.get("if-none-match") == headers["Etag"]:
        return Response(304, headers=headers)
    asked = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
    if not asked:
        return Response(200, data, kind, headers)
    first, last = int(asked[1]), int(asked[2] or len(data) - 1)
    if first >= len(data):
        return Response(416, headers={**headers, "Content-Range": f"bytes */{len(data)}"})
    part = data[first : last + 1]
    headers["Content-Range"] = f"bytes {first}-{first + len(part) - 1}/{len(data)}"
    return Response(206, part, kind, headers)


@route("POST", "/upload/image")
def upload_image(_server, request):
    """Keeps an uploaded file; an equal file is kept once, another of the name gets a number."""
    fields = _form_fields(request)
    name, content = fields.get("image", (None, b""))
    kind = fields.get("type", (None, b"input"))[1].decode()
    root = folder_paths.directories.get(kind)
    subfolder = os.path.normpath(fields.get("subfolder", (None, b""))[1].decode() or ".")
    folder = os.path.join(root or "", subfolder)
    if not name or root is None or not folder_paths.is_inside(folder, root):
        return Response(400)
    if not folder_paths.is_inside(os.path.join(folder, name), folder):
        return Response(400)
    os.makedirs(folder, exist_ok=True)
    overwrite = fields.get("overwrite", (None, b""))[1] in (b"true", b"1")
    path = Path(folder, name) if overwrite else _free_path(Path(folder, name), content)
    path.write_bytes(content)
    shown = "" if subfolder == "." else subfolder
    return Response.json({"name": path.name, "subfolder": shown, "type": kind})


def _free_path(path, content):
    wanted, number = path, 0
    digest = hashlib.sha256(content).digest()
    while path.exists() and hashlib.sha256(path.read_bytes()).digest() != digest:
        number += 1
        path = wanted.with_name(f"{wanted.stem} ({number}){wanted.suffix}")
    return path


def _form_fields(request):
    """Field name -> (file name, content) of a multipart form."""
    header = f"Content-Type: {request.headers.get('content-type', '')}\r\n\r\n".encode()
    form = email.message_from_bytes(header + request.body)
    parts = form.get_payload() if form.is_multipart() else []
    return {
        part.get_param("name", header="content-disposition"): (
            part.get_filename(),
            part.get_payload(decode=True),
        )
        for part in parts
    }
