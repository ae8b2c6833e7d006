"""Verdicts on what LLaMA Factory's other verbs read: settings of replies, and of its `eval`."""

from __future__ import annotations

from loresmith.llamafactory.verdict import Limits, each, ignored, refused, same

_OF_REPLIES = "of `loresmith chat` and `predict` by a file"

OTHER = {
    "do_sample": same("false takes the likeliest token always, as temperature 0 does"),
    "temperature": same(_OF_REPLIES, Limits(at_least=0, at_most=2)),
    "top_p": same(_OF_REPLIES, Limits(above=0, at_most=1)),
    "top_k": same(f"{_OF_REPLIES}; 0 is no limit", Limits(at_least=0, at_most=1_000_000)),
    "max_new_tokens": same(_OF_REPLIES, Limits(at_least=1, at_most=1_048_576)),
    "repetition_penalty": same(_OF_REPLIES, Limits(above=0, at_most=10)),
    "num_beams": refused("leave it out: replies are drawn, or the likeliest token is taken"),
    "max_length": ignored("max_new_tokens says how long a reply can be"),
    "length_penalty": ignored("only num_beams has it, which is refused"),
    "skip_special_tokens": ignored("marks of the template are never shown"),
    **each(
        "task task_dir batch_size lang n_shot save_dir download_mode",
        refused(
            "it is of the verb `eval`, which LLaMA Factory no longer carries out: use "
            "`loresmith exam` on a project, or `loresmith predict`"
        ),
    ),
}
