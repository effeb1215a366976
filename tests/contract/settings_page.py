"""The page of all settings, made from them: `make docs` writes it."""

from __future__ import annotations

from pathlib import Path

from captioner.settings import every_setting

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"

HEAD = """\
# Settings

Made from `captioner/settings.py` by `make docs`. Each is an option of `captioner serve` and of
`captioner doctor`, and an environment variable; the option wins. Keys and the addresses that
belong to them are variables alone: everybody on a machine can read the options of its programs.
Unknown variables that begin
with `CAPTIONER_` are refused.

| option | variable | default | |
|---|---|---|---|
"""


def render() -> str:
    """The page's text."""
    rows = []
    for setting in every_setting():
        default = f"`{setting.default}`" if setting.default else ""
        unit = f" {setting.unit}" if setting.unit else ""
        option = f"`{setting.option}`" if setting.option else ""
        rows.append(
            f"| {option} | `{setting.variable}` | {default}{unit} | {setting.description} |\n"
        )
    return HEAD + "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
