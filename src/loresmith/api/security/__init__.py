"""What stands between the network and the routes: who may come in, from where, with how much."""

from loresmith.api.security.access import LOOPBACK, Access, Gate
from loresmith.api.security.bodies import MAX_UPLOAD, BodyLimit
from loresmith.api.security.compression import Compression
from loresmith.api.security.headers import SafeHeaders
from loresmith.api.security.request_log import RequestLog

__all__ = [
    "LOOPBACK",
    "MAX_UPLOAD",
    "Access",
    "BodyLimit",
    "Compression",
    "Gate",
    "RequestLog",
    "SafeHeaders",
]
