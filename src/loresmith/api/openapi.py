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

_OPENAI_ERROR = {
    "title": "OpenAIError",
    "description": "What went wrong, as OpenAI's clients read it.",
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "description": "The problem.",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {
                    "type": "string",
                    "description": "What happened, and what to do.",
                    "examples": ["there is no such model"],
                },
                "type": {"type": "string", "enum": ["invalid_request_error", "server_error"]},
                "param": {
                    "type": ["string", "null"],
                    "description": "The part of the request that is wrong.",
                },
                "code": {"type": ["string", "null"], "examples": ["model_not_found"]},
            },
        }
    },
}


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
    schemas["OpenAIError"] = _OPENAI_ERROR
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    schema["security"] = [{}, {"key": []}]
    for path, methods in schema["paths"].items():
        for operation in methods.values():
            operation["responses"].pop("422", None)
            if path.startswith("/v1/"):
                _with_openais_errors(operation["responses"])
    return schema


def _with_openais_errors(responses: dict[str, Any]) -> None:
    """Failures of OpenAI's routes have the form that its clients read."""
    for status in ("4XX", "5XX"):
        responses[status]["content"] = {
            "application/json": {"schema": {"$ref": "#/components/schemas/OpenAIError"}}
        }
