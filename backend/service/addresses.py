"""Under which names the service may be reached, and what an address says about who can."""

from __future__ import annotations

import ipaddress
import platform
from typing import Final

LOOPBACK_NAMES: Final = ("127.0.0.1", "localhost", "[::1]")


class Addresses:
    """The names under which this service may be reached: loopback, and where it was told to listen.

    Where it listens on every interface (0.0.0.0, ::), any IP address is a name of it and so is the
    name of this machine: rebinding needs a DNS name of the attacker's.
    """

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._any_address = _is_wildcard(host)
        names = {*LOOPBACK_NAMES, in_url(host)}
        if self._any_address:
            names.add(platform.node().lower())
        self._hosts = frozenset(_with_port(name, port) for name in names)
        self._suffix = _with_port("", port)

    def are_ours(self, host: str) -> bool:
        """Whether a `Host` header names this service."""
        if host in self._hosts:
            return True
        return self._any_address and host.endswith(self._suffix) and _is_address(host, self._suffix)

    def made(self, origin: str, host: str) -> bool:
        """Whether a page of `origin` came from this service, as it was reached under `host`."""
        scheme, _, named = origin.partition("://")
        return scheme == "http" and (named in self._hosts or named == host)


def url_of(host: str, port: int) -> str:
    """The URL under which programs of this machine reach what listens on `host`."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - a lookup
    return f"http://{in_url(reachable)}:{port}"


def in_url(host: str) -> str:
    """The host as it stands in a URL: IPv6 addresses in brackets."""
    return f"[{host}]" if ":" in host else host


def is_loopback(host: str) -> bool:
    """Whether only programs of this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_wildcard(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def _with_port(name: str, port: int) -> str:
    return name if port == 80 else f"{name}:{port}"  # browsers leave :80 out


def _is_address(host: str, suffix: str) -> bool:
    name = host.removesuffix(suffix)
    bare = name[1:-1] if name.startswith("[") and name.endswith("]") else name
    try:
        return in_url(str(ipaddress.ip_address(bare))) == name
    except ValueError:
        return False
