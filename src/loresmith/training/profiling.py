"""Why: where the time of a step goes is seen in a trace of a few of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from loresmith.training.result import TrainingProgress

TRACE = "profile/trace.json"
_WARM_UP = 2
"""Steps that come first: they are slower than the rest."""

OnProgress = Callable[[TrainingProgress], None]


@contextmanager
def profiled(
    steps: int, folder: Path, on_progress: OnProgress | None, on_note: Callable[[str], None]
) -> Iterator[OnProgress | None]:
    """Within this, `steps` steps of the training are traced by torch's profiler.

    Yields what the training is to tell its progress to. The trace is written into `folder` when
    they are done (chrome://tracing and Perfetto show it); none where the training ends before.
    """
    if not steps:
        yield on_progress
        return
    from torch.profiler import ProfilerActivity, profile, schedule

    path = folder / TRACE

    def write(profiler: Any) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        profiler.export_chrome_trace(str(path))
        on_note(f"{steps} steps were traced: {path}")

    watched = profile(
        activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA],
        schedule=schedule(wait=1, warmup=_WARM_UP - 1, active=steps, repeat=1),
        on_trace_ready=write,
        record_shapes=True,
        profile_memory=True,
    )
    with watched:

        def tell(progress: TrainingProgress) -> None:
            if progress.phase == "training":
                watched.step()
            if on_progress is not None:
                on_progress(progress)

        yield tell
