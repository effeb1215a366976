"""`/docs`: the operations of the API on a page, made from OpenAPI, with nothing to load."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from fastapi import FastAPI
from starlette.responses import HTMLResponse

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="stylesheet" href="/web/css/captioner.css">
<main>
<h1>{title}</h1>
<p>For programs: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1). Errors are problem
documents (RFC 9457). Captions also come over <code>WS /v1/rooms/{{room}}/captions</code>; audio
goes in over <code>WS /v1/rooms/{{room}}/audio</code>.</p>
{operations}
</main>
</html>
"""


def serve_reference(app: FastAPI) -> None:
    """Serve the page at `/docs`."""

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        schema = app.openapi()
        operations = "\n".join(_operations(schema))
        return HTMLResponse(_PAGE.format(title=escape(app.title), operations=operations))


def _operations(schema: Mapping[str, Any]) -> Iterator[str]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"<h2><code>{method.upper()} {escape(path)}</code></h2>"
            yield f"<p>{escape(operation.get('description', ''))}</p>"
            told = [*map(_parameter, operation.get("parameters", [])), *_body(operation, schema)]
            if told:
                yield f"<ul>{''.join(told)}</ul>"


def _parameter(parameter: Mapping[str, Any]) -> str:
    return _item(parameter["name"], f"{parameter['in']}: {parameter.get('description', '')}")


def _body(operation: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    """The fields of the JSON object that the operation takes, or the kinds of files."""
    body = operation.get("requestBody", {"content": {}})
    for kind, content in body["content"].items():
        if kind != "application/json":
            yield _item(kind, f"body: {body.get('description', '')}")
            continue
        reference = content["schema"]["$ref"]
        model = schema["components"]["schemas"][reference.rpartition("/")[2]]
        for name, field in model["properties"].items():
            yield _item(name, f"body: {field.get('description', '')}")


def _item(name: str, description: str) -> str:
    return f"<li><code>{escape(name)}</code> {escape(description)}</li>"
