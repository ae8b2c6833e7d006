"""One training by Loresmith, in a process of its own: `python ours.py SPEC.json`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from recorder import Recorder

from loresmith.devices import detect_device
from loresmith.records import Example, Message
from loresmith.training import Lora, TrainingProgress


def main(spec_file: str) -> None:
    spec = json.loads(Path(spec_file).read_text(encoding="utf-8"))
    recorder = Recorder(spec)
    device = detect_device().model_copy(update={"threads": spec["threads"]})

    def listen(progress: TrainingProgress) -> None:
        if progress.phase == "training":
            recorder.step_ended(progress.loss, progress.grad_norm)

    result = Lora.model_validate(spec["settings"]).train(
        [
            Example(
                id=str(number),
                messages=(
                    Message(role="user", content=row["instruction"]),
                    Message(role="assistant", content=row["output"]),
                ),
            )
            for number, row in enumerate(spec["rows"])
        ],
        base=Path(spec["base"]),
        folder=Path(spec["folder"]),
        seed=spec["seed"],
        device=device,
        on_progress=listen,
    )
    recorder.write(tokens=result.useful_tokens, packed=result.packed, precision=result.precision)


if __name__ == "__main__":
    main(sys.argv[1])
