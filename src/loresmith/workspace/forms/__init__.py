"""Forms that follow from the schema: a new setting appears in every form by itself."""

from loresmith.workspace.forms.form import Form, FormField, FormGroup, FormOption
from loresmith.workspace.forms.from_schema import every_text_of, form_of
from loresmith.workspace.forms.sections import SECTIONS, Section
from loresmith.workspace.forms.submission import (
    FieldFault,
    Submission,
    form_as_typed,
    submission_of,
)

__all__ = [
    "SECTIONS",
    "FieldFault",
    "Form",
    "FormField",
    "FormGroup",
    "FormOption",
    "Section",
    "Submission",
    "every_text_of",
    "form_as_typed",
    "form_of",
    "submission_of",
]
