"""A conversation by its script: what is told, when, and in which order."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest

from captioner.engine.conversation.abilities import Abilities
from captioner.engine.conversation.items import MAX_ITEMS
from captioner.engine.conversation.tasks import Reading, Translation
from tests.unit.engine.conversation.driving import SPANISH, DrivenConversation, Echo, said, types

TOLD = [
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
]
ENDED = [
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.done",
]


def test_a_session_begins_with_what_its_model_answers_in() -> None:
    for model, modality in [("captioner-translate", "text"), ("captioner-voice", "audio")]:
        (created,) = DrivenConversation(model).events
        assert created["type"] == "session.created"
        assert created["session"]["output_modalities"] == [modality]
        assert created["session"]["audio"]["input"]["turn_detection"] is None


def test_an_update_changes_what_it_names_and_nothing_else() -> None:
    driven = DrivenConversation()
    driven.update(instructions="Translate from en to es.", max_output_tokens=64)
    session = driven.update(audio={"output": {"voice": {"id": "anna"}, "speed": 1.25}})["session"]
    assert session["instructions"] == "Translate from en to es."
    assert session["max_output_tokens"] == 64
    output = {
        "format": {"type": "audio/pcm", "rate": 24000},
        "voice": {"id": "anna"},
        "speed": 1.25,
    }
    assert session["audio"]["output"] == output


@pytest.mark.parametrize(
    ("session", "code", "param"),
    [
        ({}, "missing_required_parameter", "type"),
        ({"type": "transcription"}, "invalid_parameter", "type"),
        ({"type": "realtime", "model": "gpt-realtime"}, "invalid_model", "model"),
        (
            {"type": "realtime", "output_modalities": ["text", "audio"]},
            "invalid_value",
            "output_modalities",
        ),
        (
            {"type": "realtime", "audio": {"output": {"format": {"type": "audio/pcmu"}}}},
            "unsupported_parameter",
            "audio.output.format.type",
        ),
        (
            {"type": "realtime", "audio": {"input": {"turn_detection": {"type": "server_vad"}}}},
            "unsupported_parameter",
            "audio.input.turn_detection",
        ),
        ({"type": "realtime", "tools": [{}]}, "unsupported_parameter", "tools"),
        (
            {"type": "realtime", "audio": {"output": {"speed": 2}}},
            "invalid_value",
            "audio.output.speed",
        ),
        ({"type": "realtime", "mood": "kind"}, "unknown_parameter", "mood"),
    ],
)
def test_an_update_that_cannot_be_is_refused_by_name(
    session: dict[str, Any], code: str, param: str
) -> None:
    driven = DrivenConversation()
    error = driven.refused("session.update", session=session, event_id="mine")
    assert (error["code"], error["param"]) == (code, f"session.{param}")
    assert error["event_id"] == "mine"


def test_an_answer_out_of_band_is_one_chain_of_events() -> None:
    driven = DrivenConversation()
    (created,) = driven.ask("Good morning.", prompt=SPANISH, metadata={"request": "7"})
    (response,) = driven.begun
    assert response.request.task == Translation("en", "es")
    response.say("Buenos días.")
    assert types(driven.since(2)) == TOLD
    response.complete()
    assert types(driven.since(5)) == ENDED
    done = driven.events[-1]["response"]
    assert created["response"]["status"] == "in_progress"
    assert created["response"]["id"] == done["id"] == driven.events[4]["response_id"]
    assert created["response"]["metadata"] == done["metadata"] == {"request": "7"}
    assert (done["status"], done["conversation_id"]) == ("completed", None)
    assert done["output"][0]["content"] == [{"type": "output_text", "text": "Buenos días."}]
    usage = done["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (2, 2, 4)


def test_what_is_spoken_is_told_with_its_transcript() -> None:
    driven = DrivenConversation("captioner-voice")
    driven.ask("Good morning.", prompt={"id": "speak", "variables": {"language": "en"}})
    (response,) = driven.begun
    assert response.request.task == Reading("en")
    response.say("Good morning.")
    response.sound(np.arange(4800, dtype=np.int16))
    response.complete()
    assert types(driven.since(2)) == [
        *TOLD[:2],
        "response.output_audio_transcript.delta",
        "response.output_audio.delta",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        *ENDED[1:],
    ]
    (delta,) = [e["delta"] for e in driven.events if e["type"] == "response.output_audio.delta"]
    assert base64.b64decode(delta)[:6] == b"\x00\x00\x01\x00\x02\x00"
    done = driven.events[-1]["response"]
    content = [{"type": "output_audio", "transcript": "Good morning."}]
    assert done["output"][0]["content"] == content
    assert done["usage"]["output_token_details"] == {"text_tokens": 2, "audio_tokens": 4}


def test_reading_aloud_is_heard_unless_text_is_asked_for() -> None:
    driven = DrivenConversation()
    read = {"id": "speak", "variables": {"language": "en", "voice": "anna", "speed": "0.8"}}
    driven.ask("Hello.", prompt=read)
    driven.ask("Hello.", prompt=read, output_modalities=["text"])
    driven.ask("Hello.", prompt=SPANISH, output_modalities=["audio"])
    asked = [response.request for response in driven.begun]
    assert [request.audible for request in asked] == [True, False, True]
    assert [(request.voice, request.speed) for request in asked[::2]] == [("anna", 0.8), ("", 1.0)]


def test_several_answers_out_of_band_overlap() -> None:
    driven = DrivenConversation()
    for text in ("One.", "Two."):
        driven.ask(text, prompt=SPANISH)
    for response in reversed(driven.begun):
        response.say(response.request.text)
        response.complete()
    done = [e["response"] for e in driven.events if e["type"] == "response.done"]
    assert [r["output"][0]["content"][0]["text"] for r in done] == ["Two.", "One."]


def test_an_answer_in_band_is_part_of_the_conversation() -> None:
    driven = DrivenConversation()
    driven.update(instructions="Translate from en to es.")
    added, item_done = driven.say("Hello.")
    assert (types([added, item_done]), added["previous_item_id"]) == (
        ["conversation.item.added", "conversation.item.done"],
        None,
    )
    before = len(driven.events)
    driven.send("response.create")
    (response,) = driven.begun
    response.say("Hola.")
    response.complete()
    assert types(driven.since(before)) == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        *TOLD[1:],
        *ENDED[:-1],
        "conversation.item.done",
        "response.done",
    ]
    item = driven.events[-2]
    assert item["previous_item_id"] == added["item"]["id"]
    (retrieved,) = driven.send("conversation.item.retrieve", item_id=item["item"]["id"])
    assert retrieved["item"]["content"][0]["text"] == "Hola."


def test_one_answer_at_a_time_is_written_to_the_conversation() -> None:
    driven = DrivenConversation()
    driven.update(prompt=SPANISH)
    driven.say("Hello.")
    driven.send("response.create")
    assert driven.refused("response.create")["code"] == "conversation_already_has_active_response"
    assert types(driven.ask("Meanwhile.")) == ["response.created"]
    driven.begun[0].complete()
    assert types(driven.send("response.create")) == ["response.created"]


def test_items_have_an_order_and_can_be_taken_out_of_it() -> None:
    driven = DrivenConversation()
    for name in ("one", "three"):
        driven.send("conversation.item.create", item=said(name, id=name))
    added, _ = driven.send(
        "conversation.item.create", item=said("two", id="two"), previous_item_id="one"
    )
    first, _ = driven.send(
        "conversation.item.create", item=said("zero", id="zero"), previous_item_id="root"
    )
    assert (added["previous_item_id"], first["previous_item_id"]) == ("one", None)
    (deleted,) = driven.send("conversation.item.delete", item_id="three")
    assert deleted["type"] == "conversation.item.deleted"
    driven.send("response.create", response={"prompt": SPANISH})
    assert driven.begun[0].request.text == "two"
    for type_, code in [
        ("conversation.item.delete", "item_delete_invalid_item_id"),
        ("conversation.item.retrieve", "item_retrieve_invalid_item_id"),
    ]:
        assert driven.refused(type_, item_id="three")["code"] == code
    again = driven.refused("conversation.item.create", item=said("one", id="one"))
    assert (again["code"], again["param"]) == ("invalid_value", "item.id")
    lost = driven.refused("conversation.item.create", item=said("x"), previous_item_id="three")
    assert lost["param"] == "previous_item_id"


def test_a_conversation_forgets_its_oldest_items() -> None:
    driven = DrivenConversation()
    for number in range(MAX_ITEMS + 1):
        driven.send("conversation.item.create", item=said("x", id=f"item {number}"))
    assert driven.refused("conversation.item.retrieve", item_id="item 0")
    (kept,) = driven.send("conversation.item.retrieve", item_id="item 1")
    assert kept["item"]["id"] == "item 1"


def test_the_last_message_of_the_user_is_answered() -> None:
    driven = DrivenConversation()
    driven.send("conversation.item.create", item=said("By reference.", id="mine"))
    answer = {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "Antes."}],
    }
    for items, text in [
        ([said("Before."), answer, said("Now.")], "Now."),
        ([said("Before."), {"type": "item_reference", "id": "mine"}], "By reference."),
    ]:
        response = {"conversation": "none", "input": items, "prompt": SPANISH}
        driven.send("response.create", response=response)
        assert driven.begun[-1].request.text == text


@pytest.mark.parametrize(
    ("response", "code", "param"),
    [
        ({"input": []}, "invalid_value", "response.input"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "invalid_value", "response.input"),
        ({"input": [{"type": "function_call"}]}, "invalid_value", "response.input.0"),
        ({"conversation": "other"}, "invalid_value", "response.conversation"),
        ({"metadata": {"x": 1}}, "invalid_value", "response.metadata.x"),
        ({"prompt": {"id": "poem"}}, "invalid_value", "response.prompt.id"),
        ({"max_output_tokens": 0}, "invalid_value", "response.max_output_tokens"),
        ({"output_modalities": []}, "invalid_value", "response.output_modalities"),
        ({"temperature": 1}, "unknown_parameter", "response.temperature"),
        (
            {"prompt": {"id": "translate", "variables": {"source": "en"}}},
            "missing_required_parameter",
            "response.prompt.variables.target",
        ),
    ],
)
def test_a_response_that_cannot_be_is_refused_by_name(
    response: dict[str, Any], code: str, param: str
) -> None:
    driven = DrivenConversation()
    whole = {"conversation": "none", "input": [said("Hi.")], "prompt": SPANISH, **response}
    error = driven.refused("response.create", response=whole, event_id="mine")
    assert (error["code"], error["param"], error["event_id"]) == (code, param, "mine")


def test_what_nobody_understands_fails_and_says_what_is_understood() -> None:
    driven = DrivenConversation()
    created, done = driven.ask("Hello.", instructions="Be kind.", metadata={"request": "7"})
    assert driven.begun == []
    assert (created["type"], done["type"]) == ("response.created", "response.done")
    assert (done["response"]["status"], done["response"]["output"]) == ("failed", [])
    assert "Translate from en to es." in done["response"]["status_details"]["error"]["message"]
    assert done["response"]["metadata"] == {"request": "7"}


def test_an_answer_that_is_cancelled_ends_as_far_as_it_came() -> None:
    driven = DrivenConversation("captioner-voice")
    driven.ask("Hello.", prompt=SPANISH)
    driven.ask("Hello.", prompt=SPANISH)
    silent, heard = driven.begun
    heard.say("Hola.")
    (done,) = driven.send("response.cancel", response_id=silent.id)
    assert (done["response"]["status"], done["response"]["output"]) == ("cancelled", [])
    ending = driven.send("response.cancel", response_id=heard.id)
    assert ending[-2]["item"]["status"] == "incomplete"
    assert ending[-1]["response"]["status_details"]["reason"] == "client_cancelled"
    before = len(driven.events)
    for response in driven.begun:
        response.say("Late.")
        response.sound(np.zeros(10, np.int16))
        response.complete()
    assert driven.since(before) == []
    for fields in ({"response_id": heard.id}, {}):
        error = driven.refused("response.cancel", **fields)
        assert error["code"] == "response_cancel_not_active"


def test_more_than_the_limit_is_incomplete() -> None:
    driven = DrivenConversation()
    driven.ask("Hello.", prompt=SPANISH, max_output_tokens=2)
    (response,) = driven.begun
    assert response.say("Muy buenos días.") == "Muy buenos"
    response.complete()
    done = driven.events[-1]["response"]
    assert done["status_details"] == {"type": "incomplete", "reason": "max_output_tokens"}
    assert done["output"][0]["status"] == "incomplete"


def test_audio_is_refused_and_the_session_stays_open() -> None:
    driven = DrivenConversation()
    for type_, fields in [
        ("input_audio_buffer.append", {"audio": "AAAA"}),
        ("input_audio_buffer.commit", {}),
    ]:
        assert driven.refused(type_, **fields)["code"] == "unsupported"
    spoken = said("x") | {"content": [{"type": "input_audio", "audio": "AAAA"}]}
    assert driven.refused("conversation.item.create", item=spoken)["code"] == "invalid_value"
    assert types(driven.ask("Hello.", prompt=SPANISH)) == ["response.created"]


def test_an_engine_that_cannot_says_what_to_install() -> None:
    mute, dumb = Abilities(translates=Echo()), Abilities(speaks=Echo())
    aloud = {"conversation": "none", "input": [said("Hi.")], "output_modalities": ["audio"]}
    for abilities in (mute, dumb):
        driven = DrivenConversation(abilities=abilities)
        error = driven.refused("response.create", response=aloud | {"prompt": SPANISH})
        assert error["code"] == "unsupported" and "pip install" in error["message"]
