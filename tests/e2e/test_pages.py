"""The pages in a real browser, whose microphone plays the demo recording over and over."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import webvtt
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.e2e.http import create_room, history
from tests.e2e.publisher import Publisher
from tests.e2e.speech import load, words
from tests.processes import Server, free_port, running_server

TIMEOUT_MS = 60_000
ARGUMENTS = (
    "--no-sandbox",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
)

ANALYSE_WHAT_IS_PLAYED = """
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (to) {
  if (to === this.context.destination) {
    window.analyser = new AnalyserNode(this.context);
    connect.call(this, window.analyser);
  }
  return connect.call(this, to);
};
"""
IS_SILENT_FOR_GOOD = "() => analyser.context.state === 'closed'"
IS_LOUD = """() => {
  const samples = new Float32Array(analyser.fftSize);
  analyser.getFloatTimeDomainData(samples);
  return Math.max(...samples) > 0.05;
}"""

LARGEST_STEP_OF_A_TONE_WITH_A_HOLE = """async () => {
  let context;
  window.AudioContext = class extends OfflineAudioContext {
    constructor({ sampleRate }) {
      super(1, sampleRate, sampleRate);
      context = this;
    }
    resume() {}
  };
  const { Loudspeaker } = await import("/web/js/loudspeaker.js");
  const loudspeaker = new Loudspeaker(1);
  const step = 2 * Math.PI * 431 / 24000;
  for (let frame = 0; frame < 20; frame += 1) {
    const from = 480 * frame + (frame < 10 ? 0 : 178);
    const tone = Int16Array.from({ length: 480 }, (_, i) => 32767 * Math.sin(step * (from + i)));
    if (frame === 10) loudspeaker.interrupt();
    loudspeaker.play(tone.buffer, 24000);
  }
  const played = (await context.startRendering()).getChannelData(0);
  const steps = played.subarray(1).map((sample, i) => Math.abs(sample - played[i]));
  return Math.max(...steps) / step;
}"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, demo_recording: Path) -> Iterator[Browser]:
    wav = tmp_path_factory.mktemp("microphone") / "speech.wav"
    command = ["ffmpeg", "-v", "error", "-i", str(demo_recording), "-ac", "1", str(wav)]
    subprocess.run(command, check=True)
    microphone = f"--use-file-for-fake-audio-capture={wav}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=[*ARGUMENTS, microphone]
        )
        yield browser
        browser.close()


@dataclass
class Tabs:
    """Pages of one visitor, and what they complained of in the console."""

    new: Callable[[], Page]
    complaints: list[str] = field(default_factory=list)


