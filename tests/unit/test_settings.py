from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from captioner.errors import BadInput
from captioner.settings import ROLES, every_setting, read_settings


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have settings of their own."""
    for setting in every_setting():
        monkeypatch.delenv(setting.variable, raising=False)


def test_an_option_wins_over_the_environment_and_that_over_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert read_settings().port == 8000
    monkeypatch.setenv("CAPTIONER_PORT", "9000")
    monkeypatch.setenv("CAPTIONER_DATA", "/srv/captions")
    assert read_settings().data == Path("/srv/captions")
    assert read_settings().port == 9000
    assert read_settings({"port": 9001}).port == 9001


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAPTIONER_PORT", "")
    assert read_settings().port == 8000


def test_a_name_that_nobody_reads_is_refused_with_the_nearest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CAPTIONER_PROT", "9000")
    with pytest.raises(BadInput, match="CAPTIONER_PROT.*did you mean CAPTIONER_PORT"):
        read_settings()
    assert read_settings(also_known=["CAPTIONER_PROT"]).port == 8000


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"port": 70_000}, "--port"),
        ({"device": "gpu"}, "--device"),
        ({"engine": "openia"}, "--engine: 'openia' is neither embedded, openai or azure/DEP"),
        ({"engine": "openai,"}, "--engine: '' is neither"),
        ({"engine": "http://host?key=s3cret"}, "--engine: 'http://host' is neither"),
        ({"engine": "localhost:9"}, "--engine: .* neither embedded, openai"),
        ({"redis": "localhost"}, "--redis: it must be an address such as redis://127.0.0.1:6379"),
        ({"role": "gateway"}, "--role: .* name it with --redis"),
        ({"role": "gatekeeper"}, "--role: 'gatekeeper' is not one of all, archive, gateway"),
        ({"role": "gateway,"}, "--role: '' is not one of all"),
        ({"log_level": "loud"}, "--log-level"),
        ({"budget_room": "-1"}, "--budget-room: .* greater than or equal to 0"),
        ({"budget_day": "inf"}, "--budget-day: .* finite number"),
        ({"prices": "whisper-1"}, "--prices: 'whisper-1' is not model=usd, such as gpt-"),
        ({"prices": "=0.1"}, "--prices: '=0.1' is not model=usd"),
        ({"prices": "a=1,"}, "--prices: '' is not model=usd"),
        ({"prices": '{"a": 1}'}, "--prices: .* is not model=usd"),
        ({"prices": "a=cheap"}, "--prices: the price of a must be in USD a minute.*not 'cheap'"),
        ({"prices": "a="}, "--prices: the price of a must be"),
        ({"prices": "a=-1"}, "--prices: the price of a must be"),
        ({"prices": "a=nan"}, "--prices: the price of a must be"),
        ({"prices": "a=inf"}, "--prices: the price of a must be"),
        ({"prices": "a=1,b=2,a=3"}, "--prices: a has two prices"),
        ({"prices": "a=1/"}, "--prices: the price of a must be in USD a million tokens, in/out"),
        ({"prices": "a=1/2/3/4"}, "--prices: the price of a must be in USD a million"),
        ({"prices": "a=1/-2"}, "--prices: the price of a must be in USD a million"),
    ],
)
def test_a_value_that_cannot_be_is_explained(given: dict[str, object], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read_settings(given)


def test_prices_and_budgets_come_from_options_and_the_environment_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert (read_settings().prices, read_settings().budget_room) == ({}, 0.0)
    assert read_settings({"prices": "a=1, org/b=0.5", "budget_room": "5"}).budget_room == 5.0
    monkeypatch.setenv("CAPTIONER_PRICES", "a=1, org/b=0.5")
    monkeypatch.setenv("CAPTIONER_BUDGET_DAY", "2.50")
    assert read_settings().prices == {"a": 1.0, "org/b": 0.5}
    assert read_settings().budget_day == 2.5
    assert read_settings({"prices": ""}).prices == {}
    assert read_settings({"prices": "a=0.6/2.4, b=0.6/2.4/20"}).prices == {
        "a": (0.6, 2.4),
        "b": (0.6, 2.4, 20.0),
    }


def test_roles_are_some_or_all_of_what_there_is_to_do() -> None:
    assert read_settings().roles == ROLES
    shared = {"redis": "redis://localhost"}
    assert read_settings({**shared, "role": "ingest, archive"}).roles == {"ingest", "archive"}
    assert read_settings({**shared, "role": "all,gateway"}).roles == ROLES


def test_a_password_of_redis_is_never_shown() -> None:
    settings = read_settings({"redis": "redis://:s3cret@localhost"})
    assert settings.redis.get_secret_value() == "redis://:s3cret@localhost"
    assert "s3cret" not in f"{settings!r} {settings}"


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        read_settings().port = 1  # type: ignore[misc]


OF_THE_ENVIRONMENT = {
    "CAPTIONER_ENGINE_KEY",
    "CAPTIONER_TRANSLATOR_KEY",
    "CAPTIONER_VOICE_KEY",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "AZURE_OPENAI_ENDPOINT",
    "AZURE_OPENAI_API_KEY",
}
"""Keys, and what belongs to them: options are seen by everybody who lists processes."""


def test_keys_are_read_from_the_environment_and_never_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    assert read_settings().openai_api_key.get_secret_value() == "sk-secret"
    assert "sk-secret" not in f"{read_settings()!r} {read_settings()}"


def test_every_setting_has_a_sentence() -> None:
    for setting in every_setting():
        assert setting.description.endswith("."), setting
        assert setting.option.startswith("--") or setting.variable in OF_THE_ENVIRONMENT
