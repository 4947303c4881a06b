"""Holds exchanges over HTTP against docs/platform-contract.json, more strictly than either side reads them."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
from jsonschema import Draft202012Validator  # type: ignore[import-untyped] # it ships no types

DOCUMENT = Path(__file__).parents[2] / "docs" / "platform-contract.json"
METHODS = ("get", "post", "put", "delete")


def closed(schema: Any) -> Any:
    """The same schema, in which objects have no members but those that are listed."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(one) for name, one in schema.items()}
    return {**inner, "additionalProperties": False} if schema.get("type") == "object" else inner


class BrokenContractError(AssertionError):
    """An exchange is not as the contract has it."""


class Contract:
    """`used` gathers the operations and statuses that were held against it, as `createInterview 201`."""

    def __init__(self) -> None:
        self.document: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
        self.used: set[str] = set()
        self._components = closed(self.document["components"])

    def operations(self) -> dict[str, dict[str, Any]]:
        """By their operationId; without those of the callback."""
        return {
            item[method]["operationId"]: item[method]
            for item in self.document["paths"].values()
            for method in METHODS
            if method in item
        }

    def hold(self, root: str, request: httpx.Request, response: httpx.Response) -> None:
        """Both must have been read. `root` is the API's address."""
        path = request.url.raw_path.decode().partition("?")[0]
        below = path.removeprefix(httpx.URL(root).path.rstrip("/"))
        operation, values, shared = self._operation(request.method.lower(), below)
        given = {"path": values, "query": dict(request.url.params), "header": request.headers}
        self._hold_parameters([*shared, *operation.get("parameters", [])], given)
        _expect(request.headers.get("authorization", "").startswith("Bearer "), "there is no token")
        self._hold_body(operation.get("requestBody"), request.headers, request.content)
        self._hold_answer(operation, response)
        self.used.add(f"{operation['operationId']} {response.status_code}")

    def hold_news(self, method: str, headers: Mapping[str, str], body: bytes) -> None:
        """A callback as it came."""
        operation = self.document["webhooks"]["interviewNews"][method.lower()]
        self._hold_parameters(operation["parameters"], {"header": headers})
        self._hold_body(operation["requestBody"], headers, body)
        self.used.add(operation["operationId"])

    def _operation(self, method: str, path: str) -> tuple[dict[str, Any], dict[str, str], list[Any]]:
        for template, item in self.document["paths"].items():
            pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)
            found = re.fullmatch(pattern, path)
            if found and method in item:
                values = {name: unquote(value) for name, value in found.groupdict().items()}
                return item[method], values, item.get("parameters", [])
        raise BrokenContractError(f"the contract has no {method} {path}")

    def _hold_parameters(self, declared: list[Any], given: Mapping[str, Mapping[str, str]]) -> None:
        known = [self._resolved(one) for one in declared]
        for parameter in known:
            value = given.get(parameter["in"], {}).get(parameter["name"])
            _expect(value is not None or not parameter.get("required"), f"{parameter['name']} is missing")
            if value is not None:
                schema = parameter["schema"]
                self._validate(schema, int(value) if schema.get("type") == "integer" else value)
        unknown = given.get("query", {}).keys() - {one["name"] for one in known if one["in"] == "query"}
        _expect(not unknown, f"the contract has no parameters {unknown}")

    def _hold_body(self, declared: Any, headers: Mapping[str, str], body: bytes) -> None:
        if declared is None:
            _expect(not body, "a body was sent where the contract has none")
            return
        _expect(headers.get("content-type", "").startswith("application/json"), "the body is not called JSON")
        self._validate(declared["content"]["application/json"]["schema"], json.loads(body))

    def _hold_answer(self, operation: Any, response: httpx.Response) -> None:
        status, answers = str(response.status_code), operation["responses"]
        declared = answers.get(status) or answers.get(f"{status[0]}XX")
        _expect(declared is not None, f"{operation['operationId']} may not answer {status}")
        declared = self._resolved(declared)
        for name, header in declared.get("headers", {}).items():
            if name in response.headers:
                self._validate(header["schema"], int(response.headers[name]))
        self._hold_body(declared if "content" in declared else None, response.headers, response.content)

    def _resolved(self, part: Any) -> Any:
        if "$ref" not in part:
            return part
        for name in part["$ref"].removeprefix("#/components/").split("/"):
            part = part[name] if "$ref" not in part else self.document["components"][name]
        return part

    def _validate(self, schema: Any, value: Any) -> None:
        whole = {**closed(schema), "components": self._components}
        problems = [problem.message for problem in Draft202012Validator(whole).iter_errors(value)]
        _expect(not problems, "; ".join(problems))


def _expect(holds: object, otherwise: str) -> None:
    if not holds:
        raise BrokenContractError(otherwise)
