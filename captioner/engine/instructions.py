"""CTranslate2 on a CPU that can do more than it is asked to.

CTranslate2 takes AVX2 on every AMD, since the first with AVX-512 came after that choice. Zen 4
(EPYC 9004) decodes in a twentieth less time with it. Its own CT2_FORCE_CPU_ISA has the last word.
"""

from __future__ import annotations

import os
from pathlib import Path

_VARIABLE = "CT2_FORCE_CPU_ISA"
_AVX512 = frozenset({"avx512f", "avx512cd", "avx512vl", "avx512bw", "avx512dq"})
"""What CTranslate2's AVX-512 code needs."""


def use_avx512(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Ask for AVX-512 where an AMD has it, before CTranslate2 looks; say whether it was asked."""
    if _VARIABLE in os.environ:
        return False
    try:
        lines = cpuinfo.read_text("utf-8").splitlines()
    except OSError:  # not Linux
        return False
    said = {name.strip(): value for name, _, value in (line.partition(":") for line in lines)}
    amd = said.get("vendor_id", "").strip() == "AuthenticAMD"
    if not amd or not set(said.get("flags", "").split()) >= _AVX512:
        return False
    os.environ[_VARIABLE] = "AVX512"
    return True
