"""The REST door: the same work as the command line does, for programs."""

from loresmith.api.app import create_api

__all__ = ["create_api"]
