"""JSON from web servers, got without hanging, without leaking a token, without trusting a size."""

from __future__ import annotations

import contextlib
import json
import ssl
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

from backend.exceptions import (
    HttpFailed,
    InvalidValue,
    JsonValue,
    NetworkUnreachable,
    UnexpectedAnswer,
)
from backend.logging_config import get_logger, scrub
from backend.retry_utils import retry_operation
from backend.validators import validate_url

if TYPE_CHECKING:
    import requests
    import urllib3
    from requests.adapters import HTTPAdapter

MAX_REDIRECTS: Final = 5
MAX_BODY_BYTES: Final = 32 * 1024 * 1024
CHUNK_BYTES: Final = 64 * 1024
WHOLE_ANSWER_FACTOR: Final = 4  # the whole answer may take this many times the timeout

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_WELCOME: Final = (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED)
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})

_log: Final = get_logger(__name__)


class Headers(Mapping[str, str]):
    """The header fields of an answer; their names are found in any case."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = {name.lower(): value for name, value in fields.items()}

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"Headers({self._fields})"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said. `body` is None for 304, and for an error without JSON."""

    status: int
    headers: Headers
    body: JsonValue | None = None


@dataclass(frozen=True, slots=True)
class _Request:
    url: str
    headers: Mapping[str, str]
    credentials: Mapping[str, str] = field(repr=False)
    accept_statuses: Collection[int]
    check: Callable[[], None] | None


class HttpClient:
    """Gets JSON. Any thread may use it; nothing is kept between two calls, no cookie either.

    Args:
        timeout_seconds: how long a server may stay silent; a whole answer may take four times that.
        retries: how often a request is repeated that may work a moment later.
        user_agent: how we introduce ourselves.
        max_body_bytes: the largest body that is taken, after decompression.
        proxied: whether the proxies of the environment are used; not for a server of our own.
        sleep: waits the given seconds between two attempts.
    """

    def __init__(
        self,
        timeout_seconds: float,
        retries: int,
        *,
        user_agent: str,
        max_body_bytes: int = MAX_BODY_BYTES,
        proxied: bool = True,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._timeout = timeout_seconds
        self._retries = retries
        self._user_agent = user_agent
        self._max_body = max_body_bytes
        self._proxied = proxied
        self._sleep = sleep

    def get_json(
        self,
        url: str,
        *,
        headers: Mapping[str, str] = _NOTHING,
        credentials: Mapping[str, str] = _NOTHING,
        etag: str | None = None,
        accept_statuses: Collection[int] = _WELCOME,
        check: Callable[[], None] | None = None,
    ) -> Answer:
        """The answer to a GET, when its status is one of `accept_statuses` (200 and 304).

        `credentials` are headers that only the server of `url` may see: a redirect to another
        scheme, host or port goes without them. `etag` asks for the body only if it has changed
        (else 304). `check` ends the work by raising. At most five redirects are followed, none of
        them from https to http. Proxies are taken from the environment, certificates from the
        system; `.netrc` is never read.

        Raises: InvalidValue (url), NetworkUnreachable, HttpFailed (any other status), and
        UnexpectedAnswer (no JSON, too large, a redirect that is refused).
        """
        conditional = {"If-None-Match": etag} if etag else {}
        request = _Request(
            validate_url(url, schemes=("https", "http")),
            {
                "User-Agent": self._user_agent,
                "Accept": "application/json",
                "Accept-Encoding": "gzip, deflate",
                **headers,
                **conditional,
            },
            credentials,
            accept_statuses,
            check,
        )
        return retry_operation(
            lambda: self._attempt(request),
            self._retries,
            f"GET {_shown(request.url)}",
            sleep=self._sleep,
            check=check,
        )

    def _attempt(self, request: _Request) -> Answer:
        deadline = time.monotonic() + self._timeout * WHOLE_ANSWER_FACTOR
        url, credentials = request.url, request.credentials
        with contextlib.closing(_transport()) as transport:
            for _ in range(MAX_REDIRECTS + 1):
                with self._send(transport, url, {**request.headers, **credentials}) as response:
                    location = response.headers.get("Location")
                    if response.status_code not in _REDIRECTS or location is None:
                        return self._read(response, request, deadline)
                    target = _redirected(url, location)
                if _origin(target) != _origin(url):
                    credentials = _NOTHING
                url = target
        raise UnexpectedAnswer(_host(request.url), detail=f"more than {MAX_REDIRECTS} redirects")

    def _send(
        self, transport: HTTPAdapter, url: str, headers: Mapping[str, str]
    ) -> requests.Response:
        """The answer to one request, its body still unread.

        No requests.Session stands in between: it would keep cookies, read .netrc, and look into
        redirects before we can.
        """
        import requests
        import urllib3

        try:
            response = transport.send(
                requests.Request("GET", url, headers=headers).prepare(),
                stream=True,
                timeout=self._timeout,
                proxies=requests.utils.get_environ_proxies(url, None) if self._proxied else {},
            )
        except requests.exceptions.SSLError as error:
            failure = NetworkUnreachable(_host(url), detail=_detail(error, url))
            failure.retryable = False  # a certificate does not become valid by asking again
            raise failure from error
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidHeader) as error:
            raise InvalidValue("address", _shown(url), expected="a web address") from error
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
            raise NetworkUnreachable(_host(url), detail=_detail(error, url)) from error
        _log.debug("GET %s: %d", _shown(url), response.status_code)
        return response

    def _read(self, response: requests.Response, request: _Request, deadline: float) -> Answer:
        status, host = response.status_code, _host(response.url)
        headers = Headers(response.headers)
        if status not in request.accept_statuses:
            raise HttpFailed(host, status, retry_after=parse_retry_after(headers))
        if status == HTTPStatus.NOT_MODIFIED:
            return Answer(status, headers)
        content = self._body(response, request.check, deadline)
        try:
            return Answer(status, headers, json.loads(content))
        except (ValueError, RecursionError) as error:
            if status != HTTPStatus.OK:
                return Answer(status, headers)
            raise UnexpectedAnswer(host, detail=f"no JSON: {error}") from error

    def _body(
        self, response: requests.Response, check: Callable[[], None] | None, deadline: float
    ) -> bytes:
        """The decompressed body. It is read as it comes, so that dribbling does not outwit us."""
        import urllib3

        content, host = bytearray(), _host(response.url)
        try:
            while piece := response.raw.read1(CHUNK_BYTES, decode_content=True):
                content += piece
                if len(content) > self._max_body:
                    raise UnexpectedAnswer(host, detail=f"more than {self._max_body} bytes")
                if time.monotonic() > deadline:
                    raise NetworkUnreachable(host, detail="the answer took too long")
                if check is not None:
                    check()
        except urllib3.exceptions.DecodeError as error:
            raise UnexpectedAnswer(host, detail=str(error)) from error
        except urllib3.exceptions.HTTPError as error:
            raise NetworkUnreachable(host, detail=str(error)) from error
        return bytes(content)


