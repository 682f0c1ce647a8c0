"""Runs a prompt, node by node, and tells the clients how far it is."""

from __future__ import annotations

import hashlib
import json
import logging
import time
import traceback

import comfy.utils
import nodes
import png
from comfy.cli_args import args
from validation import is_link

log = logging.getLogger(__name__)


def now():
    return int(time.time() * 1000)


def _plain(value):
    """What history and messages show of an input value."""
    if isinstance(value, int | float | bool | str) or value is None:
        return value
    return str(value)


def _type_name(error):
    kind = type(error)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


class Progress:
    """The state of the nodes that this run has touched, sent whole with every change."""

    def __init__(self, server, prompt_id):
        self._server = server
        self._prompt_id = prompt_id
        self._nodes = {}

    def start(self, node_id):
        self._set(node_id, 0.0, 1.0, "running")

    def update(self, node_id, value, total, preview):
        self._set(node_id, value, total, "running")
        client, sockets = self._server.client_id, self._server.sockets
        image = None if preview is None else png.encode(preview)
        if image:
            sockets.send_preview_with_metadata(image, self._names(node_id), client)
        data = {"value": value, "max": total, "prompt_id": self._prompt_id, "node": node_id}
        if client is not None:
            sockets.send("progress", data, client)
        if image:
            sockets.send_plain_preview(image, client)

    def finish(self, node_id):
        known = self._nodes.get(node_id, {"max": 1})
        self._set(node_id, known["max"], known["max"], "finished")

    def _names(self, node_id):
        return {
            "node_id": node_id,
            "prompt_id": self._prompt_id,
            "display_node_id": node_id,
            "parent_node_id": None,
            "real_node_id": node_id,
        }

    def _set(self, node_id, value, total, state):
        entry = {"value": value, "max": total, "state": state, **self._names(node_id)}
        self._nodes[node_id] = entry
        data = {"prompt_id": self._prompt_id, "nodes": dict(self._nodes)}
        self._server.sockets.send("progress_state", data, self._server.client_id)


class Executor:
    """The one that runs prompts. It remembers the results of the last one."""

    def __init__(self, server):
        self.server = server
        self._cache = {}  # signature -> (results, ui)

    def reset(self):
        self._cache.clear()

    def execute(self, item):
        """Runs an item of the queue: its history entry without the prompt, and its status."""
        _number, prompt_id, prompt, extra, outputs = item
        nodes.interrupt_processing(False)
        self.server.client_id = extra.get("client_id")
        run = Run(self, prompt_id, prompt, extra)
        success = run.execute(outputs)
        # Only what this prompt used is kept, as in the classic cache.
        self._cache = {} if args.cache_none else run.kept
        self.server.last_node_id = None
        status = {
            "status_str": "success" if success else "error",
            "completed": success,
            "messages": run.messages,
        }
        return {"outputs": run.ui, "meta": run.meta}, status

    def remembered(self, signature):
        return None if args.cache_none else self._cache.get(signature)


