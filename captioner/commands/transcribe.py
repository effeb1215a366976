"""`captioner transcribe`: recordings into subtitle files, without a server."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from captioner.archive import srt, text, transcript_json, ttml, webvtt
from captioner.archive.files import replace_file
from captioner.audio.files import AudioFile
from captioner.batch import Batch
from captioner.captions.messages import to_message
from captioner.captions.model import Caption, Gap
from captioner.commands.options import CommaSeparated, LanguageTag, json_option, option, to_option
from captioner.commands.running import run
from captioner.commands.settings_options import settings_given, settings_options
from captioner.errors import CaptionerError
from captioner.realtime.providers import for_recordings
from captioner.settings import Settings
from captioner.translation.offline import translations
from captioner.translation.translator import Translator

if TYPE_CHECKING:
    from captioner.recogniser import Recogniser

FORMATS = {
    "vtt": webvtt.render,
    "srt": srt.render,
    "txt": text.render,
    "json": transcript_json.render,
    "ttml": ttml.render,
}


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=Path)
@option(
    "--format",
    "formats",
    default="vtt",
    type=CommaSeparated(tuple(FORMATS)),
    help=f"Some of {','.join(FORMATS)}.",
)
@option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write to.  [default: beside each file]",
)
@option("--language", default="auto", type=LanguageTag("auto"), help="Spoken language.")
@to_option
@settings_options("engine", "translator", "model", "device", "cache")
@json_option
@click.pass_context
def transcribe(
    context: click.Context,
    /,
    *,
    files: tuple[Path, ...],
    formats: tuple[str, ...],
    out: Path | None,
    language: str,
    to: tuple[str, ...],
    as_json: bool,
    **given: str | None,
) -> None:
    """Write FILE.LANGUAGE.vtt for every FILE of audio or video, and one for each language of --to.

    The files are there when they are complete; one that was there before is replaced.
    """
    settings = settings_given(context, given)
    names = Counter(file.name for file in files)
    if out and len(names) < len(files):
        raise click.UsageError(f"Two of the files are called {names.most_common(1)[0][0]}.")
    writing = _Writing(formats, out, as_json=as_json)
    run(_all(files, language, to, settings, writing))
    if writing.failed:
        raise CaptionerError(f"{writing.failed} of {len(files)} not transcribed.")


class _Writing:
    """Where transcripts go, and how it went."""

    def __init__(self, formats: tuple[str, ...], out: Path | None, *, as_json: bool) -> None:
        self._formats = formats
        self._out = out
        self.as_json = as_json
        self.written: list[Path] = []
        self.failed = 0

    def said(self, file: Path, caption: Caption) -> None:
        if self.as_json:
            event = {**to_message(caption), "file": str(file)}
            click.echo(json.dumps(event, ensure_ascii=False))

    def done(self, file: Path, language: str, captions: list[Caption], gaps: list[Gap]) -> None:
        """All that is said in the file is here, in a language."""
        folder = self._out or file.parent
        folder.mkdir(parents=True, exist_ok=True)
        for name in self._formats:
            target = folder / f"{file.name}.{language}.{name}"
            replace_file(target, FORMATS[name](captions, gaps, language).encode())
            self.written.append(target)

    def missing(self, file: Path, gaps: list[Gap]) -> None:
        for gap in gaps:
            click.echo(f"{file}: {gap.start:.0f} to {gap.end:.0f} s: {gap.reason}", err=True)

    def untranslated(self, file: Path, language: str, count: int) -> None:
        if count:
            said = "caption says" if count == 1 else "captions say"
            click.echo(
                f"{file}: {count} {said} in {language} what was said: no translation came.",
                err=True,
            )

    def wrong(self, file: Path, error: Exception) -> None:
        self.failed += 1
        reason = error.strerror if isinstance(error, OSError) else error
        click.echo(f"{file}: {reason}", err=True)


async def _all(
    files: tuple[Path, ...],
    language: str,
    to: tuple[str, ...],
    settings: Settings,
    writing: _Writing,
) -> None:
    from captioner.interpreter import interpreter
    from captioner.recogniser import recogniser  # numpy and the codecs take a while to load

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    progress = Progress(
        *columns,
        console=console,
        redirect_stdout=False,
        disable=not console.is_terminal or writing.as_json,
    )
    async with AsyncExitStack() as stack:
        recognises = await stack.enter_async_context(recogniser(settings))
        translator = None
        if to:
            interprets = interpreter(settings, recognises.embedded)
            translator = (await stack.enter_async_context(interprets)).translator
        with progress:
            for file in files:
                batch = await _one(file, language, recognises, progress, writing)
                if batch is not None and translator is not None:
                    await _translate(file, batch, to, translator, progress, writing)
    for target in writing.written if not writing.as_json else ():
        click.echo(target)


async def _one(
    file: Path, language: str, recognises: Recogniser, progress: Progress, writing: _Writing
) -> Batch | None:
    task = progress.add_task(file.name, total=None)
    engine = recognises.engines[0]
    provider = for_recordings(engine.provider)
    batch = Batch(
        language,
        on_caption=lambda caption: writing.said(file, caption),
        on_progress=lambda seconds: progress.update(task, completed=seconds),
        provider=provider,
        sample_rate=provider.sample_rate,
    )
    try:
        with AudioFile(str(file), provider.sample_rate) as audio:
            progress.update(task, total=audio.duration)
            await batch.run(engine.connect, audio)
        writing.done(file, batch.language, batch.captions, batch.gaps)
        writing.missing(file, batch.gaps)
    except (CaptionerError, OSError) as error:
        writing.wrong(file, error)
        return None
    progress.update(task, total=1, completed=1)
    return batch


async def _translate(
    file: Path,
    batch: Batch,
    languages: tuple[str, ...],
    translator: Translator,
    progress: Progress,
    writing: _Writing,
) -> None:
    """Write the transcript in other languages too."""
    for language in languages:
        if language == batch.language:
            continue
        task = progress.add_task(f"{file.name} in {language}", total=len(batch.captions))
        made: list[Caption] = []
        try:
            async for caption in translations(batch.captions, language, translator):
                made.append(caption)
                writing.said(file, caption)
                progress.update(task, completed=len(made))
            gaps = [replace(gap, language=language) for gap in batch.gaps]
            writing.done(file, language, made, gaps)
        except (CaptionerError, OSError) as error:
            writing.wrong(file, error)
        else:
            writing.untranslated(file, language, sum(caption.untranslated for caption in made))
