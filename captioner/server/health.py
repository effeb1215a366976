"""`/healthz` and `/readyz`: whether the process lives, and whether it can caption."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from captioner.server.parts import Joined

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The server's state, for whoever supervises it."""

    status: str = Field(description="`ok`")


@router.get("/healthz")
async def healthz() -> Health:
    """Alive: the process answers."""
    return Health(status="ok")


@router.get("/readyz", responses={503: {"description": "Not ready; the document says why."}})
async def readyz(parts: Joined) -> Health:
    """Ready: what is said would be captioned now."""
    await parts.check_ready()
    return Health(status="ok")
