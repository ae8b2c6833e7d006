"""The studio: pages for people, on top of the API."""

from loresmith.web.app import create_studio

__all__ = ["create_studio"]
