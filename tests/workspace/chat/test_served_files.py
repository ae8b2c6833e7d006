"""A model that a LLaMA Factory file names is served beside those of projects."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loresmith.errors import Conflict
from loresmith.workspace.candidates import Candidate
from loresmith.workspace.chat.served_models import find_served, servable_models
from loresmith.workspace.settings_files import load_inference_file, served_candidate
from tiny_model import make_tiny_model


def test_base_and_adapter_of_a_file_have_names_of_their_own(tmp_path: Path) -> None:
    further = [
        Candidate(str(tmp_path / "base"), adapter=tmp_path / "one" / "sft"),
        Candidate(str(tmp_path / "base"), adapter=tmp_path / "two" / "sft"),
    ]
    served = servable_models([], further)
    assert [found.model.id for found in served] == ["embedded", "base", "sft", "sft-2"]
    found = find_served(served, "sft-2")
    assert (found.model.kind, found.model.base) == ("tuned", "base")
    assert found.candidate.adapter == tmp_path / "two" / "sft"


def test_a_template_that_no_model_brings_is_not_left_out_in_silence(tmp_path: Path) -> None:
    base = make_tiny_model(tmp_path / "base", chat_template=None)
    path = tmp_path / "api.json"
    path.write_text(json.dumps({"model_name_or_path": str(base), "template": "chatml"}))
    file = load_inference_file(path, purpose="serve")
    with pytest.raises(Conflict, match="without a chat template") as raised:
        served_candidate(file)
    assert "`loresmith export`" in raised.value.hint
    assert served_candidate(file._replace(chat_template=None)) == Candidate(str(base))
