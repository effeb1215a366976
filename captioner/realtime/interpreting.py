"""Who translates and who speaks, as whoever runs Captioner has chosen: words in, addresses out.

`embedded`; `openai` or `openai/MODEL`; `azure/DEPLOYMENT`; the ws:// or wss:// address of any
Realtime server with its model, or without one of a `captioner engine` (`captioner+ws://` says so);
to translate also `chat+http://host:port/v1#MODEL`, and a model that hears the speech itself:
`openai/gpt-realtime-translate`, `ws://host:port?model=captioner-live-translate`.
Empty: whoever recognises speech, if that can.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qs, urlencode, urlsplit

from captioner.errors import BadInput
from captioner.realtime.choice import Keys, is_port, shown_address, socket_address
from captioner.realtime.partners import (
    CAPTIONER,
    OWN_TRANSLATION,
    OWN_VOICE,
    HearingPartner,
    Partner,
    azure,
    elsewhere,
    embedded,
    hears,
    openai,
)

Work = Literal["translator", "voice"]
"""As the settings are called."""


@dataclass(frozen=True, slots=True)
class Converses:
    """A server of conversation sessions. `url` is empty for the embedded engine."""

    partner: Partner
    url: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Chats:
    """A server of chat completions; its address ends before `/chat/completions`."""

    url: str = field(repr=False)
    model: str
    key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Hears:
    """A server of translation sessions, which hear what they translate."""

    partner: HearingPartner
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Nobody:
    """Nobody was chosen, and who recognises speech can do nothing else. `why`: for people."""

    why: str


def own_address(engine: str, model: str) -> str:
    """The address of conversation sessions of a `captioner engine`, by that of its others."""
    url = urlsplit(engine)
    path = url.path if url.path.strip("/") else "/v1/realtime"
    return url._replace(path=path, query=urlencode({"model": model})).geturl()


def voices_address(sessions: str) -> str:
    """Where a `captioner engine` tells its voices, by the address of its sessions."""
    url = urlsplit(sessions)
    scheme = "https" if url.scheme == "wss" else "http"
    path = f"{url.path.removesuffix('/v1/realtime')}/voices"
    return url._replace(scheme=scheme, path=path, query="").geturl()


def who_translates(word: str, engine: str, keys: Keys) -> Converses | Chats | Hears | Nobody:
    """By the settings `translator` and `engine`; raises `BadInput` with what is wrong."""
    word = word.strip()
    if word.startswith(("chat+http://", "chat+https://")):
        return _chat(word.removeprefix("chat+"), keys.translator)
    chosen = _converses("translator", word, engine, keys, keys.translator)
    return _hears(chosen) or chosen if isinstance(chosen, Converses) else chosen


def who_speaks(word: str, engine: str, keys: Keys) -> Converses | Nobody:
    """By the settings `voice` and `engine`; raises `BadInput` with what is wrong."""
    return _converses("voice", word.strip(), engine, keys, keys.voice)


def _converses(work: Work, word: str, engine: str, keys: Keys, key: str) -> Converses | Nobody:
    if not word:
        return _as_recognised(work, engine.split(",")[0].strip(), keys)
    name, _, model = word.partition("/")
    if word == "embedded":
        return Converses(embedded(_own_model(work)))
    if name == "openai":
        return _openai(work, model, keys)
    if name == "azure":
        return _azure(work, model, keys)
    if "://" in word:
        return _address(work, word, key)
    raise BadInput(f"--{work}: {word!r} is none; known are {_known(work)}")


def _hears(chosen: Converses) -> Hears | None:
    """The same server by its other address, if its model hears what it translates."""
    partner = hears(chosen.partner.name, chosen.partner.model)
    if partner is None:
        return None
    url = urlsplit(chosen.url)
    path = f"{url.path.removesuffix('/translations')}/translations"
    return Hears(partner, url._replace(path=path).geturl(), chosen.headers, chosen.secret)


def _own_model(work: Work) -> str:
    return OWN_TRANSLATION if work == "translator" else OWN_VOICE


def _known(work: Work) -> str:
    chat = ", chat+http://host:port/v1#MODEL" if work == "translator" else ""
    return f"embedded, openai, azure/DEPLOYMENT{chat} or an address such as ws://host:port"


def _as_recognised(work: Work, engine: str, keys: Keys) -> Converses | Nobody:
    """Of the first recogniser what it can do beside; never an error: nobody asked for it."""
    name = engine.partition("/")[0]
    does = "translates" if work == "translator" else "speaks"
    if engine == "embedded":
        return Converses(embedded(_own_model(work)))
    if name == "openai":
        return _openai(work, "", keys)
    if name in ("azure", "azure-preview"):
        return Nobody(f"Nobody {does}: name a deployment that does with --{work} azure/DEPLOYMENT.")
    scheme, query = engine.partition("://")[0], parse_qs(urlsplit(engine).query)
    if scheme.rpartition("+")[0] in ("", "captioner") and "model" not in query:
        return _address(work, f"captioner+{engine.removeprefix('captioner+')}", keys.server)
    return Nobody(f"Nobody {does}: who recognises speech does not, and --{work} names nobody else.")


def _openai(work: Work, model: str, keys: Keys) -> Converses:
    if not keys.openai:
        raise BadInput(f"--{work}: openai needs a key: set OPENAI_API_KEY")
    partner = openai(model)
    query = urlencode({"model": partner.model})
    url = f"{socket_address('OPENAI_BASE_URL', keys.openai_url)}/realtime?{query}"
    headers = {"Authorization": f"Bearer {keys.openai}"}
    return Converses(partner, url, headers, keys.openai)


def _azure(work: Work, deployment: str, keys: Keys) -> Converses:
    if not deployment:
        raise BadInput(f"--{work}: azure needs the name of your deployment: azure/DEPLOYMENT")
    if not (keys.azure and keys.azure_url):
        raise BadInput(f"--{work}: azure needs AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_API_KEY")
    resource = socket_address("AZURE_OPENAI_ENDPOINT", keys.azure_url).removesuffix("/openai/v1")
    url = f"{resource}/openai/v1/realtime?{urlencode({'model': deployment})}"
    return Converses(azure(deployment), url, {"api-key": keys.azure}, keys.azure)


def _address(work: Work, word: str, key: str) -> Converses:
    dialect, _, carrier = word.partition("://")[0].rpartition("+")
    address = word.removeprefix(f"{dialect}+")
    url = urlsplit(address)
    if carrier not in ("ws", "wss") or not url.hostname or not is_port(url):
        raise BadInput(f"--{work}: {shown_address(word)} is no address such as ws://host:port")
    if dialect not in ("", CAPTIONER.name):
        raise BadInput(f"--{work}: {dialect!r} is no known server; known is {CAPTIONER.name}")
    model = parse_qs(url.query).get("model", [""])[0]
    if dialect or not model:
        model = model or _own_model(work)
        address = own_address(address, model)
    elif not url.path.strip("/"):
        address = url._replace(path="/v1/realtime").geturl()
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return Converses(elsewhere(model), address, headers, key)


def _chat(address: str, key: str) -> Chats:
    url = urlsplit(address)
    if not url.hostname or not is_port(url):
        shown = shown_address(address)
        raise BadInput(f"--translator: {shown} is no address such as http://host:port/v1")
    if not url.fragment:
        raise BadInput("--translator: chat+http:// needs its model: chat+http://host:port/v1#MODEL")
    return Chats(url._replace(fragment="").geturl(), url.fragment, key)
