"""TCP ports: whether one is free, and who listens on it. And whether a local socket answers."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from backend.exceptions import InvalidValue, PortTaken

NEIGHBOURS: Final = 10  # ports tried after the preferred one, so that 8188 becomes 8189

Listener = socket.socket


@dataclass(frozen=True, slots=True)
class PortHolder:
    """A process that listens on a port."""

    pid: int
    name: str

    def __str__(self) -> str:
        return f"{self.name} (process {self.pid})"


def free_port(preferred: int | None = None, host: str = "127.0.0.1") -> int:
    """A port that nobody listens on now: `preferred`, one of the ten after it, or any.

    Another program may take it before it is used; whoever binds it must be ready for that.
    Raises: InvalidValue when `host` is not an address of this machine.
    """
    if preferred is not None:
        last = min(preferred + NEIGHBOURS, 65535)
        for port in range(preferred, last + 1):
            if port_is_free(port, host):
                return port
    with _listening(host, 0) as server:
        return int(server.getsockname()[1])


def listen(port: int, host: str = "127.0.0.1") -> Listener:
    """A socket that listens on `port` (0: any) from now on, so that nobody else can take it.

    Raises: PortTaken with its holder; InvalidValue when `host` is not an address of this machine or
    the port is one that only the administrator may take.
    """
    try:
        listener = _listener(host, port, backlog=2048)
    except PermissionError as error:
        raise InvalidValue("port", str(port), expected="a port from 1024 on") from error
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        holder = holder_of(port)
        raise PortTaken(port, holder=str(holder) if holder else None) from error
    # What it accepts inherits this. asyncio sets it only where it made the listener itself; without
    # it, the body of an answer waits 40 ms for the other side to acknowledge the headers.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def port_is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen on `port` now; a port in TIME_WAIT counts as free.

    Raises: InvalidValue when `host` is not an address of this machine.
    """
    try:
        with _listening(host, port):
            return True
    except OSError as error:
        if error.errno in {errno.EADDRINUSE, errno.EACCES}:
            return False
        raise


def owner_pids(port: int) -> set[int]:
    """The processes that listen on `port`, as far as this user may see; forked ones included.

    psutil's list of the whole machine names only one process a socket, so each is asked itself.
    """
    import psutil

    owners: set[int] = set()
    for process in psutil.process_iter():
        try:
            connections = process.net_connections(kind="tcp")
        except psutil.Error:  # ended, or of another user
            continue
        if any(c.status == psutil.CONN_LISTEN and c.laddr.port == port for c in connections):
            owners.add(process.pid)
    return owners


def listens(pids: Collection[int], port: int) -> bool:
    """Whether one of these processes listens on `port`. Cheap: only they are asked."""
    import psutil

    for pid in pids:
        try:
            connections = psutil.Process(pid).net_connections("tcp")
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if any(c.status == psutil.CONN_LISTEN and c.laddr.port == port for c in connections):
            return True
    return False


def accepts(port: int, host: str = "127.0.0.1") -> bool:
    """Whether something takes connections there now; asked without ever binding the port."""
    try:
        with socket.create_connection((host, port), timeout=0.5):
            return True
    except OSError:
        return False


def accepts_at(path: str) -> bool:
    """Whether something takes connections at that local socket now (a leading NUL: abstract)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.5)
        try:
            probe.connect(path)
        except (OSError, ValueError):  # ValueError: longer than an address may be
            return False
    return True


def holder_of(port: int) -> PortHolder | None:
    """The process that listens on `port`, the oldest of several; None if unknown."""
    import psutil

    for pid in sorted(owner_pids(port)):
        try:
            return PortHolder(pid, psutil.Process(pid).name())
        except psutil.Error:  # ended meanwhile
            continue
    return None


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[Listener]:
    with _listener(host, port, backlog=1) as server:
        yield server


def _listener(host: str, port: int, *, backlog: int) -> Listener:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=backlog)
    except OSError as error:
        # Below zero are the errors of looking up a name; create_server hides their class.
        if error.errno == errno.EADDRNOTAVAIL or (error.errno or 0) < 0:
            expected = "an address of this machine, such as 127.0.0.1"
            raise InvalidValue("host", host, expected=expected) from error
        raise
