"""The trades that a project can be begun for: what they set, and what to beware of."""

from __future__ import annotations

from fastapi import APIRouter

from loresmith.workspace.domains import Domain, domains

router = APIRouter(prefix="/api/v1/domains", tags=["recipe"])


@router.get("", summary="Settings that suit documents of a trade")
def list_domains() -> tuple[Domain, ...]:
    """With their warnings. To choose one later, change the recipe by its `settings`, and `domain`
    to its name."""
    return domains()
