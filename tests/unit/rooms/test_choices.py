"""What an organiser may choose, and what is refused with a plain message."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captioner.captions.glossary import Term
from captioner.errors import BadInput
from captioner.rooms.choices import changed_settings, new_settings, room_id, settings_message
from captioner.rooms.languages import language_tag
from captioner.rooms.room import RoomSettings

DEMO = RoomSettings("demo")


@pytest.mark.parametrize("text", ["a", "demo", "0-9", "weekly-meeting-2", "a" * 64])
def test_a_room_id_of_the_contract_is_taken(text: str) -> None:
    assert room_id(text) == text


@pytest.mark.parametrize(
    "text", ["", "-a", "a-", "a--b", "Demo", "a b", "a/b", "..", "ä", "a" * 65, "a\n", "٣", 7, None]
)
def test_any_other_room_id_is_refused(text: object) -> None:
    with pytest.raises(BadInput, match="cannot be a room id"):
        room_id(text)


def test_a_room_without_an_id_gets_one_of_its_own() -> None:
    first, second = new_settings({}), new_settings({"id": None})
    assert first.id != second.id
    assert room_id(first.id) == first.id


def test_all_choices_are_taken_over() -> None:
    message = {
        "id": "demo",
        "title": " Weekly ",
        "language": "en",
        "translations": ["es", "PT-br", "es"],
        "speech": ["es"],
        "keywords": ["Zu\u0308rich", "Zürich"],
        "glossary": [{"term": "bus", "translations": {"ES": "bus"}, "note": "ignored"}],
        "retention_days": 30,
        "colour": "ignored",
    }
    chosen = new_settings(message)
    assert chosen == RoomSettings(
        id="demo",
        title="Weekly",
        language="en",
        translations=("es", "pt-BR"),
        speech=("es",),
        keywords=("Zürich",),
        glossary=(Term("bus", {"es": "bus"}),),
        retention_days=30,
    )
    assert new_settings(settings_message(chosen)) == chosen


def test_only_what_is_named_is_changed() -> None:
    before = RoomSettings("demo", title="Weekly", language="en", keywords=("bus",))
    after = changed_settings(before, {"id": "demo", "title": "Daily", "keywords": []})
    assert after == RoomSettings("demo", title="Daily", language="en")


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        ({"id": "other"}, "id of a room cannot be changed"),
        ({"title": 3}, "a title must be text"),
        ({"title": "a" * 201}, "0 to 200 characters, not 201"),
        ({"title": "two\nlines"}, "single line"),
        ({"title": "\ud800"}, "single line"),
        ({"language": "klingon"}, "'klingon' is not a language tag"),
        ({"language": None}, "not a language tag"),
        ({"translations": "es"}, "must be a list"),
        ({"translations": ["auto"]}, "'auto' is not a language tag"),
        ({"translations": ["es"] * 51}, "may have 50 entries, not 51"),
        ({"speech": [7]}, "7 is not a language tag"),
        ({"keywords": ["a" * 41]}, "1 to 40 characters, not 41"),
        ({"keywords": [" "]}, "1 to 40 characters, not 0"),
        ({"keywords": ["a\u2028b"]}, "single line"),
        ({"keywords": [str(number) for number in range(101)]}, "may have 100 entries"),
        ({"glossary": [{"term": "bus"}]}, "a glossary entry must be"),
        ({"glossary": ["bus"]}, "a glossary entry must be"),
        ({"glossary": [{"term": "", "translations": {}}]}, "1 to 100 characters"),
        ({"glossary": [{"term": "bus", "translations": {"x": "bus"}}]}, "not a language tag"),
        ({"glossary": [{"term": "bus", "translations": {"es": 1}}]}, "must be text"),
        ({"retention_days": 0}, "must be 1 to 36500 or null"),
        ({"retention_days": True}, "must be 1 to 36500 or null"),
    ],
)
def test_what_cannot_be_is_refused(message: dict[str, object], complaint: str) -> None:
    with pytest.raises(BadInput, match=complaint):
        changed_settings(DEMO, message)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("EN", "en"),
        ("pt-br", "pt-BR"),
        ("zh-hans-CN", "zh-Hans-CN"),
        ("es-419", "es-419"),
        ("de-x-HELV", "de-x-helv"),
        ("sl-rozaj-biske", "sl-rozaj-biske"),
    ],
)
def test_a_language_tag_is_written_the_usual_way(text: str, tag: str) -> None:
    assert language_tag(text) == tag


@settings(max_examples=50)
@given(st.text() | st.from_regex(r"[a-z]{2,3}(-[a-zA-Z0-9]{1,8})*", fullmatch=True))
def test_a_language_tag_is_safe_as_the_name_of_a_file(text: str) -> None:
    try:
        tag = language_tag(text)
    except BadInput as error:
        assert len(str(error)) < 150
    else:
        assert tag.replace("-", "").isalnum() and tag.isascii()
        assert language_tag(tag) == tag
