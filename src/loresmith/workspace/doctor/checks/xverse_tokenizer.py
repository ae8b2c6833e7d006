"""Why: XVERSE's tokenizer.json was written for tokenizers up to 0.19; later ones cannot read it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from loresmith.workspace.doctor.finding import Finding
from loresmith.workspace.doctor.scene import Scene, numbers

_LAST_THAT_READS_IT = (0, 19)


def xverse_tokenizer(scene: Scene) -> Iterator[Finding]:
    """Whether an XVERSE model's tokenizer can be read; it is tried where the model is here."""
    version = scene.version("tokenizers")
    if "xverse" not in scene.model_family or numbers(version)[:2] <= _LAST_THAT_READS_IT:
        return
    folder = scene.model_folder
    file = folder / "tokenizer.json" if folder is not None else None
    if file is not None and file.is_file() and _can_be_read(file):
        return
    yield Finding(
        check="xverse_tokenizer",
        wrong=file is not None and file.is_file(),
        message=f"XVERSE's tokenizer fails with tokenizers {version}: it wants 0.19 or older, and "
        "Loresmith a later one",
        hint="Load and save the tokenizer once in an environment with tokenizers 0.19 "
        "(save_pretrained), and put its files into a copy of the model; or take another model.",
    )


def _can_be_read(file: Path) -> bool:
    from tokenizers import Tokenizer

    try:
        Tokenizer.from_file(str(file))
    except BaseException as error:  # the library raises bare Exception, and Rust's panics
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        return False
    return True
