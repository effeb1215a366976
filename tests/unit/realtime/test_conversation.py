"""One conversation session: what it asks for, and what it makes of what comes."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captioner.realtime.answers import (
    Answer,
    Answered,
    Begun,
    NotAnswered,
    Over,
    Request,
    Sound,
    Words,
)
from captioner.realtime.conversation import MOST_CALLS, Conversation
from captioner.realtime.partners import ANY, CAPTIONER, OPENAI, openai
from captioner.realtime.tokens import Tokens
from captioner.realtime.trouble import Remedy, SessionEnded

ONE = Request("one", instructions="Say it back.")


def sent(messages: list[str]) -> Any:
    (message,) = messages
    return json.loads(message)


def created(name: str, response: str) -> dict[str, Any]:
    metadata = {"request_id": name}
    return {"type": "response.created", "response": {"id": response, "metadata": metadata}}


def delta(response: str, text: str) -> dict[str, Any]:
    return {"type": "response.output_text.delta", "response_id": response, "delta": text}


def done(response: str, status: str = "completed", **fields: Any) -> dict[str, Any]:
    return {"type": "response.done", "response": {"id": response, "status": status, **fields}}


def error(event_id: str, code: str, **fields: Any) -> dict[str, Any]:
    return {"type": "error", "error": {"event_id": event_id, "code": code, **fields}}


def only(answers: list[Answer]) -> Answer:
    (answer,) = answers
    return answer


def test_a_session_detects_no_turns_and_thinks_as_little_as_it_can() -> None:
    asked = sent(Conversation(openai()).configure())
    assert asked["session"] == {
        "type": "realtime",
        "output_modalities": ["text"],
        "audio": {"input": {"turn_detection": None}},
        "reasoning": {"effort": "minimal"},
    }


def test_a_model_that_does_not_think_is_not_told_how_much() -> None:
    assert "reasoning" not in sent(Conversation(openai("gpt-realtime")).configure())["session"]


def test_a_request_is_a_response_outside_the_conversation() -> None:
    name, messages = Conversation(ANY).ask(ONE)
    assert sent(messages)["response"] == {
        "conversation": "none",
        "output_modalities": ["text"],
        "metadata": {"request_id": name},
        "input": [
            {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "one"}],
            }
        ],
        "instructions": "Say it back.",
        "max_output_tokens": 1024,
    }


def test_our_own_engine_is_told_by_its_prompts() -> None:
    request = Request("one", prompt="translate", variables={"source": "en", "target": "de"})
    response = sent(Conversation(CAPTIONER).ask(request)[1])["response"]
    prompt = {"id": "translate", "variables": {"source": "en", "target": "de"}}
    assert response["prompt"] == prompt
    assert "instructions" not in response


def test_the_voice_is_chosen_for_the_response_and_kept_by_the_session() -> None:
    conversation = Conversation(ANY, sound=True)
    request = replace(ONE, sound=True, voice="marin")
    assert conversation.takes(request)
    response = sent(conversation.ask(request)[1])["response"]
    assert response["audio"] == {"output": {"voice": "marin"}}
    assert conversation.takes(request)
    assert not conversation.takes(replace(request, voice="cedar"))


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_answers_that_overlap_are_told_apart(order: tuple[int, ...]) -> None:
    conversation = Conversation(ANY)
    names = [conversation.ask(replace(ONE, text=str(n)))[0] for n in range(3)]
    for n in order:
        assert conversation.receive(created(names[n], f"resp_{n}")) == [Begun(names[n])]
    for n in reversed(order):
        conversation.receive(delta(f"resp_{n}", f"<{n}"))
    for n in order:
        assert conversation.receive(delta(f"resp_{n}", ">")) == [Words(names[n], f"<{n}>")]
        assert conversation.receive(done(f"resp_{n}")) == [Answered(names[n], f"<{n}>")]
    assert conversation.open == 0


def test_the_whole_text_replaces_its_pieces() -> None:
    conversation = Conversation(ANY)
    name, _ = conversation.ask(ONE)
    conversation.receive(created(name, "resp_1"))
    conversation.receive(delta("resp_1", "on"))
    output = [{"type": "message", "content": [{"type": "output_text", "text": "one"}]}]
    assert conversation.receive(done("resp_1", output=output)) == [Answered(name, "one")]


def test_sound_is_decoded_and_what_is_none_passed_over() -> None:
    conversation = Conversation(ANY, sound=True)
    name, _ = conversation.ask(replace(ONE, sound=True))
    conversation.receive(created(name, "resp_1"))
    audio = {"type": "response.output_audio.delta", "response_id": "resp_1"}
    good = base64.b64encode(b"\x01\x02").decode()
    assert conversation.receive({**audio, "delta": good}) == [Sound(name, b"\x01\x02")]
    assert conversation.receive({**audio, "delta": "!"}) == []
    assert conversation.receive({**audio, "delta": None}) == []


@pytest.mark.parametrize(
    ("status", "details", "remedy"),
    [
        ("incomplete", {"reason": "max_output_tokens"}, Remedy.RETRY),
        ("incomplete", {"reason": "content_filter"}, Remedy.REFUSED),
        ("cancelled", {"reason": "turn_detected"}, Remedy.RETRY),
        ("failed", {"error": {"code": "server_error"}}, Remedy.RETRY),
        ("failed", {"error": {"code": "rate_limit_exceeded"}}, Remedy.WAIT),
        ("failed", {}, Remedy.RETRY),
        ("failed", None, Remedy.RETRY),
        ("never heard of", None, Remedy.RETRY),
        (None, None, Remedy.RETRY),
    ],
)
def test_what_did_not_end_well_is_no_answer(status: Any, details: Any, remedy: Remedy) -> None:
    conversation = Conversation(ANY)
    name, _ = conversation.ask(ONE)
    conversation.receive(created(name, "resp_1"))
    conversation.receive(delta("resp_1", "half of it"))
    answer = only(conversation.receive(done("resp_1", status, status_details=details)))
    assert isinstance(answer, NotAnswered)
    assert answer.error.remedy is remedy
    assert conversation.open == 0


@pytest.mark.parametrize("code", ["insufficient_quota", "invalid_api_key", "session_expired"])
def test_a_response_may_end_the_session(code: str) -> None:
    conversation = Conversation(ANY)
    name, _ = conversation.ask(ONE)
    conversation.receive(created(name, "resp_1"))
    with pytest.raises(SessionEnded):
        conversation.receive(done("resp_1", "failed", status_details={"error": {"code": code}}))


def test_an_error_belongs_to_the_request_that_it_names() -> None:
    conversation = Conversation(ANY)
    first, second = conversation.ask(ONE)[0], conversation.ask(ONE)[0]
    answer = only(conversation.receive(error(f"{second}.0", "invalid_value", param="response.x")))
    assert isinstance(answer, NotAnswered)
    assert (answer.request, answer.error.remedy) == (second, Remedy.REFUSED)
    assert (answer.error.reason, answer.error.param) == ("invalid_value", "response.x")
    assert conversation.receive(error("", "invalid_value")) == []
    assert conversation.receive(created(first, "resp_1")) == [Begun(first)]


def test_a_request_is_cancelled_by_the_name_of_its_response() -> None:
    conversation = Conversation(ANY)
    name, _ = conversation.ask(ONE)
    conversation.receive(created(name, "resp_1"))
    cancel = sent(conversation.cancel(name))
    assert (cancel["type"], cancel["response_id"]) == ("response.cancel", "resp_1")
    assert conversation.cancel(name) == []
    assert conversation.receive(delta("resp_1", "late")) == []
    assert conversation.open == 1
    assert conversation.receive(done("resp_1", "cancelled")) == [Over(name)]
    assert conversation.open == 0


def test_a_request_that_has_no_response_yet_is_cancelled_when_it_has() -> None:
    conversation = Conversation(ANY)
    name, _ = conversation.ask(ONE)
    assert conversation.cancel(name) == []
    assert conversation.receive(created(name, "resp_1")) == []
    assert sent(conversation.take_replies())["response_id"] == "resp_1"


def test_a_request_that_is_over_before_it_is_cancelled_is_over() -> None:
    conversation = Conversation(ANY)
    name, _ = conversation.ask(ONE)
    conversation.receive(created(name, "resp_1"))
    event_id = sent(conversation.cancel(name))["event_id"]
    assert conversation.receive(error(event_id, "response_cancel_not_active")) == [Over(name)]


def call(term: str, call_id: str = "call_1", name: str = "lookup_term") -> dict[str, Any]:
    arguments = json.dumps({"term": term})
    return {"type": "function_call", "name": name, "call_id": call_id, "arguments": arguments}


@pytest.mark.parametrize(
    ("asked", "output"),
    [
        (call("Board"), {"term": "Board", "translation": "Vorstand"}),
        (call("table"), {"term": "table", "translation": None}),
        (call("x", name="delete"), {"error": "there is no function 'delete'"}),
        ({**call("x"), "arguments": "{"}, {"error": 'the arguments must be {"term": "…"}'}),
        ({**call("x"), "arguments": "[]"}, {"error": 'the arguments must be {"term": "…"}'}),
    ],
)
def test_a_call_is_answered_from_the_glossary(asked: Any, output: Any) -> None:
    conversation = Conversation(OPENAI)
    name, _ = conversation.ask(replace(ONE, terms=(("board", "Vorstand"),)))
    conversation.receive(created(name, "resp_1"))
    assert conversation.receive(done("resp_1", output=[asked])) == [Begun(name)]
    again = sent(conversation.take_replies())["response"]
    assert again["metadata"] == {"request_id": name}
    assert [item["type"] for item in again["input"]] == [
        "message",
        "function_call",
        "function_call_output",
    ]
    assert json.loads(again["input"][2]["output"]) == output
    conversation.receive(created(name, "resp_2"))
    conversation.receive(delta("resp_2", "<one>"))
    assert conversation.receive(done("resp_2")) == [Answered(name, "<one>")]


def test_a_model_that_only_looks_things_up_is_stopped() -> None:
    conversation = Conversation(OPENAI)
    name, _ = conversation.ask(replace(ONE, terms=(("a", "b"),)))
    choices = []
    for n in range(MOST_CALLS):
        conversation.receive(created(name, f"resp_{n}"))
        conversation.receive(done(f"resp_{n}", output=[call("a")]))
        choices.append(sent(conversation.take_replies())["response"]["tool_choice"])
    assert choices == ["auto"] * (MOST_CALLS - 1) + ["none"]
    conversation.receive(created(name, "last"))
    answer = only(conversation.receive(done("last", output=[call("a")])))
    assert isinstance(answer, NotAnswered)


def test_what_was_used_is_told_even_where_nobody_wanted_it() -> None:
    used: list[tuple[str, Tokens]] = []
    conversation = Conversation(ANY, report=lambda room, tokens: used.append((room, tokens)))
    name, _ = conversation.ask(replace(ONE, room="demo"))
    conversation.receive(created(name, "resp_1"))
    conversation.cancel(name)
    usage = {"input_tokens": 3, "output_tokens": True, "output_token_details": None}
    conversation.receive(done("resp_1", "cancelled", usage=usage))
    assert used == [("demo", Tokens(input=3))]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
KINDS = [
    "session.created",
    "response.created",
    "response.done",
    "response.output_text.delta",
    "response.output_audio.delta",
    "error",
]
FIELDS = ["session", "response", "delta", "response_id", "error"]


@given(
    st.lists(
        st.builds(
            lambda kind, fields: {"type": kind, **fields},
            st.sampled_from(KINDS),
            st.dictionaries(st.sampled_from(FIELDS), JSON),
        ),
        max_size=8,
    )
)
def test_events_that_make_no_sense_are_passed_over(events: list[dict[str, Any]]) -> None:
    conversation = Conversation(ANY)
    name, _ = conversation.ask(ONE)
    for event in events:
        assert conversation.receive(event) == []
    conversation.receive(created(name, "resp_1"))
    assert conversation.receive(done("resp_1")) == [Answered(name, "")]
