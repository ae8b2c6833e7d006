"""Carries one call to an endpoint over HTTP, by the openai SDK, within one overall time limit."""

from __future__ import annotations

import importlib
import ipaddress
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from loresmith.models.forbidden_hosts import refuse_forbidden_host

if TYPE_CHECKING:
    from openai import OpenAI


class WireReply(NamedTuple):
    """What the endpoint sent back, whatever the status."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class WireFault(Exception):
    """No whole reply came back: no connection, a reset, or the time was over."""

    def __init__(self, what: str, *, connected: bool) -> None:
        super().__init__(what)
        self.connected = connected
        """False when not even a connection came about."""


class Wire:
    """A client of one endpoint, made at the first call and shared by all threads.

    It does not retry. `timeout` is the limit of a whole call in seconds, also for a server that
    keeps sending a byte now and then, as some do while a request waits in their queue.
    """

    def __init__(
        self, url: str, *, key: str | None, timeout: float, connect_timeout: float
    ) -> None:
        self._url = url
        self._key = key
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self._lock = threading.Lock()
        self._client: OpenAI | None = None

    def post(self, model: str, messages: list[dict[str, str]], rest: dict[str, Any]) -> WireReply:
        """Asks for a completion; `rest` are further members of the body. Raises WireFault."""
        return self._sent(
            lambda client: client.chat.completions.with_streaming_response.create(
                model=model,
                messages=messages,  # type: ignore[arg-type]
                extra_body=rest,
            )
        )

    def models(self) -> WireReply:
        """Asks for the list of the endpoint's models. Raises WireFault."""
        return self._sent(lambda client: client.models.with_streaming_response.list())

    def _sent(self, call: Callable[[OpenAI], AbstractContextManager[Any]]) -> WireReply:
        client = self.open()
        import openai

        transport = _transport(openai.DefaultHttpxClient)
        deadline = time.monotonic() + self._timeout
        too_late = f"no complete reply within {self._timeout:g} s"
        try:
            with call(client) as response:
                parts: list[bytes] = []
                for part in response.iter_bytes():
                    parts.append(part)
                    if time.monotonic() > deadline:
                        raise WireFault(too_late, connected=True)
                return WireReply(response.status_code, b"".join(parts), response.headers)
        except openai.APIStatusError as error:
            return WireReply(error.status_code, error.response.content, error.response.headers)
        except (openai.APITimeoutError, transport.TimeoutException) as error:
            if isinstance(error.__cause__ or error, transport.ConnectTimeout):
                what = f"no connection within {self._connect_timeout:g} s"
                raise WireFault(what, connected=False) from error
            raise WireFault(too_late, connected=True) from error
        except (openai.APIConnectionError, transport.HTTPError) as error:
            cause = error.__cause__ or error
            refused = isinstance(cause, transport.ConnectError)
            what = str(cause) or type(cause).__name__
            raise WireFault(what, connected=not refused) from error

    def open(self) -> OpenAI:
        """The client. Raises ModelUnavailable for a host that is never called."""
        with self._lock:
            if self._client is None:
                self._client = self._new_client()
            return self._client

    def close(self) -> None:
        with self._lock:
            if self._client is not None:
                self._client.close()

    def _new_client(self) -> OpenAI:
        from openai import DefaultHttpxClient, OpenAI, Timeout

        refuse_forbidden_host(self._url)
        timeout = Timeout(self._timeout, connect=self._connect_timeout)
        return OpenAI(
            api_key=self._key or "none",
            base_url=self._url,
            max_retries=0,
            timeout=timeout,
            http_client=DefaultHttpxClient(
                timeout=timeout,
                # A proxy of the environment is of no use for a server on this machine.
                trust_env=not is_local(self._url),
                # Documents and the key go to the endpoint that was named, and to no other.
                follow_redirects=False,
            ),
        )


def _transport(client: type) -> Any:
    """The HTTP library under the SDK: httpx, or httpx2 in its newer versions."""
    return importlib.import_module(client.__mro__[1].__module__.partition(".")[0])


def is_local(url: str) -> bool:
    """Whether a URL leads to this very machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
