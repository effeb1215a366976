"""A chain of programs that stays: a text in, what comes out at its end.

Programs of the Apertium family end every answer with a zero byte when they are started with -z.
"""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Sequence

_PIECE = 1 << 16
_ENVIRONMENT = {"LC_ALL": "C.UTF-8"}
_TO_END_S = 1.0
"""How long programs may take to end by themselves once nobody writes to them."""


class PipelineBroken(Exception):
    """A program of it ended, or could not be started."""


class Pipeline:
    """Not for several threads at once. After any failure it must be closed."""

    def __init__(self, commands: Sequence[Sequence[str]]) -> None:
        self._programs: list[subprocess.Popen[bytes]] = []
        try:
            for command in commands:
                self._programs.append(self._started(command))
        except OSError as error:
            self.close()
            raise PipelineBroken(f"{error.filename}: {error.strerror}") from error
        self._in = _pipe(self._programs[0].stdin)
        self._out = _pipe(self._programs[-1].stdout)

    @property
    def processes(self) -> tuple[int, ...]:
        """Their process ids."""
        return tuple(program.pid for program in self._programs)

    def ask(self, text: bytes, patience_s: float) -> bytes:
        """Send `text`, return the answer; both without the zero byte at the end.

        Raises PipelineBroken, or TimeoutError when there is no answer within `patience_s`.
        """
        unsent, answer = text + b"\0", b""
        deadline = time.monotonic() + patience_s
        while not answer.endswith(b"\0"):
            left = deadline - time.monotonic()
            readable, writable, _ = select.select(
                [self._out], [self._in] if unsent else [], [], max(left, 0.0)
            )
            if not readable and not writable:
                raise TimeoutError(f"no answer within {patience_s:g} s")
            if writable:
                unsent = unsent[self._written(unsent) :]
            if readable:
                answer += self._read()
        return answer[:-1]

    def close(self) -> None:
        """End the programs; returns when they are gone."""
        for program in self._programs:
            if program.stdin:
                program.stdin.close()
        deadline = time.monotonic() + _TO_END_S
        for program in self._programs:
            try:
                program.wait(max(deadline - time.monotonic(), 0.0))
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()
            if program.stdout:
                program.stdout.close()

    def _started(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        before = self._programs[-1].stdout if self._programs else None
        program = subprocess.Popen(
            command,
            stdin=before or subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **_ENVIRONMENT},
            process_group=0,  # Ctrl-C is for us: what was said is still to be translated
        )
        if before:
            before.close()
        return program

    def _written(self, text: bytes) -> int:
        try:
            return os.write(self._in, text)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise PipelineBroken("it ended") from error

    def _read(self) -> bytes:
        piece = os.read(self._out, _PIECE)
        if not piece:
            raise PipelineBroken("it ended")
        return piece


def _pipe(stream: object) -> int:
    assert hasattr(stream, "fileno")
    number = int(stream.fileno())
    os.set_blocking(number, False)
    return number
