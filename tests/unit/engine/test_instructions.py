"""AVX-512 is asked for where an AMD has all of it, and nobody has decided otherwise."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from captioner.engine.instructions import use_avx512

ZEN4 = "avx2 avx512f avx512dq avx512cd avx512bw avx512vl avx512_vnni"


@pytest.mark.parametrize(
    ("vendor", "flags", "asked"),
    [
        ("AuthenticAMD", ZEN4, True),
        ("AuthenticAMD", "avx2 avx512f", False),
        ("GenuineIntel", ZEN4, False),
    ],
)
def test_avx512_is_asked_for_on_an_amd_that_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vendor: str, flags: str, asked: bool
) -> None:
    monkeypatch.delenv("CT2_FORCE_CPU_ISA", raising=False)
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\nvendor_id\t: {vendor}\nflags\t\t: {flags}\n\n", "utf-8")
    assert use_avx512(cpuinfo) is asked
    assert ("CT2_FORCE_CPU_ISA" in os.environ) is asked
    monkeypatch.delenv("CT2_FORCE_CPU_ISA", raising=False)


def test_what_was_decided_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CT2_FORCE_CPU_ISA", "AVX2")
    assert not use_avx512()
    assert os.environ["CT2_FORCE_CPU_ISA"] == "AVX2"


def test_a_system_that_does_not_tell_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CT2_FORCE_CPU_ISA", raising=False)
    assert not use_avx512(tmp_path / "none")
