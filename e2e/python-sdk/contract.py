"""Holds answers against the published OpenAPI document of the contract, as `e2e/lib/contract.mjs` does, and with the same rule for
where the document is. What differs on purpose is in `docs/deviations.json`."""

import json
import os
import sys
from pathlib import Path
from urllib.parse import quote

import jsonschema
import yaml
from referencing import Registry
from referencing.jsonschema import DRAFT202012

ROOT = Path(__file__).resolve().parents[2]
URI = "contract:/platform"
FORMATS = jsonschema.Draft202012Validator.FORMAT_CHECKER


class _Plain(yaml.SafeLoader):
    """YAML as JSON has it: no dates, and keys are texts."""

    def construct_mapping(self, node, deep=False):
        return {str(key): value for key, value in super().construct_mapping(node, deep).items()}


_Plain.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _read():
    named = os.environ.get("HANDCLASP_TEST_CONTRACT")
    file = Path(named) if named else ROOT.parent / "shared/reference/platform-api.yaml"
    if not named and not file.exists():
        print(f"SKIPPED: answers are not checked, there is no {file}", file=sys.stderr)
        return None
    document = yaml.load(file.read_text(), _Plain)
    for deviation in json.loads((ROOT / "docs/deviations.json").read_text()):
        for change in deviation.get("contract", []):
            *keys, last = _keys(change["at"])
            holder = document
            for key in keys:
                holder = holder[key]
            assert last in holder, f"{file} has no {change['at']}: mend docs/deviations.json"
            holder[last] = change["becomes"]
    return document


def _keys(pointer):
    return [key.replace("~1", "/").replace("~0", "~") for key in pointer.lstrip("#").lstrip("/").split("/")]


def _with_null(node):
    """The document says `nullable: true`, which OpenAPI 3.1 has no longer. It becomes a choice of null, as it is meant, without moving
    anything that references point at."""
    if isinstance(node, list):
        return [_with_null(item) for item in node]
    if not isinstance(node, dict):
        return node
    plain = {key: _with_null(value) for key, value in node.items()}
    if plain.get("nullable") is not True:
        return plain
    if "$ref" in plain:
        return {"anyOf": [{"type": "null"}, {"$ref": plain["$ref"]}]}
    if "type" in plain:
        plain["type"] = [plain["type"], "null"]
    if "enum" in plain:
        plain["enum"] = [*plain["enum"], None]
    return plain


DOCUMENT = _read()
if DOCUMENT is not None:
    REGISTRY = Registry().with_resource(URI, DRAFT202012.create_resource(_with_null(DOCUMENT)))


def check_answer(method, path, status, body):
    """Checks one answer. An error that the contract does not list for an operation has its form for errors all the same."""
    if DOCUMENT is None:
        return
    what = f"{method} {path} -> {status}"
    if status == 204:
        # Whatever the document says: one of its 204s refers to the body of a 429.
        assert body is None, f"{what} has a body"
        return
    template = _template(path)
    answers = DOCUMENT["paths"].get(template, {}).get(method.lower(), {}).get("responses", {})
    if str(status) not in answers:
        assert status >= 400 or template is None, f"{what}: the contract knows no such answer"
        if status >= 400:
            _check(what, "/components/schemas/ErrorMessage", body)
        return
    pointer = f"/paths/{template.replace('/', '~1')}/{method.lower()}/responses/{status}"
    answer = answers[str(status)]
    if "$ref" in answer:
        pointer = answer["$ref"].lstrip("#")
        answer = DOCUMENT
        for key in _keys(pointer):
            answer = answer[key]
    if "schema" in answer.get("content", {}).get("application/json", {}):
        _check(what, f"{pointer}/content/application~1json/schema", body)
    else:
        assert body is None, f"{what} has a body where the contract has none"


def _template(path):
    parts = path.split("/")
    fitting = [
        template
        for template in DOCUMENT["paths"]
        if len(template.split("/")) == len(parts)
        and all(t.startswith("{") or t == part for t, part in zip(template.split("/"), parts))
    ]
    # Where two fit, the one that is spelled out.
    return min(fitting, key=lambda template: template.count("{"), default=None)


def _check(what, pointer, body):
    schema = {"$ref": f"{URI}#{quote(pointer, safe='/~')}"}
    validator = jsonschema.Draft202012Validator(schema, registry=REGISTRY, format_checker=FORMATS)
    errors = [f"  {error.json_path}: {error.message[:300]}" for error in validator.iter_errors(body)]
    assert not errors, f"{what} breaks the contract:\n" + "\n".join(errors)
