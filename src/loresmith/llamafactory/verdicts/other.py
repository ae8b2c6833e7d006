"""Verdicts on what LLaMA Factory's other verbs read: settings of replies, and of its `eval`."""

from __future__ import annotations

from loresmith.llamafactory.verdict import each, ignored, refused

OTHER = {
    **each(
        "do_sample temperature top_p top_k num_beams max_length max_new_tokens repetition_penalty "
        "length_penalty skip_special_tokens",
        ignored("it is about replies, which `loresmith chat` and `loresmith serve` give"),
    ),
    **each(
        "task task_dir batch_size lang n_shot save_dir download_mode",
        refused(
            "it is of the verb `eval`, which LLaMA Factory no longer carries out: use "
            "`loresmith exam` on a project, or `loresmith predict`"
        ),
    ),
}
