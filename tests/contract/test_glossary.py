"""A room's glossary over HTTP."""

from __future__ import annotations

import pytest

from tests.contract.edge import Answer, Edge
from tests.contract.test_http import assert_problem

pytestmark = pytest.mark.anyio

PATH = "/v1/rooms/demo/glossary"
ENTRIES = [
    {"term": "bus", "translations": {"es": "autobús", "pt-BR": "ônibus"}},
    {"term": "Kubeflow", "translations": {}},
]
CSV = "term,es,pt-BR\r\nbus,autobús,ônibus\r\nKubeflow,,\r\n".encode()


async def put(edge: Edge, table: bytes, kind: str = "text/csv") -> Answer:
    return await edge.ask("PUT", PATH, table, {"Content-Type": kind})


async def test_a_table_takes_the_place_of_the_glossary(edge: Edge) -> None:
    old = {"term": "old", "translations": {}}
    await edge.ask("POST", "/v1/rooms", {"id": "demo", "glossary": [old]})
    answer = await put(edge, CSV, "text/csv; charset=utf-8")
    assert (answer.status, answer.json) == (200, {"glossary": ENTRIES})
    assert (await edge.ask("GET", "/v1/rooms/demo")).json["glossary"] == ENTRIES
    tabs = CSV.replace(b",", b"\t")
    assert (await put(edge, tabs, "text/tab-separated-values")).json["glossary"] == ENTRIES


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("text/html, */*;q=0.8", "application/json"),
        ("text/csv", "text/csv; charset=utf-8"),
        ("application/json;q=0.5, text/csv", "text/csv; charset=utf-8"),
        ("text/csv;q=0, application/json", "application/json"),
        ("text/csv;q=x", "application/json"),
        ("text/tab-separated-values", "text/tab-separated-values; charset=utf-8"),
    ],
)
async def test_the_glossary_comes_in_the_form_that_is_asked_for(
    edge: Edge, accept: str | None, kind: str
) -> None:
    await edge.ask("POST", "/v1/rooms", {"id": "demo", "glossary": ENTRIES})
    answer = await edge.ask("GET", PATH, headers={"Accept": accept} if accept else None)
    assert (answer.status, answer.headers["content-type"]) == (200, kind)
    if kind == "application/json":
        assert answer.json == {"glossary": ENTRIES}
    else:
        assert answer.body == (CSV if "csv" in kind else CSV.replace(b",", b"\t"))


async def test_a_table_that_is_wrong_changes_nothing(edge: Edge) -> None:
    await edge.ask("POST", "/v1/rooms", {"id": "demo", "glossary": ENTRIES})
    problem = assert_problem(await put(edge, b"term,es\nbus,a,b\n"), 400, "bad_input")
    assert "line 2" in problem["detail"]
    assert_problem(await put(edge, b"{}", "application/json"), 415, "unsupported_media_type")
    assert_problem(await put(edge, CSV, ""), 415, "unsupported_media_type")
    assert (await edge.ask("GET", PATH)).json == {"glossary": ENTRIES}
    assert_problem(await edge.ask("GET", "/v1/rooms/other/glossary"), 404, "room_not_found")
