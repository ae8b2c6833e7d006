"""Why: Ollama asks a model by a template of its own, in Go's syntax; one that differs from what the
model was trained with makes nonsense of its replies, so a wrong one is never written.

Its templates see `.System` and `.Messages` (https://docs.ollama.com/template). Where
tokenizer_config.json has `add_bos_token: true`, it puts the token that begins a text before that
text by itself.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from loresmith.errors import ModelError
from loresmith.export.chat_shape import ChatShape, Turn, shape_of
from loresmith.models.templates import ChatTemplate
from loresmith.records import Message

_LONGEST_WINDOW = 4096
"""Tokens: Ollama holds memory for the whole window, so a longer one is the user's own choice."""


class Modelfile(NamedTuple):
    """What `ollama create NAME -f Modelfile` reads, or why there is none."""

    text: str = ""
    obstacle: str = ""


def modelfile(folder: Path, tokenizer: Any, *, window: int | None) -> Modelfile:
    """For the model in `folder`, whose tokenizer this is; it reads `window` tokens."""
    template = ChatTemplate(tokenizer)

    def render(turns: Sequence[Turn]) -> str:
        return template.text_of_prompt([Message.model_validate(turn) for turn in turns])

    try:
        shape = shape_of(render)
    except ModelError as error:
        return Modelfile(obstacle=f"the chat template cannot write every conversation ({error})")
    if shape is None:
        return Modelfile(
            obstacle="the chat template does more than put fixed words around what is said"
        )
    written = go_template(shape, begin=_begin(folder, tokenizer))
    if '"""' in written or any("{{" in part or "}}" in part for part in shape):
        told = "the chat template has signs in it that a Modelfile takes for its own"
        return Modelfile(obstacle=told)
    stops = [tokenizer.convert_ids_to_tokens(number) for number in sorted(template.stop_ids)]
    lines = [
        "# ollama create NAME -f Modelfile",
        "FROM .",
        f'TEMPLATE """{written}"""',
        *(f'PARAMETER stop "{_escaped(stop)}"' for stop in stops),
        f"PARAMETER num_ctx {min(window or _LONGEST_WINDOW, _LONGEST_WINDOW)}",
    ]
    return Modelfile("\n".join(lines) + "\n")


def _begin(folder: Path, tokenizer: Any) -> str:
    """The token that Ollama puts before a text; empty where it does not."""
    config = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    return (tokenizer.bos_token or "") if config.get("add_bos_token") is True else ""


def go_template(shape: ChatShape, *, begin: str) -> str:
    """The shape in Go's syntax, without the token `begin` at the start: Ollama adds that."""
    opening = shape.opening.removeprefix(begin)
    system_before = shape.system_before.removeprefix(begin)
    return (
        "{{ $asked := false }}{{ range .Messages }}"
        '{{ if eq .Role "user" }}'
        f"{{{{ if $asked }}}}{shape.reply_after}"
        f"{{{{ else if $.System }}}}{system_before}{{{{ $.System }}}}{shape.system_after}"
        f"{{{{ else }}}}{opening}{{{{ end }}}}"
        "{{ $asked = true }}{{ .Content }}"
        f'{{{{ else if eq .Role "assistant" }}}}{shape.reply_before}{{{{ .Content }}}}'
        f"{{{{ end }}}}{{{{ end }}}}{shape.ask}"
    )


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
