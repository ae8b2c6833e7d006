"""One training by transformers' Trainer with its packing (rows flattened into one, positions that
restart), in a process of its own: `python trainer.py SPEC.json`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from recorder import Recorder, callback_for


def main(spec_file: str) -> None:
    import torch
    from peft import PeftModel
    from transformers import (
        AutoModelForCausalLM,
        DataCollatorWithFlattening,
        Trainer,
        TrainingArguments,
    )

    spec = json.loads(Path(spec_file).read_text(encoding="utf-8"))
    recorder = Recorder(spec)
    torch.set_num_threads(spec["threads"])
    model = AutoModelForCausalLM.from_pretrained(spec["base"], dtype=getattr(torch, spec["dtype"]))
    model.config.use_cache = False
    if spec["on_gpu"]:
        model = model.cuda()

    class InOrder(Trainer):  # type: ignore[misc]
        def _get_train_sampler(self, *_: Any) -> Any:
            return torch.utils.data.SequentialSampler(self.train_dataset)

    trainer = InOrder(
        model=PeftModel.from_pretrained(model, spec["adapter"], is_trainable=True),
        args=TrainingArguments(**spec["settings"]),
        train_dataset=spec["tokens"],
        data_collator=DataCollatorWithFlattening(),
        callbacks=[callback_for(recorder)],
    )
    trainer.train()
    trainer.save_model()
    recorder.write()


if __name__ == "__main__":
    main(sys.argv[1])
