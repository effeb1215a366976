"""The HTTP interface, as a script of somebody else would use it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from captioner.captions.model import Gap
from captioner.translation.progress import Progress
from tests.contract.edge import Answer, Edge
from tests.unit.delivery.speaking import caption, final

pytestmark = pytest.mark.anyio


def assert_problem(answer: Answer, status: int, code: str) -> dict[str, Any]:
    """The answer is a problem document (RFC 9457)."""
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json
    assert (answer.status, problem["status"], problem["code"]) == (status, status, code)
    assert problem["type"] and problem["title"] and problem["detail"]
    return problem


async def test_a_room_is_made_and_found(edge: Edge) -> None:
    wanted = {"id": "demo", "title": "Weekly", "language": "pt-br", "keywords": ["Ana"]}
    made = await edge.ask("POST", "/v1/rooms", wanted)
    assert (made.status, made.headers["location"]) == (201, "/v1/rooms/demo")
    assert made.json | {"created_at": ""} == {
        "id": "demo",
        "title": "Weekly",
        "language": "pt-BR",
        "translations": [],
        "speech": [],
        "keywords": ["Ana"],
        "glossary": [],
        "retention_days": None,
        "status": "idle",
        "languages": ["pt-BR"],
        "recognition": [],
        "translation": [],
        "created_at": "",
    }
    assert (await edge.ask("GET", "/v1/rooms/demo")).json == made.json
    assert (await edge.ask("GET", "/v1/rooms")).json == {"rooms": [made.json]}


async def test_a_room_says_how_it_is_translated(edge: Edge) -> None:
    wanted = {"id": "demo", "language": "en", "translations": ["en", "es"], "speech": ["fr"]}
    made = (await edge.ask("POST", "/v1/rooms", wanted)).json
    idle = {"state": "idle", "translator": None, "trouble": None, "behind": None}
    assert made["translation"] == [{"language": "es", **idle}, {"language": "fr", **idle}]
    edge.translated["demo", "es"] = Progress("embedded")
    edge.translated["demo", "de"] = Progress("openai", "openai does not answer in time", 3)
    edge.translated["other", "it"] = Progress("embedded")
    assert (await edge.ask("GET", "/v1/rooms/demo")).json["translation"] == [
        {
            "language": "de",
            "state": "unavailable",
            "translator": "openai",
            "trouble": "openai does not answer in time",
            "behind": 3,
        },
        {
            "language": "es",
            "state": "working",
            "translator": "embedded",
            "trouble": None,
            "behind": 0,
        },
        {"language": "fr", **idle},
    ]


async def test_a_room_needs_nothing_said_about_it(edge: Edge) -> None:
    made = (await edge.ask("POST", "/v1/rooms", {})).json
    assert made["language"] == "auto"
    assert (await edge.ask("GET", f"/v1/rooms/{made['id']}")).status == 200


async def test_an_id_can_be_taken_once(edge: Edge) -> None:
    await edge.ask("POST", "/v1/rooms", {"id": "demo"})
    assert_problem(await edge.ask("POST", "/v1/rooms", {"id": "demo"}), 409, "room_exists")


async def test_what_is_named_changes_and_the_rest_stays(edge: Edge) -> None:
    await edge.ask("POST", "/v1/rooms", {"id": "demo", "title": "Old", "language": "en"})
    changed = await edge.ask("PATCH", "/v1/rooms/demo", {"language": "de", "unknown": 1})
    assert (changed.status, changed.json["title"], changed.json["language"]) == (200, "Old", "de")


async def test_a_room_is_paused_resumed_ended_and_erased(edge: Edge) -> None:
    await edge.ask("POST", "/v1/rooms", {"id": "demo"})
    for action, status in (("pause", "paused"), ("resume", "idle"), ("end", "ended")):
        answer = await edge.ask("POST", f"/v1/rooms/demo/{action}")
        assert (answer.status, answer.json["status"]) == (200, status)
    assert_problem(await edge.ask("POST", "/v1/rooms/demo/pause"), 410, "room_ended")
    assert (await edge.ask("DELETE", "/v1/rooms/demo")).status == 204
    assert_problem(await edge.ask("GET", "/v1/rooms/demo"), 404, "room_not_found")


async def test_history_holds_the_newest_of_every_caption(edge: Edge) -> None:
    said = [caption(1, 1, "we"), final(1, 2, "we ship"), final(2, 1, ""), caption(3, 1, "on Mon")]
    await edge.publish("demo", *said, final(4, 1, "sí", language="es"))
    history = (await edge.ask("GET", "/v1/rooms/demo/captions")).json
    assert [(c["id"], c["rev"], c["text"]) for c in history["captions"]] == [
        ("u1", 2, "we ship"),
        ("u3", 1, "on Mon"),
        ("u4", 1, "sí"),
    ]
    assert history["recovered"] is True
    assert history["seq"] >= history["captions"][-1]["seq"]
    spanish = (await edge.ask("GET", "/v1/rooms/demo/captions?language=es")).json
    assert [c["id"] for c in spanish["captions"]] == ["u4"]


async def test_history_is_read_in_pages(edge: Edge) -> None:
    await edge.publish("demo", *(final(number) for number in range(1, 8)))
    read, after = [], 0
    while page := (await edge.ask("GET", f"/v1/rooms/demo/captions?after={after}&limit=3")).json[
        "captions"
    ]:
        assert len(page) <= 3
        read += [c["id"] for c in page]
        after = page[-1]["seq"]
    assert read == [f"u{number}" for number in range(1, 8)]


@pytest.mark.parametrize(
    ("extension", "media_type", "part"),
    [
        ("vtt", "text/vtt; charset=utf-8", "WEBVTT"),
        ("srt", "application/x-subrip; charset=utf-8", "-->"),
        ("txt", "text/plain; charset=utf-8", "the end"),
        ("json", "application/json", '"captions"'),
        ("ttml", "application/ttml+xml; charset=utf-8", "<tt "),
    ],
)
async def test_a_transcript_is_a_file(
    edge: Edge, extension: str, media_type: str, part: str
) -> None:
    await edge.publish("demo", final(1), caption(2, 1, "not yet"))
    answer = await edge.ask("GET", f"/v1/rooms/demo/transcript.{extension}")
    assert (answer.status, answer.headers["content-type"]) == (200, media_type)
    assert f'filename="demo.{extension}"' in answer.headers["content-disposition"]
    text = answer.body.decode()
    assert part in text
    assert "the end" in text
    assert "not yet" not in text


async def test_a_transcript_may_be_of_one_language(edge: Edge) -> None:
    await edge.publish("demo", final(1, text="yes"), final(2, text="sí", language="es"))
    await edge.publish("demo", Gap("en", 5.0, 6.0, "paused"), Gap("es", 5.0, 6.0, "paused"))
    spanish = (await edge.ask("GET", "/v1/rooms/demo/transcript.vtt?language=es")).body.decode()
    assert "Language: es" in spanish
    assert "yes" not in spanish
    whole = (await edge.ask("GET", "/v1/rooms/demo/transcript.vtt")).body.decode()
    assert whole.index("yes") < whole.index("sí")
    assert whole.count("NOTE gap") == 1


@pytest.mark.parametrize("extension", ["vtt", "srt", "txt", "json", "ttml"])
async def test_a_transcript_may_have_a_second_language(edge: Edge, extension: str) -> None:
    said = [final(1, text="yes"), final(1, text="sí", language="es")]
    await edge.publish("demo", *said, final(2, text="no", language="pt"))
    path = f"/v1/rooms/demo/transcript.{extension}"
    answer = await edge.ask("GET", f"{path}?language=es&also=EN")
    text = answer.body.decode()
    assert f'filename="demo.es.en.{extension}"' in answer.headers["content-disposition"]
    assert text.index("sí") < text.index("yes")
    spoken = (await edge.ask("GET", f"{path}?also=es")).body.decode()
    assert spoken.index("yes") < spoken.index("sí") < spoken.index("no")
    same = (await edge.ask("GET", f"{path}?language=es&also=es")).body.decode()
    assert same.count("sí") == 1


async def test_what_was_said_comes_without_its_translations(edge: Edge) -> None:
    translation = replace(final(1, text="sí", language="es"), source="en", source_rev=1)
    await edge.publish("demo", final(1, text="yes"), translation)
    text = (await edge.ask("GET", "/v1/rooms/demo/transcript.txt")).body.decode()
    assert text == "yes\n"


async def test_a_transcript_of_nothing_is_valid(edge: Edge) -> None:
    await edge.publish("demo")
    answer = await edge.ask("GET", "/v1/rooms/demo/transcript.vtt")
    assert answer.body.startswith(b"WEBVTT\n")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/v1/rooms", b'{"id": ', 400, "bad_input"),
        ("POST", "/v1/rooms", [], 400, "bad_input"),
        ("POST", "/v1/rooms", {"id": "Not A Room"}, 400, "bad_input"),
        ("POST", "/v1/rooms", {"id": 17}, 400, "bad_input"),
        ("POST", "/v1/rooms", {"language": "English!"}, 400, "bad_input"),
        ("PATCH", "/v1/rooms/none", {"title": "x"}, 404, "room_not_found"),
        ("DELETE", "/v1/rooms/none", None, 404, "room_not_found"),
        ("POST", "/v1/rooms/none/end", None, 404, "room_not_found"),
        ("GET", "/v1/rooms/none/captions", None, 404, "room_not_found"),
        ("GET", "/v1/rooms/none/events", None, 404, "room_not_found"),
        ("GET", "/v1/rooms/none/transcript.vtt", None, 404, "room_not_found"),
        ("GET", "/v1/rooms/%2e%2e/transcript.vtt", None, 404, "room_not_found"),
        ("GET", "/v1/rooms/none/captions?after=soon", None, 400, "bad_input"),
        ("GET", "/v1/rooms/none/transcript.doc", None, 400, "bad_input"),
        ("GET", "/v1/rooms/none/transcript.vtt?language=e%0d%0an", None, 400, "bad_input"),
        ("GET", "/nothing/here", None, 404, "not_found"),
        ("PUT", "/v1/rooms", {}, 405, "method_not_allowed"),
        ("POST", "/v1/rooms", b"x" * (2 << 20), 413, "too_large"),
    ],
)
async def test_what_cannot_be_done_is_a_problem_document(
    edge: Edge, method: str, path: str, body: object, status: int, code: str
) -> None:
    headers = {"Content-Type": "application/json"} if body else {}
    assert_problem(await edge.ask(method, path, body, headers), status, code)


async def test_a_body_of_unknown_length_is_counted(edge: Edge) -> None:
    endless = (b"x" * (64 << 10) for _ in range(20))
    headers = {"Content-Type": "application/json"}
    assert_problem(await edge.ask("POST", "/v1/rooms", endless, headers), 413, "too_large")


async def test_a_forgotten_content_type_is_explained(edge: Edge) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    problem = assert_problem(
        await edge.ask("POST", "/v1/rooms", b'{"id": "demo"}', headers), 400, "bad_input"
    )
    assert "Content-Type: application/json" in problem["detail"]


async def test_a_failure_of_ours_says_nothing_of_its_inside(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge.rooms.__class__, "list", lambda _: 1 / 0)
    problem = assert_problem(await edge.ask("GET", "/v1/rooms"), 500, "internal")
    assert "division" not in json.dumps(problem)


async def test_a_name_that_was_made_to_point_here_is_refused(edge: Edge) -> None:
    for host in ("evil.example", f"evil.example:{edge.port}", "127.0.0.1.evil.example", ""):
        answer = await edge.ask("GET", "/v1/rooms", headers={"Host": host})
        assert_problem(answer, 421, "wrong_host")
    for host in (f"localhost:{edge.port}", f"[::1]:{edge.port}", "127.0.0.1"):
        assert (await edge.ask("GET", "/v1/rooms", headers={"Host": host})).status == 200


async def test_another_sites_page_changes_nothing(edge: Edge) -> None:
    await edge.publish("demo")
    for origin in ("https://evil.example", "null", f"http://localhost:{edge.port + 1}"):
        answer = await edge.ask("POST", "/v1/rooms/demo/end", headers={"Origin": origin})
        assert_problem(answer, 403, "wrong_origin")
    own = {"Origin": f"http://127.0.0.1:{edge.port}"}
    assert (await edge.ask("POST", "/v1/rooms/demo/end", headers=own)).status == 200


async def test_alive_is_not_ready(edge: Edge) -> None:
    assert (await edge.ask("GET", "/healthz")).json == {"status": "ok"}
    assert_problem(await edge.ask("GET", "/readyz"), 503, "engine_unavailable")


@pytest.mark.parametrize("path", ["/", "/rooms/demo", "/rooms/demo/speak"])
async def test_a_page_is_sent_once(edge: Edge, path: str) -> None:
    page = await edge.ask("GET", path)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"].startswith("default-src 'self'")
    again = await edge.ask("GET", path, headers={"If-None-Match": page.headers["etag"]})
    assert (again.status, again.body) == (304, b"")


async def test_a_page_finds_what_it_loads(edge: Edge) -> None:
    script = await edge.ask("GET", "/web/js/room.js")
    assert script.status == 200
    assert script.headers["content-type"].startswith("text/javascript")
    assert_problem(await edge.ask("GET", "/web/../pyproject.toml"), 404, "not_found")
    assert_problem(await edge.ask("GET", "/web/js/none.js"), 404, "not_found")


async def test_the_api_describes_itself_without_a_network(edge: Edge) -> None:
    schema = (await edge.ask("GET", "/openapi.json")).json
    page = (await edge.ask("GET", "/docs")).body.decode()
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            assert operation["description"], path
            assert operation["tags"], path
            assert f"{method.upper()} {path}" in page
    assert "https://" not in page
