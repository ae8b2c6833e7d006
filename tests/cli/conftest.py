"""Runs the command line in this process, as `main` sees it, and small models to run it with."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from loresmith.cli import main
from projects import Finished, copy_documents
from tiny_model import make_tiny_model

Loresmith = Callable[..., Finished]


@pytest.fixture
def loresmith(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Loresmith:
    """`loresmith("run", folder)` in an empty working folder, without any key."""
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "DEEPSEEK_API_KEY", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: str | Path, input: str = "") -> Finished:
        monkeypatch.setattr(sys, "argv", ["loresmith", *map(str, words)])
        monkeypatch.setattr(sys, "stdin", io.StringIO(input))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        code = ended.value.code
        return Finished(code if isinstance(code, int) else 0, said.out, said.err)

    return run


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one English document."""
    return copy_documents(tmp_path / "coast", "annual-review.md")


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("base"))
