"""Text that continues what was promised."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from captioner.captions.merge import continue_from
from captioner.captions.words import words


@pytest.mark.parametrize(
    ("stable", "text", "told"),
    [
        ("", "Hello", "Hello"),
        ("Hello", "", "Hello"),
        ("Hello", "...", "Hello"),
        ("Hello to", "Hello to all", "Hello to all"),
        ("Hello, World", "hello world and all", "Hello, World and all"),
        ("hello world", "Hello world, and all", "hello world, and all"),
        ("hello world.", "Hello world, and all", "hello world. and all"),
        ("Hello World ", "hello world and all", "Hello World and all"),
        ("I can", "i cannot do that", "I cannot do that"),
        ("this is the ㈱", "This is the ㈱ firm", "this is the ㈱ firm"),
    ],
)
def test_case_and_punctuation_do_not_hide_a_word(stable: str, text: str, told: str) -> None:
    assert continue_from(stable, text) == told


@pytest.mark.parametrize(
    ("stable", "text", "told"),
    [
        ("I see the", "I see a cat", "I see the cat"),
        ("hello word", "hello world again", "hello word again"),
        ("hello", "hallo, and", "hello, and"),
        ("Hello", "Oh hello everyone", "Hello everyone"),
        ("one two three four", "One two", "one two three four"),
        ("I said ㈱", "i said ㈲, as ever", "I said ㈱, as ever"),
    ],
)
def test_a_word_heard_differently_stays_as_it_was_promised(
    stable: str, text: str, told: str
) -> None:
    assert continue_from(stable, text) == told


@pytest.mark.parametrize(
    ("stable", "text", "told"),
    [
        ("one two", "one two two three", "one two two three"),
        ("One two", "two three", "One two three"),
        ("no no", "No no no", "no no no"),
        ("the cat", "The dog and the cat ran", "the cat and the cat ran"),
    ],
)
def test_repeated_words_are_neither_doubled_nor_lost(stable: str, text: str, told: str) -> None:
    assert continue_from(stable, text) == told


@pytest.mark.parametrize(
    ("stable", "text", "told"),
    [
        ("one two", "three four", "one two three four"),
        ("...", "three four", "... three four"),
        ("今日は", "天気", "今日は天気"),
    ],
)
def test_texts_with_nothing_in_common_follow_each_other(stable: str, text: str, told: str) -> None:
    assert continue_from(stable, text) == told


@pytest.mark.parametrize(
    ("stable", "text", "told"),
    [
        ("今日は天気", "今日わ天気がいい", "今日は天気がいい"),
        ("「今日」は", "今日は、いい", "「今日」は、いい"),
        ("สวัสดี", "สวัสดิครับ", "สวัสดีครับ"),
        ("Это ёж", "это еж, да", "Это ёж, да"),
    ],
)
def test_other_scripts_continue_too(stable: str, text: str, told: str) -> None:
    assert continue_from(stable, text) == told


spoken = st.lists(st.sampled_from("one two three four five six".split()), max_size=8)
any_text = st.text(alphabet=st.sampled_from("ab é今は。, .-ก็"), max_size=20)


@settings(max_examples=100)
@given(any_text, any_text)
def test_the_result_begins_with_the_stable_text_and_is_settled(stable: str, text: str) -> None:
    told = continue_from(stable, text)
    assert told.startswith(stable)
    assert continue_from(stable, told) == told


@settings(max_examples=100)
@given(spoken, spoken, st.booleans())
def test_the_same_words_in_another_dress_continue_word_for_word(
    said: list[str], more: list[str], shouted: bool
) -> None:
    assume(said)
    text = " ".join(said + more)
    told = continue_from(", ".join(said), text.upper() if shouted else text)
    assert [word.key for word in words(told)] == said + more
