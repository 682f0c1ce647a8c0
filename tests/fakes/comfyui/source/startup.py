"""Brings ComfyUI up in the order of the real one: folders, torch, nodes, database, server."""

import contextlib
import itertools
import logging
import os
import shutil
import sys
import threading

import custom_node_loader
import folder_paths
import misbehaviour
import utils.extra_config
from app.logger import setup_logger
from comfy.cli_args import args

log = logging.getLogger(__name__)


def apply_custom_paths():
    """Extra model folders first, then the folders of the command line."""
    beside = os.path.join(folder_paths.source_path, "extra_model_paths.yaml")
    if os.path.isfile(beside):
        utils.extra_config.load_extra_path_config(beside)
    for path in itertools.chain(*(args.extra_model_paths_config or [])):
        utils.extra_config.load_extra_path_config(path)
    folder_paths.apply_directories()


def make_user_directory():
    user = folder_paths.directories["user"]
    if os.path.isdir(user):
        return
    os.makedirs(user)
    log.warning(
        "****** User settings have been changed to be stored on the server instead of browser "
        "storage. ******"
    )
    log.warning(
        "****** For multi-user setups add the --multi-user CLI argument to enable multiple user "
        "profiles. ******"
    )


def clean_temp():
    shutil.rmtree(folder_paths.directories["temp"], ignore_errors=True)


def make_directories():
    for name in ("temp", "output", "input"):
        os.makedirs(folder_paths.directories[name], exist_ok=True)


def announce_versions():
    import comfyui_version
    import routes

    log.info("Python version: %s", sys.version)
    log.info("ComfyUI version: %s", comfyui_version.__version__)
    make_user_directory()
    log.info("ComfyUI frontend version: %s", routes.FRONTEND_VERSION)
    log.info("[Prompt Server] web root: %s", args.front_end_root or routes.WEB)


def begin():
    """What comes before torch: the log, the folders, the startup scripts of the nodes."""
    misbehaviour.begin()
    setup_logger(args.verbose, args.log_stdout)
    # The default input folder is made before --input-directory is looked at.
    os.makedirs(folder_paths.directories["input"], exist_ok=True)
    apply_custom_paths()
    custom_node_loader.run_prestartup_scripts()


def find_device():
    """Imports torch and logs what it runs on."""
    import comfy.utils  # noqa: F401 - torch comes in here

    log.info("Checkpoint files will always be loaded safely.")
    from comfy import model_management

    model_management.announce()


def prepare():
    """The server, not listening yet, with its nodes and its database."""
    import app.database
    import nodes
    import server

    announce_versions()
    misbehaviour.start_slowly()
    folder_paths.apply_temp_directory()
    clean_temp()
    prompt_server = server.PromptServer()
    custom_node_loader.load_custom_nodes(
        nodes.NODE_CLASS_MAPPINGS, nodes.NODE_DISPLAY_NAME_MAPPINGS
    )
    app.database.set_up()
    return prompt_server


def announce_addresses(listeners):
    for listener in listeners:
        address = listener.server_address[0]
        shown = f"[{address}]" if ":" in address else address
        log.info("To see the GUI go to: http://%s:%s", shown, args.port)


def run(prompt_server):
    """Serves until SIGINT."""
    make_directories()
    misbehaviour.flood()
    misbehaviour.crash("before-listening")
    if not args.dont_print_server:
        log.info("Starting server\n")
    listeners = prompt_server.listen()
    misbehaviour.hold(listeners)
    prompt_server.serve(listeners)
    if not (args.dont_print_server or misbehaviour.NEVER_READY):
        announce_addresses(listeners)
    misbehaviour.crash_later()
    forever = threading.Event()
    # Waits with a limit, as Windows delivers Ctrl+C only between waits.
    while not forever.wait(0.5):
        pass


def main():
    begin()
    find_device()
    prompt_server = prepare()
    if args.quick_test_for_ci:
        sys.exit(0)
    with contextlib.suppress(KeyboardInterrupt):
        run(prompt_server)
    log.info("\nStopped server")
    clean_temp()
