"""What the report says in English and in Chinese, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from loresmith.records import Section
from loresmith.workspace.report.formatting import PageLanguage


def phrases(language: PageLanguage) -> Mapping[str, str]:
    """All phrases in one language, by key; `{}` in them is filled by `str.format`."""
    return _CHINESE if language == "zh" else _ENGLISH


def reason_phrase(reason: str, language: PageLanguage) -> str:
    """The reason for a drop in words; a reason that is not known here with spaces for `_`."""
    known = _REASONS.get(reason)
    if known is None:
        return reason.replace("_", " ")
    return known[1] if language == "zh" else known[0]


def stage_phrase(stage: str, language: PageLanguage) -> str:
    """A stage's name in words: `exam before`; one that is not known here with spaces for `_`."""
    plain = stage.replace("_", " ")
    return phrases(language).get(f"stage_{plain.replace(' ', '_')}", plain)


def language_phrase(code: str, language: PageLanguage) -> str:
    """The name of a document's or question's language; its code where that is not known here."""
    return phrases(language).get(f"language_{code}", code)


def section_phrase(sections: Sequence[Section], language: PageLanguage) -> str:
    """Which pages, slides, sheets or chapters these are."""
    first, last = sections[0], sections[-1]
    place = first.label if first == last else f"{first.label}–{last.label}"
    return phrases(language)[first.kind].format(place)


