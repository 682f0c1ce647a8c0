from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from backend.exceptions import InvalidValue, PortTaken
from backend.platform.ports import (
    PortHolder,
    accepts,
    free_port,
    holder_of,
    listen,
    listens,
    owner_pids,
    port_is_free,
)
from tests.helpers.processes import python_that_said


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def port_of(server: socket.socket) -> int:
    return int(server.getsockname()[1])


def test_a_port_that_someone_listens_on_is_not_free(listener: socket.socket) -> None:
    assert not port_is_free(port_of(listener))


def test_a_port_is_free_again_when_its_server_is_gone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = port_of(server)
        with socket.create_connection(("127.0.0.1", port)) as client:
            server.accept()[0].close()  # the server's side waits in TIME_WAIT from here on
            client.recv(1)
    assert port_is_free(port)


def test_a_server_on_every_address_takes_the_port_on_each() -> None:
    with socket.create_server(("0.0.0.0", 0)) as server:
        assert not port_is_free(port_of(server))


def test_looking_does_not_take_the_port() -> None:
    port = free_port()
    assert port_is_free(port)
    with socket.create_server(("127.0.0.1", port)):
        pass


def test_the_preferred_port_is_given_when_it_is_free() -> None:
    port = free_port()
    assert free_port(port) == port


def test_a_neighbour_is_given_when_the_preferred_port_is_taken(listener: socket.socket) -> None:
    taken = port_of(listener)
    given = free_port(taken)
    assert given != taken
    assert port_is_free(given)


def test_any_port_is_given_when_all_neighbours_are_taken() -> None:
    with socket.create_server(("127.0.0.1", 65535)):
        assert 1024 <= free_port(65535) < 65535


@pytest.mark.parametrize("host", ["203.0.113.7", "no such host"])
def test_an_address_of_another_machine_is_refused(host: str) -> None:
    with pytest.raises(InvalidValue, match="host"):
        port_is_free(8188, host)
    with pytest.raises(InvalidValue, match="host"):
        free_port(host=host)


def test_the_owner_of_a_port_is_found(listener: socket.socket) -> None:
    assert owner_pids(port_of(listener)) == {os.getpid()}
    assert holder_of(port_of(listener)) == PortHolder(os.getpid(), psutil.Process().name())


def test_the_holder_reads_as_words() -> None:
    assert str(PortHolder(4711, "python")) == "python (process 4711)"


def test_a_child_that_inherited_the_socket_is_an_owner_too(listener: socket.socket) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "print(flush=True); input()"],
        pass_fds=[listener.fileno()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert owner_pids(port_of(listener)) == {os.getpid(), child.pid}
        child.kill()


def test_who_only_talks_to_a_port_does_not_own_it(listener: socket.socket) -> None:
    code = """
        import socket, sys
        with socket.create_connection(("127.0.0.1", int(sys.argv[1]))):
            print("connected", flush=True)
            sys.stdin.read()
    """
    with python_that_said("connected", code, port_of(listener)) as client:
        assert client.pid not in owner_pids(port_of(listener))


def test_nobody_owns_a_free_port(tmp_path: Path) -> None:
    port = free_port()
    assert owner_pids(port) == set()
    assert holder_of(port) is None


def test_of_some_processes_it_is_told_whether_one_listens(listener: socket.socket) -> None:
    port = port_of(listener)
    assert listens([os.getppid(), os.getpid()], port)
    assert not listens([os.getppid()], port)
    assert not listens([os.getpid()], port + 1)
    assert not listens([2**22 + 1], port), "a process that has ended listens on nothing"


def test_a_port_accepts_connections_while_its_server_lives() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = port_of(server)
        assert accepts(port)
    assert not accepts(port)


def test_a_port_that_is_listened_on_is_kept_from_then_on() -> None:
    with listen(0) as server:
        assert accepts(port_of(server))
        with pytest.raises(PortTaken) as caught:
            listen(port_of(server))
        assert f"process {os.getpid()}" in caught.value.message


def test_listening_on_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(InvalidValue, match="host"):
        listen(0, "203.0.113.7")
