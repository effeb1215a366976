"""What Prometheus reads, and its page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from captioner.captions.model import Gap
from captioner.metrics import Metrics
from tests.contract.edge import Edge
from tests.unit.delivery.speaking import final

pytestmark = pytest.mark.anyio

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def count_everything(metrics: Metrics) -> None:
    metrics.session_opened("embedded")
    metrics.session_lost("embedded", "closed")
    metrics.engine_available("embedded", True)
    metrics.failed_over("cloud", "embedded")
    metrics.session_rotated("cloud", "pause")
    metrics.audio_sent("embedded", 2.5)
    metrics.audio_replayed("embedded", 0.5)
    metrics.gap("paused", 3.0)
    metrics.guarded("loop", "retried")
    metrics.keeper_taken_over()
    metrics.lease_lost()
    metrics.shown_unnumbered()
    metrics.watch_redis(lambda: True)
    metrics.watch_rooms_kept(lambda: 2)
    metrics.watch_readers(lambda: 3)
    metrics.watch_listeners(lambda: 4)
    metrics.watch_speech_lag(lambda: 1.5)
    metrics.speech_skipped()


async def test_what_was_counted_is_served_as_prometheus_reads_it(edge: Edge) -> None:
    count_everything(edge.metrics)
    edge.metrics.audio_sent("embedded", 1.0)
    answer = await edge.ask("GET", "/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    samples = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.body.decode())
        for sample in family.samples
    }
    embedded = ("engine", "embedded")
    assert samples[("captioner_audio_sent_seconds_total", embedded)] == 3.5
    assert samples[("captioner_engine_available", embedded)] == 1.0
    assert samples[("captioner_gap_seconds_total", ("reason", "paused"))] == 3.0
    failover = (("from_engine", "cloud"), ("to_engine", "embedded"))
    assert samples[("captioner_failovers_total", *failover)] == 1.0


async def test_neither_rooms_nor_words_are_told(edge: Edge) -> None:
    await edge.publish("board-meeting", final(1, text="salaries"), Gap("en", 5.0, 6.0, "paused"))
    count_everything(edge.metrics)
    body = (await edge.ask("GET", "/metrics")).body
    assert b"board-meeting" not in body
    assert b"salaries" not in body


async def test_before_anything_happened_the_metrics_have_their_names(edge: Edge) -> None:
    body = (await edge.ask("GET", "/metrics")).body.decode()
    assert "# HELP captioner_gaps_total Stretches of audio without captions." in body


async def test_two_servers_of_one_process_count_for_themselves() -> None:
    one, other = Metrics(), Metrics()
    one.session_opened("embedded")
    assert b'sessions_opened_total{engine="embedded"} 1.0' in one.exposition()[0]
    assert b'sessions_opened_total{engine="embedded"}' not in other.exposition()[0]


async def test_every_metric_is_on_the_page_as_it_is() -> None:
    metrics = Metrics()
    count_everything(metrics)
    counted = {
        (sample.name, tuple(sample.labels), family.documentation)
        for family in metrics.registry.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    }
    rows = re.findall(r"^\| `(captioner_\w+)` \| (.*) \| (.*) \|$", PAGE.read_text("utf-8"), re.M)
    written = {
        (name, tuple(re.findall(r"`(\w+)`", labels)), meaning.replace("`", ""))
        for name, labels, meaning in rows
    }
    assert written == counted
