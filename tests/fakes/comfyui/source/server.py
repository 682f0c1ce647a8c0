"""The prompt server: the queue, the connected clients, and the one thread that runs prompts."""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid

import misbehaviour
import routes
from client_sockets import Sockets
from comfy.cli_args import args
from execution import Executor
from http_server import Listener
from prompt_queue import PromptQueue

log = logging.getLogger(__name__)


class PromptServer:
    """Everything that one running ComfyUI knows."""

    def __init__(self):
        self.sockets = Sockets()
        self.queue = PromptQueue(on_change=self._tell_queue)
        self.client_id = None
        self.last_node_id = None
        self._number = 0
        self._number_lock = threading.Lock()
        self._refused = []

    def features(self):
        return {
            "supports_preview_metadata": True,
            "max_upload_size": round(args.max_upload_size * 1024 * 1024),
        }

    def queue_info(self):
        return {"exec_info": {"queue_remaining": self.queue.tasks_remaining()}}

    def _tell_queue(self):
        self.sockets.send("status", {"status": self.queue_info()})

    def next_number(self, asked):
        """The place in the queue: the number asked for, else the next; negative at the front."""
        if "number" in asked:
            return float(asked["number"])
        with self._number_lock:
            number, self._number = self._number, self._number + 1
        return -number if asked.get("front") else number

    def answer(self, request):
        return routes.dispatch(self, request)

    @staticmethod
    def new_sid(asked):
        return asked or uuid.uuid4().hex

    def serve_client(self, socket):
        """Greets a client and listens to it until it leaves."""
        self.sockets.add(socket)
        try:
            socket.send_json(
                {"type": "status", "data": {"status": self.queue_info(), "sid": socket.sid}}
            )
            # Who comes back during its own run is told where the run is.
            if self.client_id == socket.sid and self.last_node_id is not None:
                socket.send_json({"type": "executing", "data": {"node": self.last_node_id}})
            for first, text in enumerate(socket.messages()):
                self._hear(socket, text, is_first=first == 0)
        finally:
            self.sockets.remove(socket)

    def _hear(self, socket, text, is_first):
        try:
            message = json.loads(text)
        except ValueError:
            log.warning("Invalid JSON received from client %s", socket.sid)
            return
        if is_first and message.get("type") == "feature_flags":
            flags = message.get("data", {})
            socket.wants_preview_metadata = bool(flags.get("supports_preview_metadata"))
            socket.send_json({"type": "feature_flags", "data": self.features()})

    def work(self):
        """Runs one prompt after the other, for ever."""
        executor = Executor(self)
        while True:
            item = self.queue.get()
            if item is not None:
                self._run(executor, item)
            if self.queue.take_flags().get("free_memory"):
                executor.reset()

    def _run(self, executor, item):
        began = time.perf_counter()
        result, status = executor.execute(item)
        self.queue.task_done(item, result, status)
        if self.client_id is not None:
            data = {"node": None, "prompt_id": item[1]}
            self.sockets.send("executing", data, self.client_id)
        log.info("Prompt executed in %.2f seconds", time.perf_counter() - began)

    def listen(self):
        """Takes every address of --listen; the first that is taken raises."""
        return [Listener(address, args.port, self) for address in args.listen.split(",")]

    def serve(self, listeners):
        """Answers from now on, in threads of its own."""
        target = self._refuse if misbehaviour.NEVER_READY else Listener.serve_forever
        for listener in listeners:
            threading.Thread(target=target, args=(listener,), daemon=True).start()
        threading.Thread(target=self.work, daemon=True).start()

    def _refuse(self, listener):
        """Accepts connections and keeps them, without a word."""
        while True:
            self._refused.append(listener.socket.accept())
