"""Why: weights that lie somewhere without a word about where they come from are of no use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml
from pydantic import ValidationError

from loresmith.json_files import read_object
from loresmith.models.embedded import EMBEDDED_NAME
from loresmith.records import FeedbackExample, PreferenceExample, TextExample, TrainingRow
from loresmith.text.language import language_of
from loresmith.training import TrainingResult
from loresmith.whole_files import write_whole
from loresmith.workspace.environment import read_environment

if TYPE_CHECKING:
    from loresmith.export import Source

CardLanguage = Literal["en", "zh"]

_WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "{name}: {base}, fine-tuned",
        "made": "Made by Loresmith {version}.",
        "base": "Base model",
        "licence": "Licence of the base model",
        "unknown": "not known here; look it up before you pass the weights on",
        "data": "Rows learned",
        "hash": "Hash of the data",
        "method": "Method",
        "steps": "Steps",
        "rate": "Learning rate at its peak",
        "batch": "Rows a step",
        "loss": "Loss, first and last step",
        "precision": "Computed in",
        "device": "Device",
        "training": "Training",
        "exam": "Closed-book exam",
        "group": "Questions",
        "before": "Before",
        "after": "After",
        "number": "Number",
        "all": "on trained facts",
        "unknown_facts": "of these, missed by the base",
        "withheld": "on facts kept out of training (control)",
        "abstention": "that the documents do not answer",
        "retention": "general ones that the base knew",
        "use": "Use",
        "adapter_use": "The adapter needs its base model: `loresmith chat FOLDER`, or PEFT.",
        "model_use": "These are whole weights: `loresmith chat FOLDER`, or transformers.",
        "asked": "Ask it with the chat template in this folder: it was trained with that one.",
        "merged": "Adapters merged: {count}",
        "colon": ": ",
    },
    "zh": {
        "title": "{name}：{base} 的微调模型",
        "made": "由 Loresmith {version} 生成。",
        "base": "基座模型",
        "licence": "基座模型的许可证",
        "unknown": "此处未知；分发权重前请自行查明",
        "data": "训练行数",
        "hash": "数据的哈希值",
        "method": "方法",
        "steps": "步数",
        "rate": "学习率峰值",
        "batch": "每步行数",
        "loss": "首步与末步的损失",
        "precision": "计算精度",
        "device": "设备",
        "training": "训练",
        "exam": "闭卷考试",
        "group": "题目",
        "before": "训练前",
        "after": "训练后",
        "number": "题数",
        "all": "关于已训练的事实",
        "unknown_facts": "其中基座模型答错的",
        "withheld": "关于未参与训练的事实（对照）",
        "abstention": "文档中没有答案的",
        "retention": "基座模型原本会的常识题",
        "use": "使用",
        "adapter_use": "适配器需要其基座模型：`loresmith chat 文件夹`，或使用 PEFT。",
        "model_use": "这是完整权重：`loresmith chat 文件夹`，或使用 transformers。",
        "asked": "提问时请用本文件夹中的对话模板：训练用的就是它。",
        "merged": "已合并的适配器：{count} 个",
        "colon": "：",
    },
}
_GROUPS = (
    ("all", None),
    ("unknown_facts", "unknown"),
    ("withheld", "withheld"),
    ("abstention", "abstention"),
    ("retention", "retention"),
)
_FRONT = re.compile(r"\A---\n(.*?)\n---", re.DOTALL)
_EMBEDDED_LICENCE = "apache-2.0"
_EMBEDDED_ID = f"HuggingFaceTB/{EMBEDDED_NAME}"  # where others find what ours was converted from


def card_language(rows: Sequence[TrainingRow]) -> CardLanguage:
    """The one that most of the rows are answered in."""
    said = " ".join(_answer(row) for row in rows[:200])
    return "zh" if language_of(said) == "zh" else "en"


def _answer(row: TrainingRow) -> str:
    if isinstance(row, TextExample):
        return row.text
    if isinstance(row, PreferenceExample):
        return row.chosen
    return row.completion if isinstance(row, FeedbackExample) else row.messages[-1].content


def write_run_card(folder: Path, *, language: CardLanguage) -> None:
    """Writes README.md into the folder of a finished run, of what its other files say."""
    base = _base_name(folder)
    words = _WORDS[language]
    adapter = (folder / "adapter").is_dir()
    lines = [
        *_front(base, _licence(base, folder), adapter=adapter),
        f"# {words['title'].format(name=folder.name, base=_shown(base))}",
        "",
        *_of_run(folder, base, words),
        f"## {words['use']}",
        "",
        words["adapter_use" if adapter else "model_use"],
        words["asked"],
    ]
    write_whole(folder / "README.md", "\n".join(lines) + "\n")


def export_card(model: Path, source: Source, *, language: str) -> str:
    """The card of an export of the run, adapter or model at `model`."""
    words = _WORDS.get(language, _WORDS["en"])
    run = next((one for one in (model, model.parent) if (one / "training.json").is_file()), None)
    name = (run or model).resolve().name
    licence = _licence(source.base_name, run or model, source.base)
    lines = [
        *_front(source.base_name, licence, adapter=False),
        f"# {words['title'].format(name=name, base=_shown(source.base_name))}",
        "",
        *(_of_run(run, source.base_name, words) if run else ()),
        f"## {words['use']}",
        "",
        *([words["merged"].format(count=len(source.adapters)), ""] if source.adapters else ()),
        words["asked"],
    ]
    return "\n".join(lines) + "\n"


def _of_run(folder: Path, base: str, words: dict[str, str]) -> Iterable[str]:
    """The facts of a run, and its exam where it was sat."""
    environment = read_environment(folder)
    version = environment.get("packages", {}).get("loresmith", "")
    yield from (words["made"].format(version=version).replace(" .", "."), "")
    yield from (f"## {words['training']}", "")
    facts = {
        words["base"]: _shown(base),
        words["licence"]: _licence(base, folder) or words["unknown"],
    }
    facts |= _facts(folder, environment, words)
    yield from (f"- {name}{words['colon']}{value}" for name, value in facts.items())
    yield ""
    yield from _exam(folder, words)


def _facts(folder: Path, environment: dict[str, Any], words: dict[str, str]) -> dict[str, Any]:
    try:
        result = TrainingResult.model_validate_json((folder / "training.json").read_bytes())
    except (OSError, ValidationError):
        return {}
    method = read_object(folder / "task.json").get("training", {}).get("type", "")
    facts = {
        words["data"]: result.rows,
        words["hash"]: environment.get("data", {}).get("hash", ""),
        words["method"]: method,
        words["steps"]: f"{result.steps} ({result.epochs:.2f} epochs)",
        words["rate"]: f"{result.learning_rate:.3g}",
        words["batch"]: result.batch_size,
        words["precision"]: result.precision,
        words["device"]: result.device,
    }
    if result.losses:
        facts[words["loss"]] = f"{result.losses[0]:.3f}, {result.losses[-1]:.3f}"
    return {name: value for name, value in facts.items() if value not in ("", None)}


def _exam(folder: Path, words: dict[str, str]) -> Iterable[str]:
    exam = read_object(folder / "report.json").get("exam") or {}
    rows = []
    for name, key in _GROUPS:
        both = exam.get(key, {}) if key else exam
        before, after = both.get("before") or {}, both.get("after") or {}
        if after.get("n"):
            shares = (f"{one.get('accuracy', 0):.0%}" for one in (before, after))
            rows.append(f"| {words[name]} | {' | '.join(shares)} | {after['n']} |")
    if not rows:
        return
    head = " | ".join(words[name] for name in ("group", "before", "after", "number"))
    yield from (f"## {words['exam']}", "", f"| {head} |", "|---|---|---|---|", *rows, "")


def _front(base: str, licence: str, *, adapter: bool) -> list[str]:
    """What model hubs read at the beginning of a card."""
    front: dict[str, Any] = {
        "library_name": "peft" if adapter else "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["loresmith", *(["lora"] if adapter else [])],
    }
    if base == "embedded":
        front["base_model"] = _EMBEDDED_ID
    elif "/" in base and not Path(base).exists():
        front["base_model"] = base.removeprefix("modelscope:")
    if licence:
        front["license"] = licence
    return ["---", yaml.safe_dump(front, sort_keys=False, allow_unicode=True).rstrip(), "---", ""]


def _base_name(folder: Path) -> str:
    noted = str(read_object(folder / "run.json").get("base_model") or "")
    return noted or Path(str(read_object(folder / "task.json").get("base", ""))).name


def _shown(base: str) -> str:
    """A name that says something where Loresmith is not."""
    return EMBEDDED_NAME if base == "embedded" else base


def _licence(base: str, run: Path, weights: Path | None = None) -> str:
    """As the card in the base model's folder names it; empty where that says nothing."""
    if base == "embedded":
        return _EMBEDDED_LICENCE
    folder = weights or Path(str(read_object(run / "task.json").get("base", "")))
    try:
        text = (folder / "README.md").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    found = _FRONT.match(text)
    try:
        front = yaml.safe_load(found[1]) if found else {}
    except yaml.YAMLError:
        return ""
    return str(front.get("license") or "") if isinstance(front, dict) else ""
