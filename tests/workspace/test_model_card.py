from __future__ import annotations

import json
from pathlib import Path

import yaml

from loresmith.workspace.model_card import write_run_card


def test_the_embedded_model_has_the_name_by_which_others_know_it(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"base_model": "embedded"}), encoding="utf-8")
    write_run_card(tmp_path, language="en")
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    front = yaml.safe_load(card.split("---")[1])
    assert front["base_model"] == "HuggingFaceTB/SmolLM2-135M-Instruct"
    assert front["license"] == "apache-2.0"
    assert "- Base model: SmolLM2-135M-Instruct\n" in card
