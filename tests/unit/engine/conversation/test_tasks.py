"""What prompts and instructions are understood to ask for."""

from __future__ import annotations

import pytest

from captioner.engine.conversation.config import Prompt
from captioner.engine.conversation.tasks import Reading, Task, Translation, instructed, prompted
from captioner.engine.protocol_error import ProtocolError


@pytest.mark.parametrize(
    ("instructions", "task"),
    [
        ("Translate from en to es.", Translation("en", "es")),
        (
            "You interpret.\ntranslate the text from pt-BR into zh-Hant\n",
            Translation("pt-BR", "zh-Hant"),
        ),
        ("Translate from English (en) to Spanish (es), nothing else.", Translation("en", "es")),
        (
            'Translate from en to de.\n"captions" => "Untertitel"\n"room" => "Raum"',
            Translation("en", "de", (("captions", "Untertitel"), ("room", "Raum"))),
        ),
        ("Read aloud in es.", Reading("es")),
        ("Say exactly what you are told in Spanish (es-MX).", Reading("es-MX")),
        ("", None),
        ("Be kind.", None),
        ("Translate from English to Spanish.", None),
        ("Say it in Spanish.", None),
    ],
)
def test_instructions_are_read_for_a_line_that_says_what_to_do(
    instructions: str, task: Task | None
) -> None:
    assert instructed(instructions) == task


def test_a_prompt_names_its_task() -> None:
    terms = '[["captions", "Untertitel"]]'
    variables = {"source": "en", "target": "de", "terms": terms}
    prompt = Prompt.model_validate({"id": "translate", "variables": variables})
    assert prompted(prompt) == Translation("en", "de", (("captions", "Untertitel"),))
    language = {"type": "input_text", "text": "de"}
    prompt = Prompt.model_validate({"id": "speak", "variables": {"language": language}})
    assert prompted(prompt) == Reading("de")


@pytest.mark.parametrize(
    ("prompt", "variables", "param"),
    [
        ("poem", {}, "prompt.id"),
        ("translate", {"source": "en"}, "prompt.variables.target"),
        ("translate", {"source": "en", "target": "Spanish"}, "prompt.variables.target"),
        ("translate", {"source": "en", "target": "es", "terms": "{}"}, "prompt.variables.terms"),
        ("translate", {"source": "en", "target": "es", "mood": ""}, "prompt.variables.mood"),
        ("speak", {"language": "en", "speed": "fast"}, "prompt.variables.speed"),
        ("speak", {"language": "en", "speed": "9"}, "prompt.variables.speed"),
    ],
)
def test_a_prompt_that_cannot_be_is_refused_by_name(
    prompt: str, variables: dict[str, str], param: str
) -> None:
    with pytest.raises(ProtocolError) as refused:
        prompted(Prompt.model_validate({"id": prompt, "variables": variables}))
    assert refused.value.param == param
