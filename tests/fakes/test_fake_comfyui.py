"""The fake keeps its promises: each behaviour that other tests build on is checked here."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import requests
import uv
import websocket

from tests.fakes.comfyui import (
    TAGS,
    Fault,
    GitHubApi,
    break_objects,
    make_repository,
    make_wheelhouse,
    write_checkpoint,
    write_source,
)

SECONDS: Final = 10
Start = Callable[..., "Started"]
POSIX: Final = os.name == "posix"
posix_only = pytest.mark.skipif(not POSIX, reason="signals and process groups are POSIX")
STARTUP_LINES: Final = (
    "Checkpoint files will always be loaded safely.",
    "Total VRAM ",
    "pytorch version: 2.13.0+cpu",
    "Set vram state to: DISABLED",
    "Device: cpu",
    "Using sub quadratic optimization for attention",
    "Python version: ",
    "ComfyUI version: 0.3.64",
    "ComfyUI frontend version: ",
    "[Prompt Server] web root: ",
    "",
    "Import times for custom nodes:",
    "   0.0 seconds: ",
    "",
    "setup plugin alembic.autogenerate.schemas",
    "setup plugin alembic.autogenerate.tables",
    "setup plugin alembic.autogenerate.types",
    "setup plugin alembic.autogenerate.constraints",
    "setup plugin alembic.autogenerate.defaults",
    "setup plugin alembic.autogenerate.comments",
    "setup plugin alembic.ext.checkconstraint_byname",
    "Context impl SQLiteImpl.",
    "Will assume non-transactional DDL.",
    "No target revision found.",
    "Starting server",
    "",
    "To see the GUI go to: http://127.0.0.1:",
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(check: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not check():
        assert time.monotonic() < deadline, f"never came: {what}"
        time.sleep(0.01)


class Started:
    """One fake as a process of its own; its log is a file."""

    def __init__(
        self,
        tree: Path,
        wheels: Path,
        log: Path,
        options: tuple[str, ...],
        env: Mapping[str, str],
        device: tuple[str, ...] = ("--cpu",),
    ) -> None:
        self.tree = tree
        self.port = free_port()
        self.argv = ["main.py", "--port", str(self.port), *device, *options]
        paths = [str(wheel) for wheel in sorted(wheels.glob("*.whl")) if "2.14" not in wheel.name]
        kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
        self.out, self.err = log.with_suffix(".out"), log.with_suffix(".err")
        with self.out.open("wb") as out, self.err.open("wb") as err:
            # Without site-packages: the wheels are all there is.
            self.process = subprocess.Popen(
                [sys.executable, "-S", *self.argv],
                cwd=tree,
                env={
                    **kept,
                    "PYTHONPATH": os.pathsep.join(paths),
                    "PYTHONDONTWRITEBYTECODE": "1",
                    **env,
                },
                stdout=out,
                stderr=err,
                start_new_session=POSIX,
            )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return self.err.read_text(encoding="utf-8")

    def wait_ready(self) -> Started:
        until(lambda: "To see the GUI" in self.log or self.process.poll() is not None, "ready")
        assert self.process.poll() is None, self.log
        return self

    def wait_end(self) -> int:
        return self.process.wait(SECONDS)

    def get(self, path: str) -> Any:
        answer = requests.get(self.url + path, timeout=SECONDS)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.json()

    def post(self, path: str, body: object) -> requests.Response:
        return requests.post(self.url + path, json=body, timeout=SECONDS)

    def socket(self, client: str) -> websocket.WebSocket:
        return websocket.create_connection(
            f"ws://127.0.0.1:{self.port}/ws?clientId={client}", timeout=SECONDS
        )

    def end(self) -> None:
        if POSIX:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait(SECONDS)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_wheelhouse(tmp_path_factory.mktemp("wheels"))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = write_source(tmp_path / "ComfyUI")
    (tree / "user").mkdir()
    return tree


@pytest.fixture
def start(tmp_path: Path, tree: Path, wheels: Path) -> Iterator[Start]:
    started: list[Started] = []

    def begin(*options: str, **misbehaviour: str) -> Started:
        env = {f"FAKE_COMFYUI_{name.upper()}": value for name, value in misbehaviour.items()}
        log = tmp_path / f"log{len(started)}"
        started.append(Started(tree, wheels, log, options, env))
        return started[-1]

    yield begin
    for one in started:
        one.end()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Iterator[Started]:
    folder = tmp_path_factory.mktemp("running")
    tree = write_source(folder / "ComfyUI")
    write_checkpoint(tree / "models" / "checkpoints" / "small.safetensors")
    one = Started(tree, wheels, folder / "log", (), {})
    yield one.wait_ready()
    one.end()


def text_to_image(steps: int = 2, prefix: str = "shot", seed: int = 1) -> dict[str, Any]:
    link = {"model": ["4", 0], "positive": ["6", 0], "negative": ["6", 0], "latent_image": ["5", 0]}
    sampling = {"cfg": 7.0, "sampler_name": "euler", "scheduler": "normal", "denoise": 1.0}
    loaded = {"ckpt_name": "small.safetensors"}
    size = {"width": 64, "height": 32, "batch_size": 1}
    return {
        "3": {
            "class_type": "KSampler",
            "inputs": {"seed": seed, "steps": steps, **sampling, **link},
        },
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": loaded},
        "5": {"class_type": "EmptyLatentImage", "inputs": size},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat", "clip": ["4", 1]}},
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
        "9": {
            "class_type": "SaveImage",
            "inputs": {"filename_prefix": prefix, "images": ["8", 0]},
        },
    }


def messages_of_run(running: Started, prompt: dict[str, Any], client: str) -> list[Any]:
    """Every message from the connection to the end of the run."""
    with contextlib.closing(running.socket(client)) as connection:
        messages = [json.loads(connection.recv())]
        running.post("/prompt", {"prompt": prompt, "client_id": client}).raise_for_status()
        while messages[-1]["type"] != "executing" or messages[-1]["data"]["node"] is not None:
            messages.append(json.loads(connection.recv()))
    return messages


# --- the start


def test_the_start_writes_the_real_lines_in_the_real_order_to_stderr(start: Start) -> None:
    comfy = start().wait_ready()
    lines = comfy.log.splitlines()
    assert len(lines) == len(STARTUP_LINES), comfy.log
    assert all(line.startswith(begin) for line, begin in zip(lines, STARTUP_LINES, strict=True))
    assert comfy.out.read_bytes() == b""


def test_log_stdout_moves_the_log_to_stdout(start: Start) -> None:
    comfy = start("--log-stdout", "--quick-test-for-ci")
    assert comfy.wait_end() == 0
    assert (comfy.log, "Device: cpu" in comfy.out.read_text()) == ("", True)


def test_the_quick_test_ends_with_0_before_it_listens(start: Start) -> None:
    comfy = start("--quick-test-for-ci")
    assert comfy.wait_end() == 0
    assert comfy.log.rstrip().endswith("No target revision found.")


@pytest.mark.parametrize(
    "options",
    [
        ("--bogus",),
        ("--user-directory", "not-there"),
        ("--gpu-only", "--cpu"),
        ("--verbose", "LOUD"),
    ],
)
def test_a_wrong_command_line_ends_with_2(start: Start, options: tuple[str, ...]) -> None:
    comfy = start(*options)
    assert comfy.wait_end() == 2
    assert "main.py: error:" in comfy.log


@pytest.mark.parametrize("missing", ["torch", "yaml"])
def test_a_missing_package_dies_with_pythons_own_words(
    tmp_path: Path, tree: Path, wheels: Path, missing: str
) -> None:
    some = shutil.copytree(wheels, tmp_path / "some")
    for wheel in some.glob(f"*{missing}*"):
        wheel.unlink()
    comfy = Started(tree, some, tmp_path / "log", (), {})
    assert comfy.wait_end() == 1
    assert comfy.log.rstrip().endswith(f"ModuleNotFoundError: No module named '{missing}'")
    assert comfy.log.startswith("Traceback (most recent call last):")


def test_without_the_cpu_flag_a_cpu_torch_stops_the_start(
    tree: Path, wheels: Path, tmp_path: Path
) -> None:
    comfy = Started(tree, wheels, tmp_path / "log", (), {}, device=())
    assert comfy.wait_end() == 1
    assert comfy.log.rstrip().endswith("AssertionError: Torch not compiled with CUDA enabled")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "TypeError: 'NoneType' object is not iterable"),
        ("a:\n  b: [1,\n", "yaml.parser.ParserError"),
        (None, "FileNotFoundError: [Errno 2] No such file or directory"),
    ],
    ids=["empty", "broken", "missing"],
)
def test_a_bad_yaml_of_model_paths_stops_the_start(
    start: Start, tmp_path: Path, content: str | None, words: str
) -> None:
    path = tmp_path / "extra.yaml"
    if content is not None:
        path.write_text(content)
    comfy = start("--extra-model-paths-config", str(path))
    assert comfy.wait_end() == 1
    assert words in comfy.log


def test_a_taken_port_ends_with_1_after_the_real_traceback(start: Start, running: Started) -> None:
    comfy = start("--port", str(running.port))
    assert comfy.wait_end() == 1
    words = f"bind on address ('127.0.0.1', {running.port}): address already in use"
    assert comfy.log.rstrip().endswith(words)
    assert running.get("/prompt") == {"exec_info": {"queue_remaining": 0}}


def test_with_every_directory_given_nothing_is_written_into_the_checkout(
    start: Start, tmp_path: Path, tree: Path
) -> None:
    data = tmp_path / "data"
    (data / "user").mkdir(parents=True)
    write_checkpoint(tree / "models" / "checkpoints" / "small.safetensors")
    (tree / "user").rmdir()
    before = sorted(tree.rglob("*"))
    comfy = start(
        *("--output-directory", str(data / "out"), "--input-directory", str(data / "in")),
        *("--temp-directory", str(data), "--user-directory", str(data / "user")),
        *("--database-url", f"sqlite:///{data / 'user' / 'own.db'}"),
    ).wait_ready()
    messages_of_run(comfy, text_to_image(), "one")
    assert sorted(tree.rglob("*")) == before
    assert (data / "user" / "own.db").read_bytes().startswith(b"SQLite format 3")
    assert (data / "out" / "shot_00001_.png").is_file()
    assert (data / "temp").is_dir()
    assert f"Setting output directory to: {data / 'out'}" in comfy.log


def test_without_a_database_url_the_database_is_in_the_checkout(running: Started) -> None:
    assert (running.tree / "user" / "comfyui.db").is_file()


@posix_only
def test_sigterm_ends_it_at_once_and_silently(start: Start) -> None:
    comfy = start().wait_ready()
    before = comfy.log
    comfy.process.terminate()
    assert (comfy.wait_end(), comfy.log) == (-signal.SIGTERM, before)


@posix_only
def test_sigint_says_stopped_server_and_ends_with_0(start: Start) -> None:
    comfy = start().wait_ready()
    comfy.process.send_signal(signal.SIGINT)
    assert comfy.wait_end() == 0
    assert comfy.log.endswith("\n\nStopped server\n")


def test_custom_nodes_that_fail_are_listed_and_the_others_work(start: Start, tree: Path) -> None:
    nodes = tree / "custom_nodes"
    (nodes / "needs_more.py").write_text("import not_there\n")
    (nodes / "says_nothing.py").write_text("x = 1\n")
    (nodes / "off.disabled").mkdir()
    comfy = start().wait_ready()
    log = comfy.log
    assert f"Cannot import {nodes / 'needs_more.py'} module for custom nodes" in log
    assert f"   0.0 seconds (IMPORT FAILED): {nodes / 'needs_more.py'}" in log
    assert f"Skip {nodes / 'says_nothing.py'} module" in log
    assert "off.disabled" not in log
    assert comfy.get("/object_info/ExampleRepeatText")["ExampleRepeatText"]["display_name"]


def test_custom_nodes_can_be_left_out_but_for_some(start: Start, tree: Path) -> None:
    (tree / "custom_nodes" / "other.py").write_text("NODE_CLASS_MAPPINGS = {}\n")
    bare = start("--disable-all-custom-nodes")
    some = start("--disable-all-custom-nodes", "--whitelist-custom-nodes", "other.py")
    bare.wait_ready()
    some.wait_ready()
    assert "Import times" not in bare.log
    assert bare.get("/object_info/ExampleRepeatText") == {}
    assert f"0.0 seconds: {tree / 'custom_nodes' / 'other.py'}" in some.log


# --- the answers


def test_system_stats_tell_the_true_process(running: Started) -> None:
    stats = running.get("/system_stats")
    assert list(stats) == ["system", "devices"]
    assert stats["system"]["argv"] == running.argv
    assert stats["system"]["comfyui_version"] == "0.3.64"
    assert stats["system"]["pytorch_version"] == "2.13.0+cpu"
    assert stats["system"]["python_version"] == sys.version
    assert [device["name"] for device in stats["devices"]] == ["cpu"]


@pytest.mark.parametrize(
    "path",
    [
        *("/object_info", "/object_info/KSampler", "/queue", "/prompt", "/history", "/features"),
        *("/models", "/models/checkpoints", "/embeddings", "/extensions"),
        *("/internal/folder_paths", "/internal/logs/raw"),
    ],
)
def test_every_route_is_also_under_api(running: Started, path: str) -> None:
    assert running.get(f"/api{path}") == running.get(path)


def test_the_root_is_a_page_and_unknown_paths_are_404(running: Started) -> None:
    root = requests.get(running.url, timeout=SECONDS)
    assert root.headers["Content-Type"].startswith("text/html")
    unknown = [requests.get(running.url + p, timeout=SECONDS) for p in ("/no", "/models/no")]
    assert [(answer.status_code, answer.content) for answer in unknown] == [(404, b"")] * 2
    assert running.post("/no", {}).status_code == 405


def test_the_log_can_be_asked_for(running: Started) -> None:
    assert "To see the GUI go to" in running.get("/internal/logs")


def test_models_are_listed_as_they_lie_there_now(running: Started, tmp_path: Path) -> None:
    folder = running.tree / "models" / "checkpoints"
    write_checkpoint(tmp_path / "far" / "deep.safetensors")
    (folder / "linked").symlink_to(tmp_path / "far", target_is_directory=True)
    (folder / "dangling.ckpt").symlink_to(tmp_path / "gone.ckpt")
    listed = running.get("/models/checkpoints")
    choices = running.get("/object_info/CheckpointLoaderSimple")["CheckpointLoaderSimple"]
    (folder / "linked").unlink()
    (folder / "dangling.ckpt").unlink()
    deep = str(Path("linked", "deep.safetensors"))
    assert listed == ["dangling.ckpt", deep, "small.safetensors"]
    assert choices["input"]["required"]["ckpt_name"][0] == listed
    assert running.get("/models/checkpoints") == ["small.safetensors"]


def test_extra_model_paths_have_the_real_meaning(start: Start, tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "library" / "ckpt" / "far.safetensors")
    nodes = tmp_path / "library" / "nodes"
    nodes.mkdir()
    (nodes / "mine.py").write_text("NODE_CLASS_MAPPINGS = {}\n")
    path = tmp_path / "extra.yaml"
    path.write_text(
        "one:\n  base_path: library\n  is_default: true\n  checkpoints: ckpt\n"
        "  custom_nodes: nodes\n  clip: |\n    te\n    clip\n"
        f"two:\n  loras: {tmp_path / 'loras'}\nnothing:\n"
    )
    comfy = start("--extra-model-paths-config", str(path)).wait_ready()
    folders = comfy.get("/internal/folder_paths")
    library = tmp_path / "library"
    assert folders["checkpoints"][0] == str(library / "ckpt")
    assert folders["text_encoders"][:2] == [str(library / "clip"), str(library / "te")]
    assert str(tmp_path / "loras") in folders["loras"][1:]
    assert comfy.get("/models/checkpoints") == ["far.safetensors"]
    assert f"Adding extra search path checkpoints {library / 'ckpt'}" in comfy.log
    assert f"0.0 seconds: {nodes / 'mine.py'}" in comfy.log


def test_the_base_directory_moves_all_but_the_database(
    start: Start, tmp_path: Path, tree: Path
) -> None:
    base = tmp_path / "base"
    (base / "custom_nodes").mkdir(parents=True)
    comfy = start("--base-directory", str(base)).wait_ready()
    assert comfy.get("/internal/folder_paths")["loras"][0] == str(base / "models" / "loras")
    assert (base / "user").is_dir()
    assert (tree / "user" / "comfyui.db").is_file()


def test_a_connection_is_kept_for_more_requests(running: Started) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=SECONDS)
    with contextlib.closing(connection):
        used = set()
        for _ in range(3):
            connection.request("GET", "/prompt")
            assert connection.getresponse().read() == b'{"exec_info": {"queue_remaining": 0}}'
            used.add(connection.sock)
    assert len(used) == 1


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:1"])
def test_a_page_of_another_origin_is_refused(running: Started, origin: str) -> None:
    foreign = {"Origin": origin}
    answers = [
        requests.get(running.url + "/queue", headers=foreign, timeout=SECONDS),
        requests.post(running.url + "/interrupt", headers=foreign, timeout=SECONDS),
    ]
    own = requests.get(running.url + "/queue", headers={"Origin": running.url}, timeout=SECONDS)
    assert [answer.status_code for answer in (*answers, own)] == [403, 403, 200]
    with pytest.raises(websocket.WebSocketBadStatusException):
        websocket.create_connection(f"ws://127.0.0.1:{running.port}/ws", origin=origin)


def test_a_run_tells_the_recorded_messages_and_writes_a_png(running: Started) -> None:
    messages = messages_of_run(running, text_to_image(prefix="told"), "teller")
    kinds = [message["type"] for message in messages]
    node = ["progress_state", "executing", "progress_state"]
    sampling = ["progress_state", "executing", *["progress_state", "progress"] * 2]
    assert kinds == [
        *("status", "status", "status", "execution_start", "execution_cached"),
        *(node * 3 + [*sampling, "progress_state"] + node),
        *("progress_state", "executing", "executed", "progress_state"),
        *("execution_success", "status", "executing"),
    ]
    assert messages[0]["data"]["sid"] == "teller"
    prompt_id = messages[-1]["data"]["prompt_id"]
    saved = {"filename": "told_00001_.png", "subfolder": "", "type": "output"}
    entry = running.get(f"/history/{prompt_id}")[prompt_id]
    assert entry["outputs"] == {"9": {"images": [saved]}}
    assert entry["status"]["status_str"] == "success"
    picture = requests.get(f"{running.url}/view", params=saved, timeout=SECONDS)
    assert picture.headers["Content-Type"] == "image/png"
    assert picture.content == (running.tree / "output" / "told_00001_.png").read_bytes()
    assert picture.content.startswith(b"\x89PNG\r\n\x1a\n")
    assert picture.content[16:24] == (64).to_bytes(4, "big") + (32).to_bytes(4, "big")


def test_the_same_prompt_again_comes_from_the_cache(running: Started) -> None:
    messages_of_run(running, text_to_image(prefix="again"), "cacher")
    messages = messages_of_run(running, text_to_image(prefix="again"), "cacher")
    assert [message["type"] for message in messages[3:]] == [
        *("execution_start", "execution_cached", "executed", "progress_state"),
        *("execution_success", "status", "executing"),
    ]
    assert messages[4]["data"]["nodes"] == ["3", "4", "5", "6", "8", "9"]


def test_previews_come_in_the_form_the_client_understands(start: Start, tree: Path) -> None:
    write_checkpoint(tree / "models" / "checkpoints" / "small.safetensors")
    comfy = start("--preview-method", "latent2rgb").wait_ready()
    hello = {"type": "feature_flags", "data": {"supports_preview_metadata": True}}
    frames: dict[str, bytes] = {}
    for client, first in (("plain", None), ("modern", hello)):
        with contextlib.closing(comfy.socket(client)) as connection:
            if first:
                connection.send(json.dumps(first))
            seed = len(frames)
            comfy.post("/prompt", {"prompt": text_to_image(seed=seed), "client_id": client})
            while not isinstance(frame := connection.recv(), bytes):
                pass
        frames[client] = frame
    assert frames["plain"][:8] == bytes([0, 0, 0, 1, 0, 0, 0, 2])
    size = int.from_bytes(frames["modern"][4:8], "big")
    assert frames["modern"][:4] == bytes([0, 0, 0, 4])
    assert json.loads(frames["modern"][8 : 8 + size])["node_id"] == "3"
    assert frames["modern"][8 + size :].startswith(b"\x89PNG")


def test_an_uploaded_image_can_be_loaded_and_previewed(running: Started) -> None:
    messages_of_run(running, text_to_image(prefix="source"), "up")
    content = (running.tree / "output" / "source_00001_.png").read_bytes()
    sent = [("up.png", content), ("up.png", content), ("up.png", b"other")]
    names = [
        requests.post(f"{running.url}/upload/image", files={"image": file}, timeout=SECONDS).json()[
            "name"
        ]
        for file in sent
    ]
    assert names == ["up.png", "up.png", "up (1).png"]
    prompt = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "up.png"}},
        "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
    }
    messages = messages_of_run(running, prompt, "up")
    image = next(m["data"]["output"]["images"][0] for m in messages if m["type"] == "executed")
    shown = requests.get(f"{running.url}/view", params=image, timeout=SECONDS).content
    assert (image["type"], shown[16:24]) == ("temp", content[16:24])


def test_a_prompt_that_cannot_run_is_answered_in_the_real_shape(running: Started) -> None:
    prompt = text_to_image()
    prompt["4"]["inputs"]["ckpt_name"] = "gone.safetensors"
    answer = running.post("/prompt", {"prompt": prompt})
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "prompt_outputs_failed_validation"
    node = answer.json()["node_errors"]["4"]
    assert (node["class_type"], node["dependent_outputs"]) == ("CheckpointLoaderSimple", ["9"])
    problem = node["errors"][0]
    assert problem["type"] == "value_not_in_list"
    assert problem["details"] == "ckpt_name: 'gone.safetensors' not in ['small.safetensors']"
    assert running.post("/prompt", {}).json()["error"]["type"] == "no_prompt"
    unread = requests.post(f"{running.url}/prompt", data=b"no json", timeout=SECONDS)
    assert (unread.status_code, unread.text[:25]) == (500, "500 Internal Server Error")


def test_a_run_can_be_interrupted_and_the_queue_changed(running: Started) -> None:
    ids = []
    for number in range(3):
        prompt = text_to_image(steps=5000, seed=100 + number)
        answer = running.post("/prompt", {"prompt": prompt, "client_id": "i"})
        ids.append(answer.json()["prompt_id"])
    until(lambda: running.get("/queue")["queue_running"], "a running prompt")
    queue = running.get("/queue")
    assert [item[1] for item in queue["queue_running"] + queue["queue_pending"]] == ids
    running.post("/queue", {"delete": [ids[1]]})
    assert [item[1] for item in running.get("/queue")["queue_pending"]] == [ids[2]]
    running.post("/queue", {"clear": True})
    running.post("/interrupt", {"prompt_id": "another"})
    assert len(running.get("/queue")["queue_running"]) == 1
    running.post("/interrupt", {})
    until(lambda: running.get(f"/history/{ids[0]}"), "the end of the run")
    status = running.get(f"/history/{ids[0]}")[ids[0]]["status"]
    assert (status["status_str"], status["messages"][-1][0]) == ("error", "execution_interrupted")
    assert running.get("/prompt") == {"exec_info": {"queue_remaining": 0}}


# --- misbehaviour


def test_a_slow_start_is_slow(start: Start) -> None:
    began = time.monotonic()
    start(start_delay="0.7").wait_ready()
    assert time.monotonic() - began > 0.7


@pytest.mark.parametrize(
    ("crash", "code", "words"),
    [
        ("import", 1, "ImportError: libcudart"),
        ("before-listening", 1, "RuntimeError: CUDA error: out of memory"),
        ("after-ready:0.1", 1, "MemoryError"),
        ("exit:7", 7, ""),
    ],
)
def test_a_crash_ends_with_its_code_and_its_traceback(
    start: Start, crash: str, code: int, words: str
) -> None:
    comfy = start(crash=crash)
    assert comfy.wait_end() == code
    assert ("Traceback (most recent call last)" in comfy.log) is bool(words)
    assert words in comfy.log
    assert ("To see the GUI" in comfy.log) is crash.startswith("after-ready")


@posix_only
def test_sigterm_can_be_ignored(start: Start) -> None:
    comfy = start(ignore_sigterm="1").wait_ready()
    comfy.process.terminate()
    with pytest.raises(subprocess.TimeoutExpired):
        comfy.process.wait(0.3)
    assert comfy.get("/prompt")


@posix_only
def test_the_port_can_be_held_by_a_child_of_the_group(start: Start) -> None:
    comfy = start(hold_port="1").wait_ready()
    os.killpg(comfy.process.pid, signal.SIGTERM)
    comfy.wait_end()
    assert not _is_free(comfy.port)
    os.killpg(comfy.process.pid, signal.SIGKILL)
    until(lambda: _is_free(comfy.port), "a free port")


def test_the_log_can_be_flooded(start: Start) -> None:
    comfy = start(log_flood="2").wait_ready()
    assert comfy.err.stat().st_size > 2 * 1024 * 1024


def test_it_can_be_another_comfyui(start: Start) -> None:
    comfy = start(foreign_argv="1").wait_ready()
    assert comfy.get("/system_stats")["system"]["argv"] != comfy.argv


def test_it_can_accept_and_never_answer(start: Start) -> None:
    comfy = start(never_ready="1")
    until(lambda: "Starting server" in comfy.log, "listening")
    until(lambda: not _is_free(comfy.port), "listening")
    with pytest.raises(requests.Timeout):
        requests.get(comfy.url, timeout=0.3)
    assert "To see the GUI" not in comfy.log


# --- the repository, the wheels and the API


def test_the_repository_has_a_commit_a_tag_and_master_one_ahead(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "ComfyUI.git")
    again = make_repository(tmp_path / "again.git")
    _git(tmp_path, "clone", "--quiet", "--branch", TAGS[0], repository.as_uri(), "checkout")
    checkout = tmp_path / "checkout"
    assert _git(checkout, "describe", "--tags") == TAGS[0]
    assert '"0.3.61"' in (checkout / "comfyui_version.py").read_text()
    assert (checkout / "models" / "checkpoints" / "put_checkpoints_here").is_file()
    assert _git(checkout, "rev-list", "--count", f"{TAGS[-1]}..origin/master") == "1"
    kinds = [_git(repository, "cat-file", "-t", tag) for tag in TAGS]
    assert kinds == ["tag", "commit", "tag", "commit"]
    assert _git(repository, "show-ref") == _git(again, "show-ref")


@pytest.mark.parametrize("packed", [False, True], ids=["loose", "packed"])
def test_a_broken_tag_cannot_be_checked_out_and_the_others_can(
    tmp_path: Path, packed: bool
) -> None:
    repository = make_repository(tmp_path / "ComfyUI.git")
    if packed:
        _git(repository, "gc", "--quiet")
    break_objects(repository, "v0.3.62")
    _git(repository, "worktree", "add", str(tmp_path / "good"), "v0.3.61")
    with pytest.raises(subprocess.CalledProcessError):
        _git(repository, "worktree", "add", str(tmp_path / "bad"), "v0.3.62")


def test_the_wheels_install_offline_and_are_the_same_every_time(
    wheels: Path, tmp_path: Path
) -> None:
    again = make_wheelhouse(tmp_path / "again")
    assert [p.name for p in sorted(again.iterdir())] == [p.name for p in sorted(wheels.iterdir())]
    assert all((wheels / p.name).read_bytes() == p.read_bytes() for p in again.iterdir())
    tool = uv.find_uv_bin()
    base = [tool, "pip", "install", "--offline", "--no-index", "--no-cache", "--quiet"]
    source = ["--find-links", str(wheels), "--target"]
    for wanted, version in (("torch", "2.14.0"), ("torch==2.13.0+cpu", "2.13.0+cpu")):
        target = tmp_path / version
        subprocess.run([*base, *source, str(target), wanted, "pyyaml"], check=True)
        code = "import torch, yaml; print(torch.__version__, yaml.safe_load('[1]'))"
        ran = subprocess.run(
            [sys.executable, "-S", "-c", code],
            env={"PYTHONPATH": str(target)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert ran.stdout.split() == [version, "[1]"]


def test_the_api_lists_releases_newest_first_in_pages_and_answers_304() -> None:
    with GitHubApi(prereleases=["v0.3.63"]) as api:
        address = f"{api.url}/repos/Comfy-Org/ComfyUI/releases"
        first = requests.get(address, params={"per_page": 3}, timeout=SECONDS)
        assert [entry["tag_name"] for entry in first.json()] == ["v0.3.64", "v0.3.63", "v0.3.62"]
        assert first.json()[1]["prerelease"] is True
        assert first.json()[0]["published_at"] == "2025-10-08T06:01:17Z"
        second = requests.get(first.links["next"]["url"], timeout=SECONDS)
        assert ([e["tag_name"] for e in second.json()], "next" in second.links) == (
            ["v0.3.61"],
            False,
        )
        assert int(second.headers["x-ratelimit-remaining"]) == 58
        known = {"If-None-Match": first.headers["ETag"]}
        unchanged = requests.get(first.url, headers=known, timeout=SECONDS)
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert api.requests[-1].headers["if-none-match"] == first.headers["ETag"]
        assert api.requests[0].query == {"per_page": "3"}


def test_the_api_limits_an_anonymous_client() -> None:
    with GitHubApi(limit=1) as api:
        address = f"{api.url}/repos/Comfy-Org/ComfyUI/releases"
        codes = [requests.get(address, timeout=SECONDS).status_code for _ in range(2)]
        token = {"Authorization": "Bearer x"}
        codes.append(requests.get(address, headers=token, timeout=SECONDS).status_code)
        assert codes == [200, 403, 200]


def test_the_api_fails_as_it_is_told() -> None:
    with GitHubApi(moved={"old/ComfyUI": "Comfy-Org/ComfyUI"}) as api:
        address = f"{api.url}/repos/old/ComfyUI/releases"
        api.fail(Fault.rate_limited(reset_at=1_900_000_000))
        limited = requests.get(address, timeout=SECONDS)
        api.fail(Fault.too_many_requests(retry_after=7))
        many = requests.get(address, timeout=SECONDS)
        api.fail(Fault.server_error(), times=1)
        broken, redirected = (requests.get(address, timeout=SECONDS) for _ in range(2))
        api.fail(Fault.malformed_json())
        malformed = requests.get(address, timeout=SECONDS)
        api.fail(Fault.slow(0.5))
        with pytest.raises(requests.Timeout):
            requests.get(address, timeout=0.1)
        api.fail(Fault.connection_reset())
        with pytest.raises(requests.ConnectionError):
            requests.get(address, timeout=SECONDS)
        api.recover()
        assert requests.get(address, timeout=SECONDS).ok
    assert limited.status_code == 403
    assert limited.headers["x-ratelimit-remaining"] == "0"
    assert limited.headers["x-ratelimit-reset"] == "1900000000"
    assert (many.status_code, many.headers["retry-after"]) == (429, "7")
    assert (broken.status_code, redirected.status_code) == (500, 200)
    assert redirected.history[0].status_code == 301
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        malformed.json()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        if POSIX:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _git(folder: Path, *arguments: str) -> str:
    scrubbed = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    env = {**os.environ, **scrubbed}
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", *arguments],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
