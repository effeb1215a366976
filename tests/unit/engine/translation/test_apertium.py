"""Apertium's pairs, by the real programs."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from captioner.engine.translation.apertium import Apertium
from captioner.engine.translation.pairs import Pair
from captioner.errors import TranslationUnavailable
from tests.processes import wait_for


def pair_of(apertium: Apertium, source: str, target: str) -> Pair:
    (found,) = (p for p in apertium.pairs() if (p.source, p.target) == (source, target))
    return found


@pytest.fixture
def fresh(some_modes: Path) -> Iterator[Apertium]:
    """One whose processes may be killed."""
    backend = Apertium(some_modes)
    yield backend
    backend.close()


@pytest.mark.parametrize(
    ("source", "target", "said", "heard"),
    [
        ("en", "es", "Good morning everyone, thank you for joining the call.", "Buenos días"),
        ("en", "es", "I don't think we should change the deadline.", "fecha límite"),
        ("es", "en", "Contratamos tres ingenieros el mes pasado.", "three engineers"),
        (
            "es",
            "it",
            "El lanzamiento se ha retrasado dos semanas por un problema de seguridad.",
            "due settimane per un problema di sicurezza.",
        ),
    ],
)
def test_it_translates(apertium: Apertium, source: str, target: str, said: str, heard: str) -> None:
    assert heard in apertium.translate(said, pair_of(apertium, source, target))


def test_words_that_it_does_not_know_stay_without_a_mark(apertium: Apertium) -> None:
    into_spanish = pair_of(apertium, "en", "es")
    assert apertium.translate("I love Foobarware.", into_spanish).endswith("Foobarware.")


@pytest.mark.parametrize("sign", list("[]{}^$/\\@<>*#+"))
def test_signs_that_it_reserves_come_out_as_they_went_in(apertium: Apertium, sign: str) -> None:
    into_spanish = pair_of(apertium, "en", "es")
    translation = apertium.translate(f"the house {sign} 7", into_spanish)
    assert "casa" in translation
    assert sign in translation


@pytest.mark.parametrize("text", ["a\0b", "line\nline", "[][\n]", "\\", "]", "^x<n>$", "  a  "])
def test_no_text_brings_answers_out_of_step(apertium: Apertium, text: str) -> None:
    into_spanish = pair_of(apertium, "en", "es")
    apertium.translate(text, into_spanish)
    assert apertium.translate("Hello", into_spanish) == "Hola"


def test_accents_survive(apertium: Apertium) -> None:
    assert "Ñandúcix" in apertium.translate("Hola, Ñandúcix.", pair_of(apertium, "es", "en"))


def test_processes_stay_from_sentence_to_sentence(fresh: Apertium) -> None:
    into_spanish = pair_of(fresh, "en", "es")
    assert fresh.processes(into_spanish) == ()
    fresh.translate("Hello", into_spanish)
    first = fresh.processes(into_spanish)
    fresh.translate("Hello", into_spanish)
    assert fresh.processes(into_spanish) == first != ()


@pytest.mark.parametrize("which", [0, 4, -1])
def test_a_process_that_died_is_started_again(fresh: Apertium, which: int) -> None:
    into_spanish = pair_of(fresh, "en", "es")
    fresh.translate("Hello", into_spanish)
    before = fresh.processes(into_spanish)
    os.kill(before[which], signal.SIGKILL)
    assert fresh.translate("Hello", into_spanish) == "Hola"
    assert not set(before) & set(fresh.processes(into_spanish))
    assert not any(map(psutil.pid_exists, before))


def test_a_hang_is_cut_and_the_next_sentence_gets_another_process(tmp_path: Path) -> None:
    program = tmp_path / "hangs-once"
    program.write_text(f"#!/bin/sh\nmkdir {tmp_path}/hung && exec sleep 1000\nexec cat\n")
    program.chmod(0o755)
    (tmp_path / "eng-spa.mode").write_text(f"{program} -b")
    apertium = Apertium(tmp_path, patience_s=1.0)
    (into_spanish,) = apertium.pairs()
    with pytest.raises(TranslationUnavailable, match=r"eng-spa failed: no answer within \d+ s"):
        apertium.translate("Hello", into_spanish)
    assert apertium.processes(into_spanish) == ()
    assert apertium.translate("Hello", into_spanish) == "Hello"
    apertium.close()


def test_closing_ends_the_processes(fresh: Apertium) -> None:
    for pair in fresh.pairs():
        fresh.translate("radio", pair)
    running = [number for pair in fresh.pairs() for number in fresh.processes(pair)]
    assert all(map(psutil.pid_exists, running))
    fresh.close()
    assert not any(map(psutil.pid_exists, running))


def test_processes_end_when_whoever_started_them_is_killed(some_modes: Path) -> None:
    program = (
        "from pathlib import Path; from captioner.engine.translation.apertium import Apertium\n"
        f"apertium = Apertium(Path({str(some_modes)!r})); pair = apertium.pairs()[0]\n"
        "apertium.translate('Hello', pair); print(*apertium.processes(pair), flush=True)\n"
        "input()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as starter:
        assert starter.stdout is not None
        running = [int(number) for number in starter.stdout.readline().split()]
        starter.kill()
    assert len(running) > 5
    wait_for(lambda: not any(map(_runs, running)), "the processes end")


def _runs(number: int) -> bool:
    """Whoever inherits the dead may not have buried them yet."""
    try:
        return bool(psutil.Process(number).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def test_threads_get_their_own_answers(apertium: Apertium) -> None:
    into_spanish = pair_of(apertium, "en", "es")
    said = [f"the house {number}" for number in range(40)]
    with ThreadPoolExecutor(8) as threads:
        heard = list(threads.map(lambda text: apertium.translate(text, into_spanish), said))
    assert [text.split()[-1] for text in heard] == [str(number) for number in range(40)]


def test_variants_are_left_out_unless_they_are_regions(some_modes: Path, tmp_path: Path) -> None:
    plain = (some_modes / "eng-spa.mode").read_text()
    for name in ("eng-spa", "eng-spa_MX", "eng-spa_rioplatense", "eng-spa-debug", "eng-morph"):
        (tmp_path / f"{name}.mode").write_text(plain)
    (tmp_path / "eng-tok.mode").write_text("lt-proc -w\n")  # analyses, and translates nothing
    found = Apertium(tmp_path).pairs()
    assert [(pair.source, pair.target) for pair in found] == [("en", "es"), ("en", "es-MX")]


@pytest.mark.parametrize(
    ("content", "missing"),
    [
        ("lt-proc -b /nowhere.bin | no-such-program", "no-such-program"),
        ("lt-proc -b '/nowhere.bin'", "/nowhere.bin"),
    ],
)
def test_a_pair_whose_parts_are_missing_is_left_out_with_a_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str, missing: str
) -> None:
    (tmp_path / "eng-spa.mode").write_text(content)
    with caplog.at_level(logging.WARNING):
        assert Apertium(tmp_path).pairs() == ()
    assert [f"{missing} is missing" in record.getMessage() for record in caplog.records] == [True]


def test_a_program_that_always_fails_is_tried_twice_and_said(tmp_path: Path) -> None:
    (tmp_path / "eng-spa.mode").write_text(f"{sys.executable} -b -c 'raise SystemExit(1)'")
    apertium = Apertium(tmp_path)
    (into_spanish,) = apertium.pairs()
    with pytest.raises(TranslationUnavailable, match="eng-spa failed: it ended"):
        apertium.translate("Hello", into_spanish)
    apertium.close()


def test_where_apertium_is_not_installed_there_are_no_pairs(tmp_path: Path) -> None:
    assert Apertium(tmp_path / "nothing").pairs() == ()
