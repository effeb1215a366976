"""Which way is taken from one language to another."""

from __future__ import annotations

from captioner.engine.translation.pairs import Kind, Pair, route, routes


def pairs(kind: Kind, *names: str) -> list[Pair]:
    ends = [name.split(">") for name in names]
    return [
        Pair(source, target, kind, origin=f"{kind} {source}>{target}") for source, target in ends
    ]


NEURAL = pairs("neural", "en>pt-BR", "pt-BR>en", "de>en")
RULES = pairs("rules", "en>es", "es>en", "es>it", "pt>ca", "en>pt", "es>en-US")


def names(way: tuple[Pair, ...]) -> list[str]:
    return [f"{pair.source}>{pair.target}" for pair in way]


def test_a_model_comes_before_rules() -> None:
    assert names(route([*RULES, *NEURAL], "en", "pt")) == ["en>pt-BR"]


def test_models_by_way_of_another_language_come_before_rules() -> None:
    direct = pairs("rules", "de>pt")
    assert names(route([*direct, *NEURAL], "de", "pt")) == ["de>en", "en>pt-BR"]


def test_a_direct_pair_comes_before_a_detour() -> None:
    direct = pairs("rules", "en>it", "en>es", "es>it")
    assert names(route(direct, "en", "it")) == ["en>it"]


def test_the_way_leads_through_english_or_spanish_and_through_nothing_else() -> None:
    assert names(route([*NEURAL, *RULES], "en", "it")) == ["en>es", "es>it"]
    assert names(route([*NEURAL, *RULES], "de", "es")) == ["de>en", "en>es"]
    assert route([*NEURAL, *RULES], "en", "ca") == ()  # en to pt to ca


def test_english_comes_before_spanish() -> None:
    direct = pairs("rules", "ca>es", "es>fr", "ca>en", "en>fr")
    assert names(route(direct, "ca", "fr")) == ["ca>en", "en>fr"]


def test_at_most_one_language_is_passed_through() -> None:
    assert route([*NEURAL, *RULES], "de", "it") == ()  # de to en to es to it


def test_a_region_gets_its_own_pair_and_others_the_plain_one() -> None:
    assert names(route(RULES, "es", "en-US")) == ["es>en-US"]
    assert names(route(RULES, "es-MX", "en-GB")) == ["es>en"]


def test_there_is_no_way_from_a_language_into_itself() -> None:
    direct = pairs("neural", "pt>en", "en>pt-BR", "zh>en", "en>zh-Hant")
    assert route(direct, "pt-PT", "pt-BR") == ()
    assert names(route(direct, "zh-Hans", "zh-Hant")) == ["zh>en", "en>zh-Hant"]


def test_of_two_equal_pairs_the_first_is_taken() -> None:
    first, second = Pair("en", "fr", "neural", origin="a"), Pair("en", "fr", "neural", origin="b")
    assert route([first, second], "en", "fr") == (first,)
    assert route([second, first], "en", "fr") == (second,)


def test_every_pair_that_there_is_a_way_for_is_named_once() -> None:
    found = routes(pairs("neural", "en>de") + pairs("rules", "es>en", "en>es"))
    assert [(pair.source, pair.target, pair.kind, pair.via) for pair in found] == [
        ("en", "de", "neural", ()),
        ("en", "es", "rules", ()),
        ("es", "en", "rules", ()),
        ("es", "de", "rules", ("en",)),
    ]
    assert found[-1].origin == "rules es>en, then neural en>de"
