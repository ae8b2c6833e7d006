"""Keeps calls from addresses that no chat model has: those where a cloud tells its machines' keys.

A person who really has an endpoint there names its host in LORESMITH_ALLOWED_HOSTS on the machine
itself; nothing that comes in over the network can do that.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from urllib.parse import urlsplit

from loresmith.errors import ModelUnavailable

ALLOWED_HOSTS = "LORESMITH_ALLOWED_HOSTS"

_METADATA_NAMES = frozenset({"metadata", "metadata.google.internal", "instance-data"})
_METADATA = frozenset(
    map(
        ipaddress.ip_address,
        ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"),
    )
)
"""What Alibaba Cloud, Azure, Oracle, AWS and Google answer at, beside link-local addresses."""


def refuse_forbidden_host(url: str, *, resolve: bool = True) -> None:
    """Raises ModelUnavailable where `url` leads to a link-local, metadata, multicast or
    unspecified address. `resolve` looks names up; one that has no address passes: it leads
    nowhere."""
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    if host in _allowed():
        return
    forbidden = host in _METADATA_NAMES or any(
        _is_forbidden(address) for address in _addresses(host, resolve=resolve)
    )
    if forbidden:
        raise ModelUnavailable(
            f"{host} is a link-local or metadata address, which is never called",
            hint=f"If a model really answers there, set {ALLOWED_HOSTS}={host} in the environment "
            "of this machine.",
        )


def _allowed() -> frozenset[str]:
    named = os.environ.get(ALLOWED_HOSTS, "")
    return frozenset(host.strip().rstrip(".").lower() for host in named.split(",") if host.strip())


def _addresses(host: str, *, resolve: bool) -> list[str]:
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        pass
    # A number in another notation, such as 0xA9FEA9FE or 2852039166, is an address as well.
    numeric = 0 if resolve else socket.AI_NUMERICHOST
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=numeric)
    except (OSError, UnicodeError):
        return []
    return [str(place[4][0]).partition("%")[0] for place in found]


def _is_forbidden(text: str) -> bool:
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address.sixtofour or address
    return (
        address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or address in _METADATA
    )
