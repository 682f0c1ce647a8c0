"""What waits, what runs and what has run."""

from __future__ import annotations

import copy
import heapq
import itertools
import threading

KEPT_HISTORY = 10_000


class PromptQueue:
    """The queue between the requests and the one worker.

    An item is `[number, prompt id, prompt, extra data, outputs]`; the smallest number goes first.
    """

    def __init__(self, on_change):
        self._on_change = on_change
        self._changed = threading.Condition(threading.RLock())
        self._serial = itertools.count()
        self._heap = []
        self._running = {}
        self._history = {}
        self._flags = {}

    def put(self, item):
        with self._changed:
            # The serial number keeps two prompts of one number in the order they came.
            heapq.heappush(self._heap, (item[0], next(self._serial), item))
            self._on_change()
            self._changed.notify()

    def get(self):
        """Waits for the next item; None when only flags were set."""
        with self._changed:
            while not self._heap and not self._flags:
                self._changed.wait()
            if not self._heap:
                return None
            item = heapq.heappop(self._heap)[2]
            # The run writes into the prompt it gets; the queue goes on showing what was asked.
            self._running[item[1]] = copy.deepcopy(item)
            self._on_change()
            return item

    def task_done(self, item, result, status):
        with self._changed:
            asked = self._running.pop(item[1])
            while len(self._history) >= KEPT_HISTORY:
                del self._history[next(iter(self._history))]
            entry = {"prompt": asked, "outputs": {}, "status": status, "meta": {}}
            self._history.pop(item[1], None)
            self._history[item[1]] = {**entry, **result}
            self._on_change()

    def current(self):
        """The running items, and the pending ones in the order of the heap."""
        with self._changed:
            return list(self._running.values()), [item for _, _, item in self._heap]

    def is_running(self, prompt_id):
        with self._changed:
            return prompt_id in self._running

    def tasks_remaining(self):
        with self._changed:
            return len(self._heap) + len(self._running)

    def wipe(self):
        with self._changed:
            self._heap.clear()
            self._on_change()

    def delete(self, prompt_id):
        """Takes a waiting prompt out; a running one stays."""
        with self._changed:
            kept = [entry for entry in self._heap if entry[2][1] != prompt_id]
            if len(kept) == len(self._heap):
                return
            heapq.heapify(kept)
            self._heap = kept
            self._on_change()

    def history(self, prompt_id=None, max_items=None, offset=-1):
        """Entries by prompt id, oldest first; the last `max_items` without an offset."""
        with self._changed:
            if prompt_id is not None:
                known = self._history.get(prompt_id)
                return {} if known is None else {prompt_id: copy.deepcopy(known)}
            items = list(self._history.items())
            if max_items is not None:
                start = max(len(items) - max_items, 0) if offset < 0 else offset
                items = items[start : start + max_items]
            return copy.deepcopy(dict(items))

    def wipe_history(self):
        with self._changed:
            self._history.clear()

    def delete_history(self, prompt_id):
        with self._changed:
            self._history.pop(prompt_id, None)

    def set_flag(self, name):
        with self._changed:
            self._flags[name] = True
            self._changed.notify()

    def take_flags(self):
        with self._changed:
            flags, self._flags = self._flags, {}
            return flags
