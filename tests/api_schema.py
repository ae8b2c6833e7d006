"""Reads the API's own description: which routes there are, and the least that each asks for."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from starlette.testclient import TestClient


class Operation(NamedTuple):
    """One method of one path."""

    method: str
    path: str
    described: dict[str, Any]
    schemas: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def path_names(self) -> set[str]:
        return set(re.findall(r"{(\w+)}", self.path))

    @property
    def required_query(self) -> list[str]:
        return [
            one["name"]
            for one in self.described.get("parameters", [])
            if one["in"] == "query" and one.get("required")
        ]

    @property
    def names_something_of_a_project(self) -> bool:
        names = self.path_names | set(self.required_query)
        return "project_id" in names and len(names) > 1

    def least_body(self) -> dict[str, Any]:
        """Arguments for `request` with the least body that the description allows."""
        content = self.described.get("requestBody", {}).get("content", {})
        if "multipart/form-data" in content:
            return {"files": [(name, ("a.txt", b"text")) for name in ("file", "files")]}
        if "application/json" not in content:
            return {}
        return {"json": self._least(content["application/json"]["schema"])}

    def fields_without_example(self) -> list[str]:
        """Required fields of the JSON body that nothing shows a value of, by dotted path."""
        content = self.described.get("requestBody", {}).get("content", {})
        described = content.get("application/json")
        return [] if described is None else self._unshown(described["schema"], "")

    def _unshown(self, schema: dict[str, Any], path: str) -> list[str]:
        if "$ref" in schema:
            return self._unshown(self.schemas[schema["$ref"].rsplit("/", 1)[-1]], path)
        shown = {"examples", "default", "enum", "const"} & set(schema)
        if shown or schema.get("type") == "boolean":
            return []
        if "items" in schema and path:
            return self._unshown(schema["items"], path)
        fields = schema.get("properties", {})
        if path and not fields:
            return [path]
        required = schema.get("required", [])
        below = (self._unshown(fields[name], f"{path}.{name}".strip(".")) for name in required)
        return [one for several in below for one in several]

    def body_of(self, text: str) -> Any:
        """A JSON body with every field, each text being `text`; None where none is taken."""
        content = self.described.get("requestBody", {}).get("content", {})
        described = content.get("application/json")
        return None if described is None else self._every_field(described["schema"], text)

    def _every_field(self, schema: dict[str, Any], text: str, depth: int = 0) -> Any:
        if "$ref" in schema:
            return self._every_field(self.schemas[schema["$ref"].rsplit("/", 1)[-1]], text, depth)
        branches = next((schema[key] for key in ("anyOf", "oneOf", "allOf") if key in schema), None)
        if branches:
            return self._every_field(branches[0], text, depth)
        if "const" in schema or "enum" in schema:
            return schema.get("const", (schema.get("enum") or [None])[0])
        kind = schema.get("type", "object")
        if depth > 6:
            return None
        if kind == "object" and "properties" in schema:
            return {
                name: self._every_field(field, text, depth + 1)
                for name, field in schema["properties"].items()
            }
        if kind == "object":
            return {text: text}
        if kind == "array":
            return [self._every_field(schema.get("items", {}), text, depth + 1)]
        plain = {"string": text, "boolean": True, "null": None}
        return plain.get(kind, schema.get("minimum", 1))

    def _least(self, schema: dict[str, Any]) -> Any:
        if "$ref" in schema:
            return self._least(self.schemas[schema["$ref"].rsplit("/", 1)[-1]])
        for key in ("const", "default"):
            if key in schema:
                return schema[key]
        if "enum" in schema:
            return schema["enum"][0]
        for key in ("anyOf", "oneOf", "allOf"):
            if key in schema:
                return self._least(schema[key][0])
        kind = schema.get("type", "object")
        if kind == "object":
            wanted = schema.get("required", [])
            return {name: self._least(schema["properties"][name]) for name in wanted}
        if kind == "array":
            return [self._least(schema["items"])] * schema.get("minItems", 0)
        plain = {"string": "x" * schema.get("minLength", 1), "boolean": False, "null": None}
        return plain.get(kind, schema.get("minimum", 1))


def operations_of(api: TestClient) -> list[Operation]:
    """Every operation that `api` describes."""
    schema = api.get("/api/v1/openapi.json").json()
    schemas = schema["components"]["schemas"]
    return [
        Operation(method.upper(), path, described, schemas)
        for path, methods in schema["paths"].items()
        for method, described in methods.items()
    ]
