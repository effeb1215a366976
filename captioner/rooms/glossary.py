"""A glossary as an organiser gives it: JSON or a table (CSV, TSV) in, checked terms out, and back.

A table has a term a line. Its header is `term` and, for each language with translations, its tag.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence

from captioner.captions.glossary import Term
from captioner.errors import BadInput
from captioner.rooms.languages import language_tag, shown
from captioner.rooms.one_line import one_line

MOST_TERMS = 500
_LONGEST = 100
_TERM = "term"


def term_from(value: object) -> Term:
    """The term that a JSON object says; raises `BadInput`."""
    translations = value.get("translations") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(translations, dict):
        raise BadInput('a glossary entry must be {"term": text, "translations": {language: text}}')
    return Term(
        one_line(value.get(_TERM), "a glossary's term", longest=_LONGEST, least=1),
        {
            language_tag(tag): one_line(text, "a glossary's translation", longest=_LONGEST, least=1)
            for tag, text in translations.items()
        },
    )


def glossary_from(table: bytes, delimiter: str) -> tuple[Term, ...]:
    """The terms of a table in UTF-8 (or, with its mark, UTF-16); raises `BadInput` with the line.

    Where the header has semicolons and none of the delimiters, as some spreadsheets write CSV, they
    delimit.
    """
    text = _decoded(table)
    header = text.partition("\n")[0]
    if delimiter not in header and ";" in header:
        delimiter = ";"
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    languages: list[str] | None = None
    lines: dict[str, int] = {}
    terms: list[Term] = []
    for line, row in _rows(rows):
        try:
            if languages is None:
                languages = _languages(row)
                continue
            term = _term(row, languages)
            if term.term in lines:
                raise BadInput(f"{shown(term.term)} is on line {lines[term.term]} already")
            if len(terms) == MOST_TERMS:
                raise BadInput(f"a glossary may have {MOST_TERMS} terms")
        except BadInput as error:
            raise BadInput(f"line {line}: {error}") from error
        lines[term.term] = line
        terms.append(term)
    if languages is None:
        raise BadInput(f"line 1: there is no header: it begins with {_TERM!r}")
    return tuple(terms)


def glossary_table(glossary: Sequence[Term], delimiter: str) -> bytes:
    """The terms as a table in UTF-8, its languages in the order they first appear."""
    languages = list(dict.fromkeys(tag for term in glossary for tag in term.translations))
    text = io.StringIO(newline="")
    rows = csv.writer(text, delimiter=delimiter)
    rows.writerow([_TERM, *languages])
    for term in glossary:
        rows.writerow([term.term, *(term.translations.get(tag, "") for tag in languages)])
    return text.getvalue().encode()


def _decoded(table: bytes) -> str:
    utf_16 = table.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return table.decode("utf-16" if utf_16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = table.count(b"\n", 0, error.start) + 1
        raise BadInput(f"line {line}: this is not UTF-8: save the table as UTF-8") from error


def _rows(rows: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Each row that has something in it, with the line that it begins on."""
    line = 1
    while True:
        try:
            row = next(rows, None)
        except csv.Error as error:
            raise BadInput(f"line {line}: {error}") from error
        if row is None:
            return
        if any(cell.strip() for cell in row):
            yield line, row
        line = rows.line_num + 1  # type: ignore[attr-defined]


def _languages(header: Sequence[str]) -> list[str]:
    names = [cell.strip() for cell in header]
    while names and not names[-1]:
        names.pop()
    if not names or names[0].casefold() != _TERM:
        raise BadInput(f"the header begins with {_TERM!r}, not {shown(names[0] if names else '')}")
    languages = [language_tag(name) for name in names[1:]]
    for language in languages:
        if languages.count(language) > 1:
            raise BadInput(f"the header names {language} twice")
    return languages


def _term(row: Sequence[str], languages: Sequence[str]) -> Term:
    name, *cells = row
    if any(cell.strip() for cell in cells[len(languages) :]):
        raise BadInput(f"there are more cells than the header has ({len(languages) + 1})")
    translations = {tag: cell for tag, cell in zip(languages, cells, strict=False) if cell.strip()}
    return term_from({_TERM: name, "translations": translations})
