"""Reads text of several lines from a form as it was typed."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form
from pydantic import AfterValidator

TypedText = Annotated[str, Form(), AfterValidator(lambda text: text.replace("\r\n", "\n"))]
"""A field's text: browsers send every line end as two characters, and we keep one."""