_PHRASES: dict[str, tuple[str, str]] = {
    # The head
    "page_title": ("Report: {}", "报告：{}"),
    "report": ("Report", "报告"),
    "run": ("run {}", "运行 {}"),
    "right_before": ("before training", "训练前"),
    "right_after": ("after training", "训练后"),
    "of_questions": ("right, of {} questions in new wordings", "答对率，共 {} 题，措辞全新"),
    "no_exam": ("No exam has been sat.", "尚未考试。"),
    "base_model": ("Base model", "底座模型"),
    "teacher": ("Teacher", "教师模型"),
    "dataset": ("Dataset", "数据集"),
    "version": ("version {}", "第 {} 版"),
    "trained_on": ("Trained on", "训练数据"),
    "rows_of_facts": ("{} rows about {} facts", "{} 条，覆盖 {} 个知识点"),
    "facts_withheld": ("{} facts withheld as a control", "另留 {} 个知识点作对照"),
    "made_with": ("Made with Loresmith {}", "由 Loresmith {} 生成"),
    "loresmith": ("Loresmith", "Loresmith"),
    # The verdict
    "verdict_learned": (
        "{} of what the base model did not know was learned.",
        "底座模型原本不会的内容，学会了 {}。",
    ),
    "verdict_nothing_unknown": (
        "The base model already knew every answer: there was nothing to learn.",
        "底座模型原本全部答对，没有可学的内容。",
    ),
    "verdict_withheld": (
        "Withheld facts, the control, gained {} points.",
        "未参与训练的对照知识点，提高 {} 个百分点。",
    ),
    "verdict_withheld_suspicious": (
        "Withheld facts, the control, gained {} points: some of the gain is not knowledge.",
        "未参与训练的对照知识点提高 {} 个百分点：有一部分提高并非来自知识。",
    ),
    "verdict_retention": (
        "Of the general questions it answered before, {} are still right.",
        "原本会的通用知识题，仍答对 {}。",
    ),
    "verdict_abstention": (
        "It admits not knowing on {} of the questions that the documents do not answer.",
        "文档未提及的问题，{} 能承认不知道。",
    ),
    "verdict_hand_graded_one": (
        "{} reply was marked by hand, not by the grader.",
        "有 {} 条回答由人工评分，而非评分器。",
    ),
    "verdict_hand_graded": (
        "{} replies were marked by hand, not by the grader.",
        "有 {} 条回答由人工评分，而非评分器。",
    ),
    # Sections
    "missing": ("What is missing, and why", "缺少什么，为什么"),
    "remarks": ("Remarks", "说明"),
    "scores": ("Scores before and after", "训练前后成绩"),
    "scores_note": (
        "Closed book, in wordings that were not trained on. Lines are 95 % intervals.",
        "闭卷作答，题目措辞均未用于训练。横线为 95% 置信区间。",
    ),
    "questions": ("Questions", "逐题对照"),
    "documents": ("Documents", "文档"),
    "dropped": ("What was dropped, and why", "剔除了什么，为什么"),
    "dropped_none": ("Nothing was dropped.", "没有剔除任何内容。"),
    "training": ("Training", "训练"),
    "cost": ("Calls, tokens, time", "调用、词元、时间"),
    "recipe": ("Recipe", "配方"),
    "recipe_note": ("with every default written out", "含全部默认值"),
    # Scores
    "before": ("Before", "训练前"),
    "after": ("After", "训练后"),
    "group": ("Group", "分组"),
    "gain": ("Gain", "变化"),
    "all": ("Facts that were trained", "训练过的知识点"),
    "unknown": ("Not known before", "原本不会"),
    "withheld": ("Withheld facts", "未训练的对照"),
    "abstention": ("Not in the documents", "文档未提及"),
    "retention": ("General knowledge", "通用知识"),
    "by_language": ("By language", "按语言"),
    "by_document": ("By document", "按文档"),
    "controls": ("Controls", "对照"),
    "n": ("n", "题数"),
    "withheld_hint": ("should stay low", "应保持低分"),
    "abstention_hint": ("right is to say so", "承认不知道为对"),
    "retention_hint": ("should stay high", "应保持高分"),
    # Questions
    "outcome": ("Outcome", "结果"),
    "learned": ("learned", "学会"),
    "kept": ("knew before", "原本会"),
    "forgotten": ("forgotten", "遗忘"),
    "still_wrong": ("still wrong", "仍答错"),
    "made_up": ("made up", "编造"),
    "declined": ("admits not knowing", "承认不知道"),
    "control": ("withheld control", "对照"),
    "every_outcome": ("all", "全部"),
    "every_document": ("All documents", "全部文档"),
    "every_language": ("All languages", "全部语言"),
    "search": ("Search", "搜索"),
    "shown": ("shown", "条显示"),
    "open_all": ("Open all", "全部展开"),
    "close_all": ("Close all", "全部收起"),
    "expected": ("Expected", "标准答案"),
    "right": ("right", "对"),
    "wrong": ("wrong", "错"),
    "by_hand": ("marked by hand; the grader:", "人工评分；评分器："),
    "evidence": ("Evidence", "原文依据"),
    "evidence_not_found": (
        "quoted; its place in the source is not at hand",
        "仅有引文，未附原文位置",
    ),
    "page": ("page {}", "第 {} 页"),
    "slide": ("slide {}", "幻灯片 {}"),
    "sheet": ("sheet {}", "工作表 {}"),
    "chapter": ("part {}", "第 {} 部分"),
    "no_reply": ("(no reply)", "（无回答）"),
    "shortened": ("shortened, {} more characters", "已截短，另有 {} 字符"),
    "no_questions": ("There are no questions to show.", "没有可展示的题目。"),
    "no_match": ("No question matches these filters.", "没有符合筛选条件的题目。"),
    "general": ("General knowledge", "通用知识"),
    "kind_direct": ("direct", "直接提问"),
    "kind_reversed": ("reversed", "反向提问"),
    "kind_abstention": ("not in the documents", "文档未提及"),
    "kind_retention": ("general knowledge", "通用知识"),
    # Languages
    "language_en": ("English", "英文"),
    "language_zh": ("Chinese", "中文"),
    "language_ja": ("Japanese", "日文"),
    "language_ko": ("Korean", "韩文"),
    "language_de": ("German", "德文"),
    "language_fr": ("French", "法文"),
    "language_es": ("Spanish", "西班牙文"),
    "language_ru": ("Russian", "俄文"),
    # Documents
    "document": ("Document", "文档"),
    "language": ("Language", "语言"),
    "characters": ("Characters", "字符"),
    "chunks": ("Chunks", "片段"),
    "facts": ("Facts", "知识点"),
    "rows": ("Rows", "训练条目"),
    "no_documents": ("There are no documents.", "没有文档。"),
    # Dropped
    "examples": ("examples", "示例"),
    "and_more": ("and {} more", "另有 {} 条"),
    # Training
    "no_training": ("Nothing has been trained.", "尚未训练。"),
    "loss": ("Loss", "损失"),
    "loss_note": (
        "Loss on answers at each step; the line is smoothed.",
        "每步的答案损失；实线为平滑值。",
    ),
    "validation_loss": ("loss on rows that are not trained on", "未训练条目的损失"),
    "practice": ("Practice questions", "练习题"),
    "no_losses": ("There are too few steps for a curve.", "步数太少，无法绘制曲线。"),
    "step": ("step", "步"),
    "steps": ("Steps", "步数"),
    "epochs": ("Epochs", "轮数"),
    "method": ("Method", "方法"),
    "learning_rate": ("Learning rate", "学习率"),
    "trainable_parameters": ("Trainable parameters", "可训练参数"),
    "device": ("Device", "设备"),
    "speed": ("Useful tokens per second", "每秒有效词元"),
    "first_to_last": ("Smoothed loss, first to last", "平滑损失（始 → 末）"),
    # Cost
    "calls": ("Calls", "调用"),
    "cached": ("Cached", "命中缓存"),
    "cached_note": ("paid for earlier, not asked again", "此前已付费，未再次调用"),
    "prompt_tokens": ("Prompt tokens", "输入词元"),
    "completion_tokens": ("Completion tokens", "输出词元"),
    "money": ("Money", "费用"),
    "money_note": ("at the prices known when the report was written", "按写报告时已知的价格"),
    "time": ("Time", "用时"),
    "total": ("Total", "合计"),
    "stage": ("Stage", "阶段"),
    "stage_parse": ("parse", "解析"),
    "stage_chunk": ("chunk", "切分"),
    "stage_generate": ("generate", "生成"),
    "stage_curate": ("curate", "筛选"),
    "stage_dataset": ("dataset", "数据集"),
    "stage_exam": ("exam", "考试"),
    "stage_exam_before": ("exam before", "训练前考试"),
    "stage_train": ("train", "训练"),
    "stage_exam_after": ("exam after", "训练后考试"),
    "stage_report": ("report", "报告"),
    # Files, for the terminal
    "files": ("Files", "文件"),
}

