"""The web pages, served as they stand."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.staticfiles import StaticFiles
from starlette.responses import Response

PAGES = {"/": "index.html", "/rooms/{room}": "room.html", "/rooms/{room}/speak": "speak.html"}

_HEADERS = {
    # Asked for again every time; the ETag says that nothing changed.
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def web_root() -> Path:
    """The folder of the pages: in the installed package, else in the checkout."""
    package = Path(str(resources.files("captioner")))
    installed = package / "web"
    return installed if installed.is_dir() else package.parent / "web"


def serve_pages(app: FastAPI, root: Path) -> None:
    """Serve the pages at their addresses and, under `/web`, all that they load."""
    files = _Files(directory=root)
    for address, file in PAGES.items():
        _serve(app, files, address, file)
    app.mount("/web", files)


def _serve(app: FastAPI, files: _Files, address: str, file: str) -> None:
    @app.get(address, include_in_schema=False)
    async def page(request: Request) -> Response:
        return await files.get_response(file, request.scope)


class _Files(StaticFiles):
    def file_response(self, *args: Any, **options: Any) -> Response:
        response = super().file_response(*args, **options)
        response.headers.update(_HEADERS)
        return response
