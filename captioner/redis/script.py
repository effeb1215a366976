"""Lua scripts, which Redis runs as one step, and the names of keys."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from importlib import resources


@dataclass(frozen=True)
class Script:
    """A Lua script. `name` is for people.

    `Redis.run` adds two arguments to those of the caller: the last but one, `ARGV[#ARGV - 1]`, is
    the `run_id` of the server that executes the script, and the last, `ARGV[#ARGV]`, is "1" where
    that server is `durable`, else "0".
    """

    name: str
    source: str

    @cached_property
    def sha(self) -> str:
        """Under which name the server keeps the script."""
        return hashlib.sha1(self.source.encode(), usedforsecurity=False).hexdigest()


def lua(package: str, name: str) -> str:
    """The source that lies as `name`.lua beside the modules of a package."""
    return (resources.files(package) / f"{name}.lua").read_text(encoding="utf-8")


def key(room: str, name: str) -> str:
    """The key of what is kept of a room; all keys of a room lie on one server of a cluster."""
    return f"captioner:{{{room}}}:{name}"
