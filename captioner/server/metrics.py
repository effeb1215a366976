"""`/metrics`: what the server counts, for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Response

from captioner.server.parts import Joined

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
)
async def metrics(parts: Joined) -> Response:
    """The server's counters, in Prometheus' text format."""
    body, content_type = parts.metrics.exposition()
    return Response(body, headers={"Content-Type": content_type, "Cache-Control": "no-store"})