def parse_retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """The seconds that `Retry-After` (a number or a date) asks to wait; None if it does not."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


def _transport() -> HTTPAdapter:
    """Sends single requests, and trusts the authorities that the system trusts."""
    import truststore
    from requests.adapters import HTTPAdapter

    class SystemTrust(HTTPAdapter):
        def init_poolmanager(
            self, connections: int, maxsize: int, block: bool = False, **options: object
        ) -> None:
            context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            super().init_poolmanager(connections, maxsize, block, **options, ssl_context=context)

        def proxy_manager_for(self, proxy: str, **options: object) -> urllib3.ProxyManager:
            context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            manager: urllib3.ProxyManager = super().proxy_manager_for(
                proxy, **options, ssl_context=context
            )
            return manager

        def cert_verify(self, conn: object, url: str, verify: object, cert: object) -> None:
            """Leaves the context as it is; requests would add its own list of authorities."""

    return SystemTrust()


def _redirected(url: str, location: str) -> str:
    """Where a redirect leads. Raises: UnexpectedAnswer for one that we do not follow."""
    try:
        target = validate_url(urljoin(url, location), schemes=("https", "http"))
    except (InvalidValue, ValueError) as error:
        raise UnexpectedAnswer(_host(url), detail=f"a bad redirect: {error}") from error
    if urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https":
        raise UnexpectedAnswer(_host(url), detail="a redirect from https to http")
    return target


def _origin(url: str) -> tuple[str, str | None, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def _host(url: str) -> str:
    return urlsplit(url).netloc or url


def _shown(url: str) -> str:
    """The address without its query, where tokens may stand."""
    return url.partition("?")[0]


def _detail(error: Exception, url: str) -> str:
    """The words of the library, which like to repeat the address, without its query."""
    query = urlsplit(url).query
    return scrub(str(error).replace(f"?{query}", "") if query else str(error))