@pytest.fixture
def tabs(browser: Browser) -> Iterator[Tabs]:
    context = browser.new_context()
    context.set_default_timeout(TIMEOUT_MS)
    tabs = Tabs(context.new_page)

    def complain(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            tabs.complaints.append(message.text)

    context.on("console", complain)
    context.on("weberror", lambda error: tabs.complaints.append(str(error.error)))
    yield tabs
    context.close()


def start_speaking(page: Page, url: str, speaker: str) -> None:
    page.goto(url)
    page.get_by_label("Your name").fill(speaker)
    page.get_by_role("button", name="Start speaking").click()
    expect(page.get_by_text("Live: what you say is captioned")).to_be_visible(timeout=TIMEOUT_MS)


def final_lines(page: Page) -> list[str]:
    return page.locator("caption-view .line:not([aria-hidden]) p").all_inner_texts()


def publish(server: Server, room: str, recording: Path, stream: str = "mic-1") -> None:
    """Caption the recording as fast as the server can."""
    publisher = Publisher(server.ws_url, room, load(recording), stream=stream, pace=1000.0)
    with ThreadPoolExecutor(1) as elsewhere:  # Playwright's own event loop runs in this thread
        elsewhere.submit(asyncio.run, publisher.publish()).result()


def wait_for_finals(page: Page, count: int) -> list[str]:
    finals = page.locator("caption-view .line:not([aria-hidden])")
    finals.nth(count - 1).wait_for()
    return final_lines(page)


def test_what_is_said_in_one_tab_is_read_in_another_and_downloaded(
    server: Server, tabs: Tabs, tmp_path: Path
) -> None:
    reader = tabs.new()
    reader.goto(server.url)
    reader.get_by_label("Title").fill("Weekly meeting")
    reader.get_by_label("Address").fill("weekly")
    reader.get_by_role("button", name="Create room").click()
    expect(reader.get_by_role("heading", name="Weekly meeting")).to_be_visible()
    expect(reader.get_by_text("Nobody is speaking")).to_be_visible()

    speaker = tabs.new()
    start_speaking(speaker, f"{server.url}/rooms/weekly/speak", "Linda")
    expect(reader.get_by_text("Live", exact=True)).to_be_visible()
    expect(reader.locator(".speaker", has_text="Linda").first).to_be_visible(timeout=TIMEOUT_MS)
    read = wait_for_finals(reader, 1)
    assert read[0] in wait_for_finals(speaker, 1)

    speaker.get_by_role("button", name="Stop").click()
    expect(speaker.get_by_text("Stopped. All you said is captioned.")).to_be_visible(
        timeout=TIMEOUT_MS
    )
    expect(reader.get_by_text("Nobody is speaking")).to_be_visible(timeout=TIMEOUT_MS)
    expect(reader.locator("caption-view [aria-hidden]")).to_have_count(0)

    reader.get_by_text("Download").click()
    with reader.expect_download() as download:
        reader.get_by_text("Subtitles (WebVTT)").click()
    download.value.save_as(tmp_path / "weekly.vtt")
    cues = webvtt.read(str(tmp_path / "weekly.vtt")).captions
    assert {cue.voice for cue in cues} == {"Linda"}
    assert words(" ".join(cue.text for cue in cues)) == words(" ".join(final_lines(reader)))
    assert not tabs.complaints


def test_who_comes_late_reads_and_hears_what_was_said_before(
    server: Server, tabs: Tabs, demo_recording: Path
) -> None:
    publish(server, "late", demo_recording)
    page = tabs.new()
    page.goto(f"{server.url}/rooms/late")
    said = history(server.url, "late")
    assert wait_for_finals(page, len(said)) == [caption["text"] for caption in said]
    for_screen_readers = page.get_by_role("log", name="Captions").aria_snapshot()
    assert all(caption["text"] in for_screen_readers for caption in said)
    assert not tabs.complaints


def test_a_reader_who_scrolls_back_is_left_there_and_can_jump_to_live(
    server: Server, tabs: Tabs, demo_recording: Path
) -> None:
    publish(server, "long", demo_recording)
    page = tabs.new()
    page.set_viewport_size({"width": 320, "height": 400})
    page.goto(f"{server.url}/rooms/long")
    read = wait_for_finals(page, 3)
    newest = page.locator("caption-view .line").last
    expect(newest).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") == 320

    page.mouse.move(160, 200)
    page.mouse.wheel(0, -10_000)
    jump = page.get_by_role("button", name="Jump to live")
    expect(jump).to_be_visible()
    publish(server, "long", demo_recording, stream="mic-2")
    wait_for_finals(page, len(read) + 1)
    expect(page.locator("caption-view .line").first).to_be_in_viewport()

    jump.click()
    expect(newest).to_be_in_viewport()
    expect(jump).to_be_hidden()


def test_pages_recover_by_themselves_from_a_server_that_was_killed(
    tabs: Tabs, tmp_path: Path
) -> None:
    port = free_port()
    reader, speaker = tabs.new(), tabs.new()
    with running_server(tmp_path, port=port) as first:
        create_room(first.url, "meeting")
        reader.goto(f"{first.url}/rooms/meeting")
        start_speaking(speaker, f"{first.url}/rooms/meeting/speak", "Linda")
        before = wait_for_finals(reader, 1)
        first.kill()
        expect(reader.get_by_text("reconnecting")).to_be_visible(timeout=TIMEOUT_MS)
        expect(speaker.get_by_text("reconnecting")).to_be_visible(timeout=TIMEOUT_MS)
        with running_server(tmp_path, port=port):
            expect(reader.get_by_text("Live", exact=True)).to_be_visible(timeout=TIMEOUT_MS)
            after = wait_for_finals(reader, len(before) + 2)
            assert after[: len(before)] == before
            refused = [text for text in tabs.complaints if "ERR_CONNECTION" not in text]
            assert not refused
            speaker.close()


def test_a_room_is_read_and_heard_in_another_language(
    server: Server, tabs: Tabs, demo_recording: Path
) -> None:
    create_room(server.url, "lingual", translations=["pt"])
    page = tabs.new()
    page.add_init_script(ANALYSE_WHAT_IS_PLAYED)
    page.goto(f"{server.url}/rooms/lingual")
    page.get_by_label("Language to read").select_option("Português")
    page.get_by_role("button", name="Listen").click()
    expect(page.get_by_text("Machine voice, live")).to_be_visible(timeout=TIMEOUT_MS)

    publish(server, "lingual", demo_recording)
    portuguese = page.locator("caption-view p[lang=pt][dir=ltr]")
    english = page.locator("caption-view p[lang=en]")
    wait_for_finals(page, 3)
    expect(portuguese.filter(has_text="impressão").first).to_be_visible()
    expect(english).to_have_count(0)
    page.wait_for_function(IS_LOUD)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Listen")).to_be_visible()
    page.wait_for_function(IS_SILENT_FOR_GOOD)

    page.goto(f"{server.url}/rooms/lingual")
    expect(portuguese.first).to_be_visible(timeout=TIMEOUT_MS)
    page.get_by_label("Language to read").select_option("As spoken")
    expect(english.filter(has_text="printing").first).to_be_visible(timeout=TIMEOUT_MS)
    expect(portuguese).to_have_count(0)
    expect(page.get_by_role("button", name="Listen")).to_be_hidden()
    assert not tabs.complaints


def test_frames_are_played_as_one_sound_and_a_hole_in_it_does_not_click(
    server: Server, tabs: Tabs
) -> None:
    page = tabs.new()
    page.goto(server.url)
    # As large as in the tone itself; a click has more than twice that.
    assert page.evaluate(LARGEST_STEP_OF_A_TONE_WITH_A_HOLE) < 1.2


def test_an_unknown_room_says_so(server: Server, tabs: Tabs) -> None:
    page = tabs.new()
    page.goto(f"{server.url}/rooms/nowhere")
    state = page.get_by_role("status")
    expect(state).to_contain_text("nowhere", timeout=TIMEOUT_MS)
