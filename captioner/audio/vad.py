"""Silero's voice detector, fed as the samples come.

The model ships with faster-whisper; only its file is used, nothing of faster-whisper is imported.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from captioner.errors import EngineUnavailable

FRAME = 512
"""Samples per probability: 32 ms."""
_CONTEXT = 64
"""Samples of the frame before, which the model wants to hear again."""


class VoiceDetector:
    """How likely each frame of one stream of 16 kHz mono samples is speech.

    Any chunking of the same samples gives the same probabilities.
    """

    def __init__(self) -> None:
        self._session = _session()
        self._rest = np.zeros(0, np.float32)
        self._heard = np.zeros(_CONTEXT, np.float32)
        self._hidden = np.zeros((1, 1, 128), np.float32)
        self._cell = np.zeros((1, 1, 128), np.float32)

    def feed(self, samples: npt.NDArray[np.float32]) -> list[float]:
        """Return the probabilities of the frames that `samples` complete, oldest first."""
        samples = np.concatenate([self._rest, samples])
        whole = samples.size - samples.size % FRAME
        self._rest = samples[whole:]
        return [self._probability(samples[at : at + FRAME]) for at in range(0, whole, FRAME)]

    def _probability(self, frame: npt.NDArray[np.float32]) -> float:
        # One frame a call: a batch differs in the last bits, and so might a threshold.
        inputs = {
            "input": np.concatenate([self._heard, frame])[np.newaxis],
            "h": self._hidden,
            "c": self._cell,
        }
        output, self._hidden, self._cell = self._session.run(None, inputs)
        self._heard = frame[-_CONTEXT:]
        return float(output.item())


@cache
def _session():  # type: ignore[no-untyped-def]
    """The model, shared by all streams: their state travels with each call."""
    try:
        import onnxruntime
    except ImportError as error:
        raise EngineUnavailable(
            "Voice detection is not installed. Install it: pip install 'captioner[embedded]'"
        ) from error
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = 1
    options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(
        str(_model_file()), options, providers=["CPUExecutionProvider"]
    )


def _model_file() -> Path:
    spec = importlib.util.find_spec("faster_whisper")
    if spec is None or not spec.submodule_search_locations:
        raise EngineUnavailable(
            "Voice detection is not installed. Install it: pip install 'captioner[embedded]'"
        )
    return Path(spec.submodule_search_locations[0]) / "assets" / "silero_vad_v6.onnx"
