"""Glossaries as tables."""

from __future__ import annotations

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captioner.captions.glossary import Term
from captioner.errors import BadInput
from captioner.rooms.glossary import glossary_from, glossary_table

BUS = Term("bus", {"es": "autobús", "pt-BR": "ônibus"})
LINE = Term("line, dotted", {"es": 'línea "de puntos"'})


def test_a_table_has_a_term_a_line() -> None:
    table = 'term,es,pt-br\nbus,autobús,ônibus\n"line, dotted","línea ""de puntos""",\n'
    assert glossary_from(table.encode(), ",") == (BUS, LINE)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_spreadsheets_write_it_in_ways_of_their_own(encoding: str, end: str) -> None:
    table = end.join([" Term \tES\t", "bus\t autobús\t", "", "\t\t"])
    assert glossary_from(table.encode(encoding), "\t") == (Term("bus", {"es": "autobús"}),)


def test_semicolons_may_delimit() -> None:
    assert glossary_from(b"term;es\nbus;bus, auto\n", ",") == (Term("bus", {"es": "bus, auto"}),)


def test_terms_need_no_translations() -> None:
    assert glossary_from(b"term\nKubeflow\n", ",") == (Term("Kubeflow"),)
    assert glossary_from(b"term,es\n", ",") == ()


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        (b"", "line 1: there is no header"),
        (b"word,es\n", "line 1: the header begins with 'term', not 'word'"),
        (b"term,spanish\n", "line 1: 'spanish' is not a language tag"),
        (b"term,es,ES\n", "line 1: the header names es twice"),
        (b"term,es\nbus,bus,bus\n", "line 2: there are more cells than the header has"),
        (b"term,es\nbus,a\n\ntram,b\nbus,c\n", "line 5: 'bus' is on line 2 already"),
        (b"term,es\n,bus\n", "line 2: a glossary's term must have 1 to 100 characters"),
        (b'term,es\n"bus\nstop",x\n', "line 2: a glossary's term must be a single line"),
        (b'term,es\n"a",b\n"bus,x\n', "line 3: "),
        (b"term,es\nbus,\xff\n", "line 2: this is not UTF-8"),
        (b"term\n" + b"".join(b"t%d\n" % n for n in range(501)), "line 502: a glossary may have"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(table: bytes, complaint: str) -> None:
    with pytest.raises(BadInput, match=f"^{complaint}"):
        glossary_from(table, ",")


WORDS = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=20
)


@given(
    st.lists(
        st.tuples(WORDS, st.dictionaries(st.sampled_from(["es", "pt-BR"]), WORDS)),
        unique_by=lambda term: normalize("NFC", term[0]),
    ),
    st.sampled_from(",\t"),
)
def test_a_table_that_was_written_is_read_as_it_was(
    terms: list[tuple[str, dict[str, str]]], delimiter: str
) -> None:
    glossary = tuple(Term(name, translations) for name, translations in terms)
    once = glossary_from(glossary_table(glossary, delimiter), delimiter)
    assert glossary_from(glossary_table(once, delimiter), delimiter) == once
    assert len(once) == len(glossary)