class Run:
    """One prompt being run."""

    def __init__(self, executor, prompt_id, prompt, extra):
        self.executor, self.server = executor, executor.server
        self.prompt_id, self.prompt, self.extra = prompt_id, prompt, extra
        self.progress = Progress(self.server, prompt_id)
        self.messages, self.ui, self.meta = [], {}, {}
        self.executed = []
        self.signatures = {}
        self.kept = {}

    def execute(self, outputs):
        """Whether every output was made. What went wrong is in the messages."""
        self._tell("execution_start", {"prompt_id": self.prompt_id})
        cached = [node_id for node_id in self.prompt if self._remember(node_id)]
        self._tell("execution_cached", {"nodes": cached, "prompt_id": self.prompt_id})
        order = self._order(outputs)
        for node_id in order:
            if node_id in cached:
                self._show_cached(node_id)
            elif not self._run_guarded(node_id, order):
                return False
        self._tell("execution_success", {"prompt_id": self.prompt_id})
        return True

    def _tell(self, event, data, broadcast=False):
        message = {**data, "timestamp": now()}
        self.messages.append((event, message))
        if self.server.client_id is not None or broadcast:
            self.server.sockets.send(event, message, self.server.client_id)

    def _remember(self, node_id):
        try:
            signature = self._signature(node_id)
        except Exception:  # a node above could not say whether it changed: it will run and tell
            return False
        known = self.executor.remembered(signature)
        if known is not None:
            self.kept[signature] = known
        return known is not None

    def _signature(self, node_id):
        """Two nodes of one signature give the same results."""
        if node_id not in self.signatures:
            entry = self.prompt[node_id]
            node = nodes.NODE_CLASS_MAPPINGS[entry["class_type"]]
            parts = [
                (name, [self._signature(value[0]), value[1]] if is_link(value) else value)
                for name, value in sorted(entry["inputs"].items())
            ]
            changed = node.IS_CHANGED(**entry["inputs"]) if hasattr(node, "IS_CHANGED") else None
            text = json.dumps([entry["class_type"], _plain(changed), parts])
            self.signatures[node_id] = hashlib.sha256(text.encode()).hexdigest()
        return self.signatures[node_id]

    def _order(self, outputs):
        """The nodes the outputs need, each after what it needs itself."""
        order = []

        def visit(node_id):
            if node_id in order:
                return
            for value in self.prompt[node_id]["inputs"].values():
                if is_link(value):
                    visit(value[0])
            order.append(node_id)

        for output in outputs:
            visit(output)
        return order

    def _show_cached(self, node_id):
        _results, ui = self.kept[self.signatures[node_id]]
        if ui is not None:
            self._show(node_id, ui)
            self.progress.finish(node_id)

    def _show(self, node_id, ui):
        self.ui[node_id] = ui
        self.meta[node_id] = {
            "node_id": node_id,
            "display_node": node_id,
            "parent_node": None,
            "real_node_id": node_id,
        }
        data = {"node": node_id, "display_node": node_id, "output": ui, "prompt_id": self.prompt_id}
        if self.server.client_id is not None:
            self.server.sockets.send("executed", data, self.server.client_id)

    def _run_guarded(self, node_id, order):
        inputs = {}
        try:
            self._run(node_id, inputs)
        except nodes.InterruptProcessingException:
            log.info("Processing interrupted")
            self._tell("execution_interrupted", self._where(node_id), broadcast=True)
            return False
        except Exception as error:
            log.error("!!! Exception during processing !!! %s", error)
            log.error(traceback.format_exc())
            self._tell("execution_error", self._failure(node_id, error, inputs, order))
            return False
        self.executed.append(node_id)
        return True

    def _where(self, node_id):
        return {
            "prompt_id": self.prompt_id,
            "node_id": node_id,
            "node_type": self.prompt[node_id]["class_type"],
            "executed": list(self.executed),
        }

    def _failure(self, node_id, error, inputs, order):
        return {
            **self._where(node_id),
            "exception_message": f"{error}\n",
            "exception_type": _type_name(error),
            "traceback": traceback.format_tb(error.__traceback__),
            "current_inputs": {name: [_plain(value)] for name, value in inputs.items()},
            "current_outputs": order[::-1],
        }

    def _run(self, node_id, inputs):
        self.server.last_node_id = node_id
        self.progress.start(node_id)
        if self.server.client_id is not None:
            data = {"node": node_id, "display_node": node_id, "prompt_id": self.prompt_id}
            self.server.sockets.send("executing", data, self.server.client_id)
        nodes.throw_if_interrupted()
        comfy.utils.progress_hook = lambda value, total, preview: self.progress.update(
            node_id, value, total, preview
        )
        node = nodes.NODE_CLASS_MAPPINGS[self.prompt[node_id]["class_type"]]
        inputs.update(self._inputs(node_id, node))
        answer = getattr(node(), node.FUNCTION)(**inputs, **self._hidden(node_id, node))
        results, ui = self._split(answer)
        self.kept[self._signature(node_id)] = (results, ui)
        if ui is not None:
            self._show(node_id, ui)
        self.progress.finish(node_id)

    @staticmethod
    def _split(answer):
        if isinstance(answer, dict):
            return answer.get("result", ()), answer.get("ui")
        return answer, None

    def _inputs(self, node_id, node):
        given = self.prompt[node_id]["inputs"]
        return {
            name: self._result(given[name]) if is_link(given[name]) else given[name]
            for name in nodes.inputs_of(node)
            if name in given
        }

    def _result(self, link):
        return self.kept[self._signature(link[0])][0][link[1]]

    def _hidden(self, node_id, node):
        known = {
            "PROMPT": self.prompt,
            "UNIQUE_ID": node_id,
            "EXTRA_PNGINFO": self.extra.get("extra_pnginfo"),
        }
        asked = node.INPUT_TYPES().get("hidden", {})
        return {name: known.get(kind) for name, kind in asked.items()}
