"""The description of the API in OpenAPI's form, as generators of clients and tests read it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from loresmith.api.problems import Problem

_ABOUT = """\
What the studio's pages do, for programs. Errors are problems of RFC 9457, lists come in pages with
a cursor, edits need the `ETag` of what they change, and what starts work takes an
`Idempotency-Key`. On another address than loopback, send an API key: `Authorization: Bearer ...`.
"""


def describe(app: FastAPI) -> None:
    """Has `app` describe all of its routes, and their problems by one schema."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _with_problems(
                get_openapi(
                    title=app.title,
                    version=app.version,
                    description=_ABOUT,
                    routes=app.routes,
                    separate_input_output_schemas=app.separate_input_output_schemas,
                )
            )
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _with_problems(schema: dict[str, Any]) -> dict[str, Any]:
    components = schema.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = Problem.model_json_schema(
        ref_template="#/components/schemas/{model}", mode="serialization"
    )
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    schema["security"] = [{}, {"key": []}]
    for path in schema["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
    return schema
