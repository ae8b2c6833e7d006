"""One training by LLaMA Factory, by the Python of its own environment: `... SPEC.json`.

Its own code from start to end, with a callback that looks on.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from recorder import Recorder, callback_for


def main(spec_file: str) -> None:
    from llamafactory.train.tuner import run_exp

    spec = json.loads(Path(spec_file).read_text(encoding="utf-8"))
    recorder = Recorder(spec)
    run_exp(spec["settings"], callbacks=[callback_for(recorder)])
    recorder.write()


if __name__ == "__main__":
    main(sys.argv[1])
