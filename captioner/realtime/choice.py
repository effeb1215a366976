"""The servers that whoever runs Captioner has chosen: words in, addresses and abilities out.

`embedded`; `openai` or `openai/MODEL`; `azure/DEPLOYMENT`, `azure-preview/DEPLOYMENT`; the ws:// or
wss:// address of any Realtime server, with `localai+`, `speaches+`, `vllm+` or `captioner+` before
it where it is one of these. Several, with commas between, are tried in their order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import SplitResult, parse_qs, urlencode, urlsplit

from captioner.errors import BadInput
from captioner.realtime.connection import transcription_address
from captioner.realtime.providers import (
    ANY,
    DIALECTS,
    EMBEDDED,
    LOCALAI,
    SPEACHES,
    VLLM,
    Provider,
    azure,
    openai,
)

OPENAI_URL = "https://api.openai.com/v1"
AZURE_PREVIEW_VERSION = "2025-04-01-preview"


@dataclass(frozen=True, slots=True)
class Keys:
    """What servers ask for before they let anybody in; never shown."""

    openai: str = field(default="", repr=False)
    openai_url: str = OPENAI_URL
    azure: str = field(default="", repr=False)
    azure_url: str = ""
    server: str = field(default="", repr=False)
    """Of recognisers that were chosen by their address."""
    translator: str = field(default="", repr=False)
    voice: str = field(default="", repr=False)
    """The same, of who translates, and of who speaks."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A server: what it can do, and how to get there. `url` is empty for the embedded engine."""

    provider: Provider
    url: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret: str = field(default="", repr=False)


def choices(engine: str, keys: Keys) -> list[Choice]:
    """The servers of the setting `engine`; raises `BadInput` with what is wrong or missing."""
    words = [word.strip() for word in engine.split(",")]
    if not all(words) or len(set(words)) < len(words):
        raise BadInput(f"{engine!r} names an engine twice, or none between two commas")
    chosen = [_choice(word, keys) for word in words]
    names = [choice.provider.name for choice in chosen]
    return [
        replace(choice, provider=replace(choice.provider, name=_nth(names[: place + 1])))
        for place, choice in enumerate(chosen)
    ]


def _nth(names: list[str]) -> str:
    """The last of the names, with its number where it is not the first of its kind."""
    number = names.count(names[-1])
    return names[-1] if number == 1 else f"{names[-1]}-{number}"


def _choice(word: str, keys: Keys) -> Choice:
    name, _, model = word.partition("/")
    if word == EMBEDDED.name:
        return Choice(EMBEDDED)
    if name == "openai":
        return _openai(model, keys)
    if name in ("azure", "azure-preview"):
        return _azure(name, model, keys)
    if "://" in word:
        return _address(word, keys)
    known = "embedded, openai, azure/DEPLOYMENT or an address such as ws://host:port"
    raise BadInput(f"{word!r} is no engine; known are {known}")


def _openai(model: str, keys: Keys) -> Choice:
    if not keys.openai:
        raise BadInput("openai needs a key: set OPENAI_API_KEY")
    # No model in the address: with one it would be a conversation.
    url = f"{socket_address('OPENAI_BASE_URL', keys.openai_url)}/realtime?intent=transcription"
    headers = {"Authorization": f"Bearer {keys.openai}"}
    return Choice(openai(model), url, headers, keys.openai)


def _azure(name: str, deployment: str, keys: Keys) -> Choice:
    if not deployment:
        raise BadInput(f"{name} needs the name of your deployment: {name}/DEPLOYMENT")
    if not (keys.azure and keys.azure_url):
        raise BadInput(f"{name} needs AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_API_KEY")
    preview = name == "azure-preview"
    path = "openai/realtime" if preview else "openai/v1/realtime"
    version = {"api-version": AZURE_PREVIEW_VERSION} if preview else {}
    query = urlencode({**version, "intent": "transcription"})
    resource = socket_address("AZURE_OPENAI_ENDPOINT", keys.azure_url)
    url = f"{resource.removesuffix('/openai/v1')}/{path}?{query}"
    return Choice(azure(deployment, preview=preview), url, {"api-key": keys.azure}, keys.azure)


def _address(word: str, keys: Keys) -> Choice:
    scheme = word.partition("://")[0]
    dialect, _, carrier = scheme.rpartition("+")
    address = word.removeprefix(f"{dialect}+")
    url = urlsplit(address)
    if carrier not in ("ws", "wss") or not url.hostname or not is_port(url):
        raise BadInput(f"{shown_address(word)} is no address such as ws://host:port")
    if dialect and dialect not in DIALECTS:
        raise BadInput(f"{dialect!r} is no known server; known are {', '.join(DIALECTS)}")
    provider = replace(DIALECTS[dialect], name=dialect) if dialect else ANY
    query = parse_qs(url.query)
    model = query.get("model", [""])[0]
    secret = keys.server or query.get("api_key", [""])[0]
    if provider in (LOCALAI, SPEACHES, VLLM) and not model:
        raise BadInput(f"{dialect} needs its model in the address: {dialect}+ws://…?model=MODEL")
    if provider == SPEACHES and "intent" not in query:  # without it, a conversation
        address = url._replace(query=f"{url.query}&intent=transcription").geturl()
    if model and provider.dialect != LOCALAI.dialect:  # which knows its pipeline by the address
        provider = replace(provider, model=model)
    headers = {"Authorization": f"Bearer {keys.server}"} if keys.server else {}
    return Choice(provider, transcription_address(address), headers, secret)


def socket_address(variable: str, url: str) -> str:
    """The address of an API over WebSocket, as the variable gives it."""
    scheme, separator, rest = url.partition("://")
    if scheme not in ("http", "https", "ws", "wss") or not separator or not rest:
        raise BadInput(f"{variable} must be an address that begins with https://")
    return f"{scheme.replace('http', 'ws')}://{rest.rstrip('/')}"


def is_port(url: SplitResult) -> bool:
    """Whether its port, if it has one, is one."""
    try:
        return url.port is None or url.port > 0
    except ValueError:
        return False


def shown_address(address: str) -> str:
    """An address without what may be a secret in it."""
    url = urlsplit(address)
    return repr(f"{url.scheme}://{url.hostname or ''}{url.path}")
