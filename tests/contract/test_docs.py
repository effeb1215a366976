"""What the documents say is so, and nothing is left out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from captioner import __version__, errors
from captioner.cli import cli
from captioner.realtime.choice import Keys, choices
from captioner.realtime.cost import PRICES
from captioner.realtime.interpreting import who_translates
from captioner.realtime.providers import DIALECTS
from captioner.speech.realtime import VOICES
from tests.contract import settings_page

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
ENGINES = (ROOT / "docs" / "engines.md").read_text(encoding="utf-8")
PROTOCOL = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")

INSIDE = {errors.CaptionerError, errors.UserError, errors.SubscriberTooSlow, errors.Fenced}
"""Never seen by a client under a code of their own."""
NOT_ON_A_SOCKET = {
    errors.RoomExists,
    errors.CaptionNotFound,
    errors.CaptionOpen,
    errors.ServerUnreachable,
}


def kinds(base: type[errors.CaptionerError]) -> Iterator[type[errors.CaptionerError]]:
    yield base
    for kind in base.__subclasses__():
        yield from kinds(kind)


def test_every_setting_is_on_its_page() -> None:
    assert settings_page.PAGE.read_text(encoding="utf-8") == settings_page.render()


@pytest.mark.parametrize(
    "kind",
    [k for k in kinds(errors.CaptionerError) if k not in INSIDE | NOT_ON_A_SOCKET],
    ids=lambda kind: kind.code,
)
def test_every_error_is_in_the_protocol_under_its_close_code(
    kind: type[errors.CaptionerError],
) -> None:
    (row,) = [line for line in PROTOCOL.splitlines() if line.startswith(f"| {kind.close_code} ")]
    assert f"`{kind.code}`" in row


@pytest.mark.parametrize("command", list(cli.commands))
def test_every_command_is_in_the_readme(command: str) -> None:
    assert f"captioner {command}" in README


@pytest.mark.parametrize("command", [cli, *cli.commands.values()], ids=lambda command: command.name)
def test_every_option_is_explained_and_may_be_an_environment_variable(
    command: click.Command,
) -> None:
    options = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
    for option in options:
        if option.name == "version":
            continue
        assert option.help or isinstance(option.type, click.Choice), option.name
        names = [name for name in option.opts if name.startswith("--")]
        assert option.envvar == "CAPTIONER_" + names[0][2:].replace("-", "_").upper()


def test_the_newest_change_is_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\S+)", changelog, re.MULTILINE)
    assert newest is not None
    assert newest[1] == __version__


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    prose = re.sub(r"`[^`\n]*`", "", text)
    targets = [target.split("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", prose)]
    here = [target for target in targets if target and "://" not in target]
    assert [target for target in here if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_json_in_the_documents_is_json(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL):
        for line in block.strip().splitlines():
            json.loads(line)


def test_python_in_the_documents_compiles() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
            compile(block, page.name, "exec", flags=0x2000)  # await may stand outside a function


@pytest.mark.parametrize("engine", sorted(set(re.findall(r"--engine '?([^\s'`…]+)", ENGINES))))
def test_every_engine_in_the_documents_can_be_chosen(engine: str) -> None:
    assert choices(engine, Keys("key", azure="key", azure_url="https://me.openai.azure.com"))


@pytest.mark.parametrize("chosen", sorted(set(re.findall(r"--translator '?([^\s'`…,]+)", ENGINES))))
def test_every_translator_in_the_documents_can_be_chosen(chosen: str) -> None:
    assert who_translates(chosen, "embedded", Keys())


@pytest.mark.parametrize("voice", VOICES)
def test_every_voice_is_on_the_page_of_engines(voice: str) -> None:
    assert f"`{voice}`" in ENGINES


@pytest.mark.parametrize("name", [*DIALECTS, "embedded", "openai", "azure", "azure-preview"])
def test_every_kind_of_engine_is_explained(name: str) -> None:
    assert f"`{name}" in ENGINES


@pytest.mark.parametrize("model", [model for model, price in PRICES.items() if not price.free])
def test_every_price_is_on_the_page_of_engines(model: str) -> None:
    (row,) = [line for line in ENGINES.splitlines() if line.startswith(f"| `{model}`")]
    assert f"| {PRICES[model].usd_a_minute:g} " in row


def test_make_verbs_in_the_documents_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    verbs = {v for page in PAGES for v in re.findall(r"`make (\w+)`", page.read_text("utf-8"))}
    assert [verb for verb in sorted(verbs) if not re.search(rf"^{verb}:", makefile, re.M)] == []
