"""Where source code and markup are best cut, by language: the most welcome places first.

A place is a line that opens a type, then a function, then a block, as the grammar of the language
has them; indented ones after those of the first column. A new language is one entry, and its name
in `CodeLanguage`.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Literal, NamedTuple

CodeLanguage = Literal[
    "c",
    "csharp",
    "go",
    "html",
    "java",
    "javascript",
    "kotlin",
    "latex",
    "lua",
    "markdown",
    "php",
    "proto",
    "python",
    "rst",
    "ruby",
    "rust",
    "scala",
    "shell",
    "sql",
    "swift",
    "typescript",
]


class Places(NamedTuple):
    """How a language is known, and where it is cut."""

    endings: tuple[str, ...]
    """Of file names, in lower case, with the dot."""
    separators: tuple[str, ...]


def separators_of(language: CodeLanguage) -> tuple[str, ...]:
    """Where texts of this language are cut."""
    return tuple(dict.fromkeys(PLACES[language].separators))


def language_of_name(name: str) -> CodeLanguage | None:
    """The language by the ending of a file's name; None where it is none of these."""
    ending = PurePosixPath(name).suffix.lower()
    return next((one for one, places in PLACES.items() if ending in places.endings), None)


def _lines(*openings: str, indent: str = "") -> tuple[str, ...]:
    """Lines that begin so in the first column, then those of one step of indentation."""
    first = tuple(f"\n{opening}" for opening in openings)
    return first + (tuple(f"\n{indent}{opening}" for opening in openings) if indent else ())


_REST = ("\n\n", "\n", " ")
_BLOCKS = ("if ", "for ", "while ", "switch ", "try ", "return ")
_JAVASCRIPT = (
    *_lines("export ", "class ", "async function ", "function "),
    *_lines("const ", "let ", "var "),
    *_lines(*_BLOCKS, indent="  "),
    *_REST,
)
_VISIBLE = ("public ", "protected ", "private ", "static ")

PLACES: dict[CodeLanguage, Places] = {
    "c": Places(
        (".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx", ".cu"),
        (
            *_lines("namespace ", "class ", "template", "struct ", "union ", "enum ", "typedef "),
            *_lines("static ", "extern ", "inline ", "void ", "int ", "char ", "float ", "double "),
            *("\n}\n", *_lines(*_BLOCKS, indent="    "), *_REST),
        ),
    ),
    "csharp": Places(
        (".cs",),
        (
            *_lines("namespace ", "public ", "internal ", "class ", "interface ", "enum "),
            *_lines(*_VISIBLE, "internal ", indent="    "),
            *_lines(*_BLOCKS, indent="        "),
            *_REST,
        ),
    ),
    "go": Places(
        (".go",),
        (*_lines("type ", "func ", "var ", "const "), *_lines(*_BLOCKS, indent="\t"), *_REST),
    ),
    "html": Places(
        (".htm", ".html", ".xhtml"),
        (
            *("</head>", "</section>", "</article>", "</table>", "</ul>", "</ol>", "</div>"),
            *("</h1>", "</h2>", "</h3>", "</h4>", "</h5>", "</h6>"),
            *("</p>", "</tr>", "</li>", "<br>", "</td>", "</span>", *_REST),
        ),
    ),
    "java": Places(
        (".java",),
        (
            *_lines("public class ", "class ", "public interface ", "interface ", "enum "),
            *_lines("public enum ", "record ", "public record ", "abstract ", "final "),
            *_lines(*_VISIBLE, indent="    "),
            *_lines(*_BLOCKS, indent="        "),
            *_REST,
        ),
    ),
    "javascript": Places((".js", ".mjs", ".cjs", ".jsx"), _JAVASCRIPT),
    "kotlin": Places(
        (".kt", ".kts"),
        (
            *_lines("class ", "data class ", "interface ", "object ", "enum class "),
            *_lines("fun ", "private fun ", "override fun ", "val ", "var ", indent="    "),
            *_lines("if ", "for ", "while ", "when ", "try ", indent="        "),
            *_REST,
        ),
    ),
    "latex": Places(
        (".tex", ".ltx"),
        (
            *_lines("\\part{", "\\chapter{", "\\section{", "\\subsection{", "\\subsubsection{"),
            *_lines("\\paragraph{", "\\begin{", "\\item "),
            *("\\\\\n", "$$", *_REST),
        ),
    ),
    "lua": Places(
        (".lua",),
        (
            *_lines("function ", "local function ", "local ", indent="  "),
            *_lines("if ", "for ", "while ", "repeat", "return ", indent="  "),
            *_REST,
        ),
    ),
    "markdown": Places(
        (".md", ".markdown"),
        (
            *_lines("# ", "## ", "### ", "#### ", "##### ", "###### "),
            *("\n```", "\n---\n", "\n***\n", "\n___\n", *_REST),
        ),
    ),
    "php": Places(
        (".php",),
        (
            *_lines("namespace ", "class ", "abstract class ", "interface ", "trait ", "function "),
            *_lines(*_VISIBLE, "function ", indent="    "),
            *_lines(*_BLOCKS, "foreach ", indent="        "),
            *_REST,
        ),
    ),
    "proto": Places(
        (".proto",),
        (*_lines("service ", "message ", "enum ", "rpc ", "option ", indent="  "), *_REST),
    ),
    "python": Places(
        (".py", ".pyi"),
        (
            *_lines("class ", "@", "async def ", "def "),
            *("\n    @", "\n    async def ", "\n    def "),
            *_lines("if ", "for ", "while ", "try:", "with ", "return ", indent="    "),
            *_REST,
        ),
    ),
    "rst": Places(
        (".rst",),
        ("\n===", "\n---", "\n~~~", "\n^^^", "\n.. ", *_REST),
    ),
    "ruby": Places(
        (".rb",),
        (
            *_lines("module ", "class ", "def ", indent="  "),
            *_lines("if ", "unless ", "while ", "for ", "do", "begin", "rescue", indent="    "),
            *_REST,
        ),
    ),
    "rust": Places(
        (".rs",),
        (
            *_lines("mod ", "pub struct ", "struct ", "pub enum ", "enum ", "trait ", "impl"),
            *_lines("pub fn ", "fn ", "pub async fn ", "const ", "static ", indent="    "),
            *_lines("if ", "for ", "while ", "loop ", "match ", "let ", indent="        "),
            *_REST,
        ),
    ),
    "scala": Places(
        (".scala",),
        (
            *_lines("class ", "case class ", "object ", "trait ", "def ", indent="  "),
            *_lines("val ", "var ", "if ", "for ", "while ", "match ", indent="    "),
            *_REST,
        ),
    ),
    "shell": Places(
        (".sh", ".bash", ".zsh", ".ps1"),
        (*_lines("function "), "\n}\n", *_lines("if ", "for ", "while ", "case "), *_REST),
    ),
    "sql": Places((".sql",), (";\n\n", ";\n", *_lines("CREATE ", "SELECT ", "INSERT "), *_REST)),
    "swift": Places(
        (".swift",),
        (
            *_lines("class ", "struct ", "enum ", "protocol ", "extension "),
            *_lines("func ", "public func ", "private func ", "init(", indent="    "),
            *_lines("if ", "for ", "while ", "guard ", "switch ", indent="        "),
            *_REST,
        ),
    ),
    "typescript": Places(
        (".ts", ".tsx", ".mts"),
        (*_lines("namespace ", "interface ", "enum ", "type ", "abstract class "), *_JAVASCRIPT),
    ),
}
