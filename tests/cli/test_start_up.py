"""The command answers at once: nothing heavy is imported before it is needed."""

from __future__ import annotations

import subprocess
import sys
import time

from projects import command, environment

_HEAVY = (
    "torch",
    "transformers",
    "peft",
    "openai",
    "sqlalchemy",
    "matplotlib",
    "pypdfium2",
    "yaml",
)
_ALLOWED_SECONDS = 0.15


def test_help_costs_little_more_than_importing_pydantic_and_typer() -> None:
    bare = [sys.executable, "-c", "import pydantic, typer"]
    # In turns, and the best of many: another process on the machine slows both.
    pairs = [(_seconds(bare), _seconds(command("--help"))) for _ in range(7)]
    extra = min(helped for _, helped in pairs) - min(seconds for seconds, _ in pairs)
    assert extra < _ALLOWED_SECONDS


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['loresmith', '--help']\n"
        "from loresmith.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(_HEAVY) & set(done.stderr.split())


def test_help_lists_every_verb_in_the_order_of_the_work() -> None:
    done = subprocess.run(command("--help"), capture_output=True, text=True, check=True)
    verbs = ["run", "parse", "chunk", "generate", "curate", "dataset", "train", "exam", "report"]
    verbs += ["init", "status", "chat", "predict"]
    shown = [line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")]
    assert [verb for verb in shown if verb in verbs] == verbs


def _seconds(words: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, env=environment())
    return time.perf_counter() - began