_ENGLISH = MappingProxyType({key: pair[0] for key, pair in _PHRASES.items()})
_CHINESE = MappingProxyType({key: pair[1] for key, pair in _PHRASES.items()})

_REASONS: dict[str, tuple[str, str]] = {
    "answer_in_question": ("the question gives the answer away", "问题中已含答案"),
    "answer_too_long": ("answer longer than allowed", "答案过长"),
    "answer_too_short": ("answer shorter than asked", "答案过短"),
    "conflicting_answer": ("two answers to one question", "同一问题有两种答案"),
    "contradiction": ("two values for one figure", "同一数字有两个值"),
    "duplicate": ("exact duplicate", "完全重复"),
    "empty": ("empty", "空内容"),
    "evidence_gone": ("its evidence was corrected away", "原文更正后依据已不存在"),
    "evidence_not_found": ("evidence is not in the source", "原文中找不到依据"),
    "exam_is_full": ("the exam is full", "考题已满"),
    "fact_dropped": ("its fact was dropped", "所属知识点已剔除"),
    "fact_edited": ("its fact has another answer now", "所属知识点的答案已修改"),
    "facts_swapped": ("two figures stand the wrong way round", "两个数字张冠李戴"),
    "figure_of_another_period": ("figure is of another period", "数字属于另一期间"),
    "figure_not_in_evidence": ("figure is not in the evidence", "数字不在依据中"),
    "first_person": ("sentence in the first person", "第一人称语句"),
    "flaw_not_shown": ("the worse answer is not wrong as it says", "错误回答并非错在所标明之处"),
    "formula_wrong": ("formula does not give the figure", "公式算不出该数字"),
    "name_not_in_source": ("name is not in the source", "名称不在原文中"),
    "near_duplicate": ("near duplicate", "近似重复"),
    "no_evidence": ("no evidence given", "未给出依据"),
    "no_name_or_figure": ("sentence has no name or figure", "句中没有名称或数字"),
    "no_question": ("no good question was found for the sentence", "未能为该句写出合适的问题"),
    "not_a_statement": ("not a statement", "不是陈述句"),
    "not_an_abstention": ("does not admit not knowing", "未承认不知道"),
    "not_english": ("passage is not in English", "片段不是英文"),
    "nothing_to_ask": ("nothing in the sentence to ask for", "句中没有可提问的内容"),
    "nothing_to_learn": ("nothing to learn in the row", "该条没有可学内容"),
    "other_subject": ("about another subject", "属于其他主题"),
    "over_share": ("beyond its subject’s share", "超出所属主题的配额"),
    "over_density": ("more facts than the density asks for", "超出知识点密度上限"),
    "personal_data": ("personal data", "含个人信息"),
    "qualifier_missing": ("question leaves out a qualifier", "问题缺少限定条件"),
    "qualifier_not_in_evidence": ("qualifier is not in the evidence", "限定条件不在依据中"),
    "passage_changed": ("its passage was corrected since", "所属片段的原文已更正"),
    "question_too_long": ("question longer than allowed", "问题过长"),
    "question_too_short": ("question shorter than asked", "问题过短"),
    "quotation": ("quotation", "引语"),
    "rated_low": ("rated too low by the judge", "评审模型评分过低"),
    "refers_to_document": ("speaks of “the document”", "提及“文档”本身"),
    "refusal": ("refusal", "拒绝回答"),
    "rejected_by_reviewer": ("rejected by a reviewer", "审核未通过"),
    "relative_time": ("time told relative to now", "时间以“现在”为准"),
    "repeated_question": ("the exam asks this already", "考题重复"),
    "short_answer_missing": ("short answer is left out", "缺少简短答案"),
    "speaks_of_source": ("sentence speaks of its source", "语句提及出处本身"),
    "subject_missing": ("question does not name its subject", "问题未点明对象"),
    "subject_unresolved": ("the sentence’s subject is not clear", "句子主语不明"),
    "too_close_to_training": ("exam wording too close to training", "考题与训练措辞过近"),
    "too_few_stars": ("too few stars", "星级不足"),
    "too_long": ("row longer than the limit", "条目超出长度上限"),
    "unchanged": ("nothing was changed", "没有改动"),
    "unconfirmed": ("not confirmed by a person", "未经人工确认"),
    "unreadable": ("unreadable characters", "含无法识别的字符"),
    "withheld": ("states a fact that is kept out of training", "陈述了不参与训练的知识点"),
    "wrong_language": ("not in the document’s language", "语言与文档不符"),
    "wrong_length": ("sentence too short or too long", "句子过短或过长"),
}
