"""Every shape of row that LLaMA Factory's dataset_info.json can name is read as it is meant."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_folders import Content, dataset_folder
from loresmith.datasets import NamedRows, read_named
from loresmith.errors import DatasetError
from loresmith.records import (
    FeedbackExample,
    Message,
    PreferenceExample,
    TextExample,
    ToolCall,
)

QA = {"instruction": "港务长是谁？", "input": "", "output": "伊内斯·塔瓦雷尔。"}
SHAREGPT = {
    "conversations": [
        {"from": "human", "value": "Who chairs it?"},
        {"from": "gpt", "value": "Cen Wangzhou."},
    ]
}
OPENAI = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "谁主持会议？"},
        {"role": "assistant", "content": "岑望舟。"},
    ]
}
OPENAI_TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
}


def read(
    folder: Path, entry: dict[str, Any], content: Content, name: str = "rows.json", **how: Any
) -> NamedRows:
    """What is read of one file by one entry."""
    entries = {"rows": {"file_name": name, **entry}}
    return read_named(["rows"], folder=dataset_folder(folder, entries, {name: content}), **how)


def said(rows: NamedRows) -> list[list[tuple[str, str]]]:
    return [[(m.role, m.content) for m in example.messages] for example in rows.examples]


def why(rows: NamedRows) -> list[tuple[str, str]]:
    return [(drop.subject_id, drop.reason) for drop in rows.drops]


def test_an_entry_without_columns_is_alpacas(tmp_path: Path) -> None:
    rows = read(tmp_path, {}, [QA, {"instruction": "Name", "input": "Calder", "output": "Ines"}])
    assert said(rows) == [
        [("user", "港务长是谁？"), ("assistant", "伊内斯·塔瓦雷尔。")],
        [("user", "Name\nCalder"), ("assistant", "Ines")],
    ]
    assert [row.language for row in rows.rows] == ["zh", "en"]
    assert [row.provenance.document for row in rows.examples] == [
        "rows.json, row 1",
        "rows.json, row 2",
    ]


def test_system_and_history_are_read_where_the_entry_names_them(tmp_path: Path) -> None:
    columns = {"prompt": "问", "response": "答", "system": "设定", "history": "之前"}
    row = {"问": "那么？", "答": "是。", "设定": "简短回答。", "之前": [["你好", "您好"]]}
    assert said(read(tmp_path, {"columns": columns}, [row])) == [
        [
            ("system", "简短回答。"),
            ("user", "你好"),
            ("assistant", "您好"),
            ("user", "那么？"),
            ("assistant", "是。"),
        ]
    ]


def test_columns_that_are_there_and_not_read_are_named(tmp_path: Path) -> None:
    rows = read(tmp_path, {}, [QA | {"system": "Be brief.", "id": "7"}])
    assert rows.warnings == ("rows: not read are the columns 'system', 'id'",)
    assert said(rows)[0][0][0] == "user"


def test_an_optional_column_that_is_nowhere_is_named(tmp_path: Path) -> None:
    columns = {"prompt": "instruction", "response": "output", "system": "sytem"}
    rows = read(tmp_path, {"columns": columns}, [QA | {"system": "s"}])
    assert rows.warnings[0] == "rows.columns.system: no row that was read has 'sytem'"


@pytest.mark.parametrize(
    ("entry", "row", "expected"),
    [
        ({}, SHAREGPT, [("user", "Who chairs it?"), ("assistant", "Cen Wangzhou.")]),
        (
            {"columns": {"messages": "messages"}, "tags": OPENAI_TAGS},
            OPENAI,
            [("system", "Be brief."), ("user", "谁主持会议？"), ("assistant", "岑望舟。")],
        ),
        (
            {"formatting": "openai"},
            OPENAI,
            [("system", "Be brief."), ("user", "谁主持会议？"), ("assistant", "岑望舟。")],
        ),
        (
            {
                "columns": {"messages": "对话", "system": "设定"},
                "tags": {
                    "role_tag": "谁",
                    "content_tag": "说",
                    "user_tag": "客户",
                    "assistant_tag": "客服",
                },
            },
            {
                "对话": [{"谁": "客户", "说": "在吗？"}, {"谁": "客服", "说": "在。"}],
                "设定": "有礼貌。",
            },
            [("system", "有礼貌。"), ("user", "在吗？"), ("assistant", "在。")],
        ),
        (
            {"columns": {"messages": "conversations", "system": "system"}},
            {
                "system": "Not this one.",
                "conversations": [{"from": "system", "value": "This."}, *SHAREGPT["conversations"]],
            },
            [("system", "This."), ("user", "Who chairs it?"), ("assistant", "Cen Wangzhou.")],
        ),
    ],
    ids=["sharegpt", "openai tags", "openai", "tags in Chinese", "a system turn wins"],
)
def test_conversations_under_whatever_names(
    tmp_path: Path, entry: dict[str, Any], row: Any, expected: list[tuple[str, str]]
) -> None:
    assert said(read(tmp_path, {"formatting": "sharegpt", **entry}, [row])) == [expected]


def test_a_content_in_parts_is_put_together_where_it_is_text(tmp_path: Path) -> None:
    asked = {
        "role": "user",
        "content": [{"type": "text", "text": "Who"}, {"type": "text", "text": "?"}],
    }
    answered = {"role": "assistant", "content": "Ines."}
    picture = {"role": "user", "content": [{"type": "image_url", "image_url": "x.png"}]}
    rows = read(
        tmp_path,
        {"formatting": "openai"},
        [{"messages": [asked, answered]}, {"messages": [picture, answered]}],
    )
    assert said(rows) == [[("user", "Who?"), ("assistant", "Ines.")]]
    assert why(rows) == [("rows.json, row 2", "not_text")]


def test_texts_to_pre_train_on(tmp_path: Path) -> None:
    rows = read(tmp_path, {"columns": {"prompt": "text"}}, [{"text": "第一段。"}, {"text": "Two."}])
    assert [row.text for row in rows.of(TextExample)] == ["第一段。", "Two."]
    assert rows.examples == ()
    bad = [{"text": "a"}, {"text": ""}, {"text": "x<|im_end|>"}, {"content": "y"}]
    (tmp_path / "bad").mkdir()
    drops = read(tmp_path / "bad", {"columns": {"prompt": "text"}}, bad).drops
    assert [drop.detail for drop in drops] == [
        "'text' is empty",
        "the text holds '<|im_end|>'",
        "'text' is missing; there are 'content'",
    ]


@pytest.mark.parametrize("entry", [{}, {"columns": {"prompt": "text"}}])
def test_a_text_file_is_a_text_a_line(tmp_path: Path, entry: dict[str, Any]) -> None:
    rows = read(tmp_path, entry, "第一段。\r\n\r\n  Two.\n", "text.txt", shape="text")
    assert [row.text for row in rows.of(TextExample)] == ["第一段。", "  Two."]
    assert [row.provenance.document for row in rows.rows] == [
        "text.txt, line 1",
        "text.txt, line 3",
    ]


def test_a_text_that_was_cut_amid_a_character_is_named(tmp_path: Path) -> None:
    rows = read(tmp_path, {}, "第一段。\n第二".encode()[:-1], "text.txt")
    assert len(rows.rows) == 1
    assert why(rows) == [("text.txt, line 2", "cut")]


def test_a_better_and_a_worse_answer(tmp_path: Path) -> None:
    alpaca = read(
        tmp_path / "a",
        {"ranking": True, "columns": {"prompt": "q", "chosen": "好", "rejected": "坏"}},
        [{"q": "Who?", "好": "Ines.", "坏": "Nobody."}, {"q": "Who?", "好": "Same", "坏": "Same"}],
    )
    asked = (Message(role="user", content="Who?"),)
    (row,) = alpaca.of(PreferenceExample)
    assert (row.prompt, row.chosen, row.rejected) == (asked, "Ines.", "Nobody.")
    assert why(alpaca) == [("rows.json, row 2", "same_answers")]
    sharegpt = read(
        tmp_path / "s",
        {
            "ranking": True,
            "formatting": "sharegpt",
            "columns": {"messages": "conversations", "chosen": "chosen", "rejected": "rejected"},
        },
        [
            {
                "conversations": [{"from": "human", "value": "Who?"}],
                "chosen": {"from": "gpt", "value": "Ines."},
                "rejected": {"from": "gpt", "value": "Nobody."},
            },
            SHAREGPT
            | {"chosen": {"from": "gpt", "value": "1"}, "rejected": {"from": "gpt", "value": "2"}},
        ],
    )
    assert [one.id for one in sharegpt.rows] == [row.id]
    assert why(sharegpt) == [("rows.json, row 2", "wrong_role")]


def test_an_answer_that_was_liked_or_not(tmp_path: Path) -> None:
    alpaca = read(
        tmp_path / "a",
        {"columns": {"prompt": "instruction", "response": "output", "kto_tag": "label"}},
        [QA | {"label": True}, QA | {"label": False}, QA | {"label": None}, QA | {"label": 1}],
    )
    assert [row.desirable for row in alpaca.of(FeedbackExample)] == [True, False]
    assert why(alpaca) == [("rows.json, row 3", "wrong_type"), ("rows.json, row 4", "wrong_type")]
    sharegpt = read(
        tmp_path / "s",
        {
            "formatting": "sharegpt",
            "columns": {"messages": "messages", "kto_tag": "label"},
            "tags": OPENAI_TAGS,
        },
        [OPENAI | {"label": True}],
    )
    (row,) = sharegpt.of(FeedbackExample)
    assert [m.role for m in row.prompt] == ["system", "user"]
    assert row.completion == "岑望舟。"


TOOLS = [{"name": "tide", "parameters": {"type": "object", "properties": {}}}]
CALL = ToolCall(name="tide", arguments='{"place": "Ness"}')


@pytest.mark.parametrize("tools", [TOOLS, json.dumps(TOOLS), TOOLS[0]])
def test_tools_that_a_row_offers_are_read(tmp_path: Path, tools: Any) -> None:
    entry = {"columns": {"prompt": "instruction", "response": "output", "tools": "tools"}}
    rows = read(tmp_path, entry, [QA | {"tools": "[]"}, QA | {"tools": tools}])
    bare, offering = rows.examples
    assert (bare.tools, json.loads(offering.tools)) == ("", TOOLS)
    assert bare.id != offering.id and not rows.repeats


@pytest.mark.parametrize(
    "call",
    [
        '{"name": "tide", "arguments": {"place": "Ness"}}',
        '[{"name": "tide", "arguments": "{\\"place\\": \\"Ness\\"}"}]',
        '<tool_call>{"name": "tide", "arguments": {"place": "Ness"}}</tool_call>',
    ],
)
def test_calls_of_sharegpt_and_what_tools_give_back_are_turns(tmp_path: Path, call: str) -> None:
    row = {
        "conversations": [
            {"from": "human", "value": "潮水？"},
            {"from": "function_call", "value": call},
            {"from": "observation", "value": "2.1"},
            {"from": "gpt", "value": "2.1 米。"},
        ]
    }
    (example,) = read(tmp_path, {"formatting": "sharegpt"}, [row]).examples
    assert [m.role for m in example.messages] == ["user", "assistant", "tool", "assistant"]
    assert [m.tool_calls for m in example.messages] == [(), (CALL,), (), ()]


def test_calls_of_openai_keep_the_text_before_them(tmp_path: Path) -> None:
    function = {"name": "tide", "arguments": '{"place": "Ness"}'}
    turns = [
        {"role": "user", "content": "Tide?"},
        {"role": "assistant", "content": "A look.", "tool_calls": [{"function": function}] * 2},
        {"role": "tool", "content": "2.1"},
        {"role": "tool", "content": ""},
        {"role": "assistant", "content": None, "tool_calls": [{"function": function}]},
    ]
    (example,) = read(tmp_path, {"formatting": "openai"}, [{"messages": turns}]).examples
    assert example.messages[1] == Message(
        role="assistant", content="A look.", tool_calls=(CALL, CALL)
    )
    assert [m.content for m in example.messages] == ["Tide?", "A look.", "2.1", "", ""]


@pytest.mark.parametrize(
    ("row", "detail"),
    [
        ({"tools": '[{"description": "?"}]'}, "tool 1 of 'tools' has no name"),
        ({"tools": "[{"}, "'tools' is not JSON"),
        ({"conversations": ["tide(Ness)"]}, "message 2 is not JSON"),
        ({"conversations": ['{"arguments": {}}']}, "message 2 calls a tool without a name"),
        ({"conversations": ['{"name": "tide", "arguments": 7}']}, "are no object"),
        ({"conversations": ["[]"]}, "message 2 calls no tool"),
    ],
)
def test_a_row_whose_tools_cannot_be_read_is_left_out_and_named(
    tmp_path: Path, row: dict[str, Any], detail: str
) -> None:
    if "conversations" in row:
        ask, call = {"from": "human", "value": "?"}, row["conversations"][0]
        row = {"conversations": [ask, {"from": "function_call", "value": call}]}
    rows = read(
        tmp_path,
        {"formatting": "sharegpt", "columns": {"tools": "tools"}},
        [SHAREGPT, SHAREGPT | row],
    )
    assert len(rows.examples) == 1
    assert why(rows) == [("rows.json, row 2", "tools")] and detail in rows.drops[0].detail


def test_rows_that_compare_answers_are_left_out_where_they_have_tools(tmp_path: Path) -> None:
    entry = {"columns": {"prompt": "q", "tools": "tools"}, "ranking": True}
    good = {"q": "谁？", "chosen": "岑望舟。", "rejected": "不知道。"}
    rows = read(tmp_path, entry, [good, good | {"tools": TOOLS}])
    assert why(rows) == [("rows.json, row 2", "tools")]


ROWS = [QA, {"instruction": "Who is harbour master?", "input": "", "output": "Ines Tavarel."}]
CSV = "\r\n".join(
    ["instruction,input,output", *(f"{row['instruction']},,{row['output']}" for row in ROWS), ""]
)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows.json", json.dumps(ROWS, ensure_ascii=False).encode()),
        ("rows.json", b"\xef\xbb\xbf" + json.dumps(ROWS, ensure_ascii=False).encode()),
        ("rows.json", json.dumps(ROWS, ensure_ascii=False).encode("utf-16")),
        ("rows.jsonl", "\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS).encode()),
        ("rows.json", "\n".join(json.dumps(row) for row in ROWS).encode()),
        ("rows.csv", CSV.encode()),
        ("rows.csv", CSV.encode("gb18030")),
    ],
    ids=["json", "json bom", "json utf-16", "jsonl", "jsonl as .json", "csv", "csv gb18030"],
)
def test_files_of_every_form_and_encoding(tmp_path: Path, name: str, content: bytes) -> None:
    rows = read(tmp_path, {}, content, name)
    assert [row.messages[1].content for row in rows.examples] == [
        "伊内斯·塔瓦雷尔。",
        "Ines Tavarel.",
    ]


def test_conversations_and_tags_in_cells_of_csv(tmp_path: Path) -> None:
    turns = json.dumps(SHAREGPT["conversations"]).replace('"', '""')
    entry = {"formatting": "sharegpt", "columns": {"messages": "turns", "kto_tag": "liked"}}
    rows = read(tmp_path, entry, f'turns,liked\n"{turns}",True\n"{turns}",\n', "rows.csv")
    assert [row.desirable for row in rows.of(FeedbackExample)] == [True]
    assert why(rows) == [("rows.csv, row 3", "wrong_type")]


def test_a_folder_is_read_file_by_file_in_the_order_of_names(tmp_path: Path) -> None:
    files: dict[str, Content] = {
        "港口/b.jsonl": json.dumps(QA | {"output": "B"}),
        "港口/a.json": [QA | {"output": "A"}],
        "港口/README.md": "about",
        "港口/.gitattributes": "x",
    }
    folder = dataset_folder(tmp_path, {"rows": {"file_name": "港口"}}, files)
    rows = read_named(["rows"], folder=folder)
    assert [row.messages[1].content for row in rows.examples] == ["A", "B"]
    assert rows.sources[0].files == ("港口/a.json", "港口/b.jsonl")
    assert rows.examples[1].provenance.document == "港口/b.jsonl, line 1"
    assert rows.warnings == ("not read in the folder 港口: README.md",)


BAD_LINES = {
    '{"instruction": "Q?"}': ("field_missing", "'output' is missing; there are 'instruction'"),
    '{"问题": "Q?", "output": "A"}': (
        "field_missing",
        "'instruction' is missing; there are '问题', 'output'",
    ),
    '{"instruction": "Q?", "output": null}': ("field_missing", "'output' is null"),
    '{"instruction": "Q?", "output": ""}': ("empty_output", "'output' is empty"),
    '{"instruction": "问？", "output": " \\n"}': ("empty_output", "'output' is empty"),
    '{"instruction": "", "output": "A"}': ("empty", "'instruction' is empty"),
    '{"instruction": "Q?", "output": 42}': ("wrong_type", "'output' is a number instead of text"),
    '{"instruction": "Q?", "output": "A"': ("not_json", "not valid JSON: "),
    '{"instruction": "Q?", "output": "A", "output": "B"}': (
        "duplicate_key",
        "'output' stands twice",
    ),
    '{"instruction": "Q?", "output": "A \\ud83d"}': ("broken_character", "half a character"),
    '{"instruction": "忽略以上<|im_end|>", "output": "A"}': (
        "template_token",
        "the user's text holds '<|im_end|>'",
    ),
    '{"instruction": "Q?", "output": "A<|im_start|>user"}': (
        "template_token",
        "the assistant's text holds '<|im_start|>'",
    ),
    '["Q?", "A"]': ("unknown_format", "it is a list instead of an object"),
    "null": ("unknown_format", "it is null instead of an object"),
}


def test_each_bad_row_is_named_by_line_and_reason_and_the_good_are_kept(tmp_path: Path) -> None:
    """LLaMA Factory: a KeyError without a row, or silence (failure 5 of its facts)."""
    lines = [json.dumps(QA), *BAD_LINES, json.dumps(QA | {"output": "Another."})]
    rows = read(tmp_path, {}, "\n".join(lines), "rows.jsonl")
    assert len(rows.examples) == 2
    for number, (drop, (reason, detail)) in enumerate(
        zip(rows.drops, BAD_LINES.values(), strict=True), start=2
    ):
        assert (drop.subject_id, drop.reason) == (f"rows.jsonl, line {number}", reason)
        assert drop.detail.startswith(detail)
    (source,) = rows.sources
    assert (source.found, source.usable, source.dropped) == (len(lines), 2, len(BAD_LINES))


HUMAN, GPT = SHAREGPT["conversations"]


@pytest.mark.parametrize(
    ("turns", "reason", "detail"),
    [
        ([], "empty", "there is no message"),
        (None, "wrong_type", "'conversations' is null instead of a list"),
        ([HUMAN], "wrong_role", "the last message is the user's: there is nothing to learn"),
        ([GPT, HUMAN], "wrong_role", "message 1 is of the assistant; the user's turn was due"),
        ([HUMAN, HUMAN], "wrong_role", "message 2 is of the user; the assistant's turn was due"),
        (
            [HUMAN, GPT, {"from": "system", "value": "s"}],
            "wrong_role",
            "message 3 is of the system; the user's turn was due",
        ),
        ([{"from": "robot", "value": "x"}, GPT], "wrong_role", "the role of message 1 is 'robot'"),
        (
            [{"谁": "human", "value": "x"}, GPT],
            "wrong_role",
            "message 1 has no 'from'; there are '谁', 'value'",
        ),
        (
            [{"from": "human", "text": "x"}, GPT],
            "field_missing",
            "message 1 has no 'value'; there are 'from', 'text'",
        ),
        ([HUMAN, {"from": "gpt", "value": ""}], "empty_output", "message 2: 'value' is empty"),
        ([HUMAN, {"from": "gpt", "value": None}], "field_missing", "message 2: 'value' is null"),
        (["Q?", "A."], "wrong_type", "message 1 is text instead of an object"),
    ],
)
def test_a_conversation_that_is_out_of_order_is_named(
    tmp_path: Path, turns: Any, reason: str, detail: str
) -> None:
    rows = read(tmp_path, {"formatting": "sharegpt"}, [SHAREGPT, {"conversations": turns}])
    assert [(drop.reason, drop.detail) for drop in rows.drops] == [(reason, detail)]


def test_messages_are_numbered_as_in_the_file_whatever_the_system_column_says(
    tmp_path: Path,
) -> None:
    entry = {"formatting": "sharegpt", "columns": {"system": "system"}}
    row = {"conversations": [GPT, HUMAN], "system": "Be brief."}
    rows = read(tmp_path, entry, [SHAREGPT | {"system": None}, row])
    assert rows.drops[0].detail == "message 1 is of the assistant; the user's turn was due"


def test_roles_that_are_named_are_the_only_ones(tmp_path: Path) -> None:
    entry = {"formatting": "sharegpt", "tags": {"user_tag": "customer"}}
    customer = {"conversations": [HUMAN | {"from": "customer"}, GPT]}
    rows = read(tmp_path, entry, [customer, SHAREGPT])
    assert [drop.detail for drop in rows.drops] == ["the role of message 1 is 'human'"]


def test_rows_that_say_the_same_are_kept_and_named(tmp_path: Path) -> None:
    folder = dataset_folder(
        tmp_path,
        {"a": {"file_name": "a.json"}, "b": {"file_name": "b.json"}},
        {"a.json": [QA, QA], "b.json": [QA]},
    )
    rows = read_named(["a", "b"], folder=folder)
    assert len({row.id for row in rows.rows}) == 3
    assert [(repeat.place, repeat.first) for repeat in rows.repeats] == [
        ("a.json, row 2", "a.json, row 1"),
        ("b.json, row 1", "a.json, row 1"),
    ]


def test_max_samples_takes_the_first_that_can_be_used(tmp_path: Path) -> None:
    content = [QA | {"output": ""}, *(QA | {"output": str(number)} for number in range(9))]
    rows = read(tmp_path, {}, content, max_samples=3)
    assert [row.messages[1].content for row in rows.examples] == ["0", "1", "2"]
    assert not rows.sources[0].whole
    assert read(tmp_path, {}, content, max_samples=9).sources[0].whole


def test_num_samples_draws_as_many_and_repeats_some_where_there_are_fewer(tmp_path: Path) -> None:
    content = [QA | {"output": str(number)} for number in range(20)]

    def drawn(count: int, **how: Any) -> list[str]:
        rows = read(tmp_path, {"num_samples": count}, content, **how)
        assert len({row.id for row in rows.rows}) == len(rows.rows)
        return [row.messages[1].content for row in rows.examples]

    assert len(set(drawn(5))) == 5
    assert drawn(5) == drawn(5) != drawn(5, seed=7)
    assert len(drawn(50)) == 50
    assert len(set(drawn(50))) == 20
    assert drawn(20, max_samples=4) == drawn(20)[:4]


def test_a_file_of_which_no_row_can_be_used_is_told_with_reasons(tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as caught:
        read(tmp_path, {}, [{"question": "Q?", "answer": "A."}] * 3)
    assert caught.value.faults == (
        "rows: none of its 3 rows can be used: 3 x rows.json, row 1: 'instruction' is missing; "
        "there are 'question', 'answer' (Say under `columns`, and `tags`, of dataset_info.json "
        "which column holds what.)",
    )


def test_all_files_that_cannot_be_read_are_told_at_once(tmp_path: Path) -> None:
    files: dict[str, Content] = {"a.json": b"", "b.csv": b"q,q\n1,2\n", "c.json": [QA]}
    entries = {name[0]: {"file_name": name} for name in files}
    with pytest.raises(DatasetError) as caught:
        read_named(["a", "b", "c"], folder=dataset_folder(tmp_path, entries, files))
    assert [fault.split(" (")[0] for fault in caught.value.faults] == [
        "a: a.json is empty",
        "b: b.csv has two columns 'q'",
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["from", "value", "role", "content", "x"]), inner)
    ),
    max_leaves=6,
)
ROW = JSON | st.dictionaries(
    st.sampled_from([*QA, "history", "system", "tools", "chosen", "conversations", "label"]), JSON
)
ENTRIES: list[dict[str, Any]] = [
    {},
    {"columns": {"prompt": "instruction"}},
    {"formatting": "sharegpt", "columns": {"system": "system", "tools": "tools"}},
    {"formatting": "openai"},
    {"ranking": True},
    {"ranking": True, "formatting": "sharegpt"},
    {"columns": {"query": "instruction", "response": "output", "kto_tag": "label", "tools": "x"}},
    {"columns": {"prompt": "instruction", "response": "output", "history": "history"}},
]


@settings(deadline=None)
@given(st.sampled_from(ENTRIES), st.lists(ROW, max_size=6), st.booleans())
def test_no_row_disappears(
    tmp_path_factory: pytest.TempPathFactory, entry: dict[str, Any], rows: list[Any], lines: bool
) -> None:
    """Whatever stands in a file: each of its rows is used or named, once."""
    good = {
        **(QA | {"history": [], "chosen": "A", "rejected": "B", "label": True}),
        "conversations": [HUMAN] if entry.get("ranking") else [HUMAN, GPT],
    }
    content = [good, *rows]
    text = "\n".join(map(json.dumps, content)) if lines else json.dumps(content)
    name = "rows.jsonl" if lines else "rows.json"
    found = read(tmp_path_factory.mktemp("rows"), entry, text, name)
    assert len(found.rows) + len(found.drops) == found.sources[0].found == len(content)
    places = [row.provenance.document for row in found.rows]
    assert len({*places, *(drop.subject_id for drop in found.drops)}) == len(content)


def test_the_docs_name_every_reason_in_both_languages() -> None:
    root = Path(__file__).parents[2]
    sources = [*(root / "src/loresmith/datasets").rglob("*.py")]
    found = {
        reason
        for path in sources
        for reason in re.findall(
            r'(?:RowFault\(\s*|Unreadable\([^"]*"?"?, |fault = )"(\w+)"', path.read_text("utf-8")
        )
    }
    assert {"wrong_role", "not_json", "template_token"} <= found
    for page in ("docs/dataset-files.md", "docs/dataset-files.zh.md"):
        text = (root / page).read_text("utf-8")
        assert [reason for reason in sorted(found) if f"`{reason}`" not in text] == [], page
