"""What a run's folder says of itself."""

from __future__ import annotations

from pathlib import Path

from loresmith.workspace.candidates import Candidate, find_candidate
from loresmith.workspace.run_notes import note_run, noted_base


def test_a_run_is_used_with_the_model_that_it_notes(tmp_path: Path) -> None:
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "adapter_config.json").write_text("{}")
    for base in ("模型/早先", "模型/基座"):
        note_run(tmp_path, f"base_model: {base}\n", {"base_model": base, "id": "1"})
        assert find_candidate(tmp_path) == Candidate(base, adapter=tmp_path / "adapter")
    assert (tmp_path / "recipe.yaml").read_text(encoding="utf-8") == "base_model: 模型/基座\n"
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"adapter", "recipe.yaml", "run.json"}, "something half written is left"


def test_a_model_in_a_folder_is_noted_by_its_whole_path(tmp_path: Path) -> None:
    folder = str(tmp_path)
    assert noted_base(folder, folder) == folder
    assert noted_base("Qwen/Qwen2.5-0.5B", "/cache/snapshots/1") == "Qwen/Qwen2.5-0.5B"
