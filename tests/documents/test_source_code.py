"""Source code is kept as it is, as one block of code."""

from __future__ import annotations

import pytest

from loresmith.documents import parse_bytes
from loresmith.errors import DocumentError

CODE = "# Not a heading\nimport os\n\n\ndef main():\n    return os.name\n"


def test_code_is_one_block_and_has_no_headings() -> None:
    document = parse_bytes(CODE.encode(), name="tools/main.py")
    assert document.text == f"```py\n{CODE.rstrip()}\n```\n"
    assert document.title == "main.py" and document.headings == ()


def test_code_that_holds_fences_itself_is_still_one_block() -> None:
    code = 'HELP = """\n```\nrun\n```\n"""\n# Not a heading\n'
    document = parse_bytes(code.encode(), name="help.py")
    assert code.rstrip() in document.text and document.headings == ()


def test_its_encoding_is_found_and_an_empty_file_refused() -> None:
    code = "// 港口的费用，以元计\nconst 费用 = 61;\n" * 20
    assert "港口的费用" in parse_bytes(code.encode("gb18030"), name="费用.js").text
    with pytest.raises(DocumentError, match="holds no text"):
        parse_bytes(b" \n\n", name="empty.go")
