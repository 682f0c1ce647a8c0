"""Ready means: our own process holds the port and answers as itself. Nothing less counts."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Protocol

from backend.exceptions import NetworkError, NotReadyInTime, PortTaken, StartFailed
from backend.platform.http import HttpClient
from backend.platform.ports import accepts, holder_of, listens
from backend.processes.instances import Instance, Instances
from backend.processes.log_window import LogWindow
from backend.processes.start_failures import explain

POLL_SECONDS: Final = 0.05
LAST_LINES: Final = 15
ANSWER_SECONDS: Final = 2.0


class Watch(Protocol):
    """What the one who waits is told: each log line; and may end the wait by raising."""

    def check(self) -> None: ...

    def line(self, text: str) -> None: ...


def await_ready(
    instances: Instances,
    instance: Instance,
    *,
    timeout_seconds: float,
    watch: Watch,
    waited_seconds: float = 0.0,
    clock: Callable[[], float] = time.monotonic,
) -> Instance:
    """The instance once it answers as itself. It still runs when this raises.

    `waited_seconds`: how long another one has waited before.

    Raises: StartFailed, NotReadyInTime, PortTaken (a foreign server sits on its port), and what
    `watch.check` raises.
    """
    start = clock()
    log = LogWindow(instance.log_file)
    http = _http(ANSWER_SECONDS)
    while clock() - start < timeout_seconds:
        for line in log.refresh():
            watch.line(line.text)
        watch.check()
        instance = instances.refresh(instance)
        if not instance.lives:
            raise _start_failed(instance, log)
        if _holds_its_port(instances, instance) and _answers_as_itself(http, instance):
            return instances.mark_ready(instance, waited_seconds + clock() - start)
        time.sleep(POLL_SECONDS)
    waited = waited_seconds + timeout_seconds
    raise NotReadyInTime(instance.launch.tag, seconds=waited, log=log.tail(LAST_LINES))


def probe(instances: Instances, instance: Instance, *, timeout_seconds: float) -> bool:
    """Whether it answers as itself at this moment; one question, one answer."""
    if not listens(instances.pids(instance), instance.launch.port):
        return False
    return _answers_as_itself(_http(timeout_seconds), instance)


def _http(timeout_seconds: float) -> HttpClient:
    return HttpClient(
        timeout_seconds=timeout_seconds, retries=0, user_agent="comfyui-launcher", proxied=False
    )


def _start_failed(instance: Instance, log: LogWindow) -> StartFailed | PortTaken:
    log.refresh()
    lines = log.tail()
    failure = explain(lines, instance.exit_words)
    if failure.port_taken:
        holder = holder_of(instance.launch.port)
        return PortTaken(instance.launch.port, holder=str(holder) if holder else None)
    return StartFailed(
        instance.launch.tag,
        reason=failure.reason,
        advice=failure.advice,
        exit_status=instance.exit_words,
        log=lines[-LAST_LINES:],
    )


def _holds_its_port(instances: Instances, instance: Instance) -> bool:
    """Whether a process of this instance listens there. A stranger on the port ends the wait."""
    port = instance.launch.port
    if listens(instances.pids(instance), port):
        return True
    if accepts(port, instance.launch.host):
        holder = holder_of(port)
        if holder is None or holder.pid not in instances.pids(instance):
            raise PortTaken(port, holder=str(holder) if holder else None)
    return False


def _answers_as_itself(http: HttpClient, instance: Instance) -> bool:
    """`/system_stats` repeats the arguments of the process: they have to be those we gave."""
    try:
        answer = http.get_json(f"{instance.launch.url}/system_stats")
    except NetworkError:
        return False
    system = answer.body.get("system") if isinstance(answer.body, dict) else None
    argv = system.get("argv") if isinstance(system, dict) else None
    if not isinstance(argv, list):
        return False
    return tuple(str(part) for part in argv[1:]) == instance.launch.command[2:]
