"""The form of a teacher's replies: strict where a row would be wrong, lax where nothing is lost."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def as_list(value: Any) -> Any:
    """One string where a list of strings is wanted, or nothing, is a list all the same."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else value


def _as_text(value: Any) -> Any:
    """Nothing is empty text, and so are the words for it; a number is its digits."""
    if value is None or (isinstance(value, str) and value.strip().lower() in ("null", "none")):
        return ""
    return value


Text = Annotated[str, BeforeValidator(_as_text)]


class Form(BaseModel):
    """Unknown members are ignored, space around texts is cut off."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", str_strip_whitespace=True, coerce_numbers_to_str=True
    )


class Pair(Form):
    """A question and answer with evidence; a part that is missing is empty."""

    question: Text = ""
    answer: Text = ""
    short_answer: Text = ""
    evidence: Annotated[tuple[str, ...], BeforeValidator(as_list)] = ()
    formula: Text = ""
    type: Text = ""
    difficulty: Text = ""
    tag: Text = ""

    @property
    def is_whole(self) -> bool:
        """True where nothing is missing (a formula may be)."""
        return bool(self.question and self.answer and self.short_answer and self.evidence)


class WrittenFacts(Form):
    """What `FactWriter` asks for."""

    pairs: tuple[Pair, ...]
    fewer_because: Text = ""
    """Why the passage holds fewer facts than were asked for."""


class PairOfStatement(Pair):
    """A pair about the statement that the prompt gave this number."""

    statement: int = 0


class NothingThere(Form):
    """A statement of which the teacher says that no pair can be made."""

    statement: int
    reason: Text = ""


class WrittenFill(Form):
    """What `FillWriter` asks for."""

    pairs: tuple[PairOfStatement, ...]
    not_there: tuple[NothingThere, ...] = ()


class QuestionAndAnswer(Form):
    question: Text = ""
    answer: Text = ""


class Question(Form):
    question: Text = ""


class TrainingWording(Form):
    """One way to train a fact."""

    kind: Literal["paraphrase", "restatement", "reversed"]
    question: Text = ""
    answer: Text = ""


class TrainingWordings(Form):
    """The wordings of the pair that the prompt gave this number."""

    number: int
    wordings: tuple[TrainingWording, ...]


class WrittenWordings(Form):
    """What `TrainingWordingWriter` asks for."""

    pairs: tuple[TrainingWordings, ...]
    unanswerable: tuple[QuestionAndAnswer, ...] = Field(default=())


class ExamWordings(Form):
    """The exam questions of the pair that the prompt gave this number."""

    number: int
    exam: tuple[Question, ...]
    practice: tuple[Question, ...] = ()


class WrittenExam(Form):
    """What `ExamWordingWriter` asks for."""

    pairs: tuple[ExamWordings, ...]
    unanswerable: tuple[Question, ...] = Field(default=())
