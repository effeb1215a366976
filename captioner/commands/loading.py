"""A progress bar while models load or are downloaded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn


class Loading:
    """Shows how far each stage is, on a terminal; silent where nobody looks."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._stages: dict[str, TaskID] = {}

    def report(self, stage: str, fraction: float) -> None:
        """`fraction` of what `stage` says is done; may be called from any thread."""
        if stage not in self._stages:
            for task in self._stages.values():
                self._bar.update(task, visible=False)
            self._stages[stage] = self._bar.add_task(stage, total=1.0)
        self._bar.update(self._stages[stage], completed=fraction)

    def done(self) -> None:
        """Take the bar away."""
        self._bar.stop()


@contextmanager
def loading() -> Iterator[Loading]:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    bar = Progress(
        *columns,
        console=console,
        transient=True,
        redirect_stdout=False,
        disable=not console.is_terminal,
    )
    with bar:
        yield Loading(bar)
