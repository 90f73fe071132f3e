"""What the document does not say: ids of things that exist, and that an answer has nothing that is not documented."""

import os
import re
import uuid

import requests
import schemathesis

API = os.environ["FUZZ_API"]
AUTH = (os.environ["FUZZ_KEY"], "")
NEW = {"platformKey": "mqjo"}
RULE = {"type": "DataConnectionStatusChanged", "notifiers": {"webhook": "https://app.example.com/alerts"}}
UUID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
KEY = re.compile("[A-Za-z]{4}")


class World:
    """A company, its connection, and one of each of what else has an id; made anew once something was deleted."""

    def __init__(self):
        self.ids = None
        self.own = None

    def own_key(self):
        """The key that is used here: the client's first."""
        if self.own is None:
            self.own = requests.get(API + "/apiKeys", auth=AUTH, timeout=30).json()["results"][0]["id"]
        return self.own

    def now(self):
        if self.ids is None:
            company = self._post("/companies", {"name": "Ash & Birch Ltd"})
            connection = self._post(f"/companies/{company}/connections", NEW)
            for path, most in {"/webhooks": 50, "/rules": 50, "/apiKeys": 10}.items():
                self._make_room(path, most)
            self.ids = {
                "companyId": company,
                "connectionId": connection,
                "webhookId": self._post("/webhooks", {"url": "https://app.example.com/events"}),
                "ruleId": self._post("/rules", RULE),
                "apiKeyId": self._post("/apiKeys", {}),
            }
        return self.ids

    def _post(self, path, body):
        answer = requests.post(API + path, json=body, auth=AUTH, timeout=30)
        answer.raise_for_status()
        return answer.json()["id"]

    def _make_room(self, path, most):
        """There can be so many of these. The oldest go, but for the first, which is the key that is used here: a test may be busy with
        the newest."""
        there = requests.get(API + path, auth=AUTH, timeout=30).json()["results"]
        for one in there[1 : most // 2] if len(there) >= most else []:
            requests.delete(f"{API}{path}/{one['id']}", auth=AUTH, timeout=30)


WORLD = World()


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Of the ids that are some, about half become ids of what exists. What is no id stays: that is what it is for."""
    for name, value in (path_parameters or {}).items():
        if not isinstance(value, str):
            continue
        if UUID.fullmatch(value) and int(value[-1], 16) % 2 == 0:
            path_parameters[name] = WORLD.now().get(name, value)
        elif name == "platformKey" and KEY.fullmatch(value) and value.lower() < "n":
            path_parameters[name] = NEW["platformKey"]
    return path_parameters


@schemathesis.hook
def before_call(context, case, kwargs):
    """The key that is used here is not deleted, which the server would do, nor the integration turned off."""
    if case.operation.path == "/apiKeys/{apiKeyId}" and case.path_parameters.get("apiKeyId") == WORLD.own_key():
        case.path_parameters["apiKeyId"] = str(uuid.uuid4())
    # The integration that all connections here are made to stays enabled.
    if case.operation.path == "/integrations/{platformKey}/settings" and isinstance(case.body, dict) and case.body.get("enabled") is False:
        case.body["enabled"] = True
    # A key that comes again is given the first answer, with the id of what may be gone by now. `crates/api/src/tests` repeats keys.
    headers = case.headers or {}
    if UUID.fullmatch(str(headers.get("Idempotency-Key", ""))):
        headers["Idempotency-Key"] = str(uuid.uuid4())


@schemathesis.hook
def after_call(context, case, response):
    assert response.status_code != 429, "what is turned away is not looked at: this tests nothing"
    if case.method == "DELETE" and response.status_code < 300:
        WORLD.ids = None


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Closes what is answered. The document leaves it open, as later versions answer more."""
    schemas = raw_schema["components"]["schemas"]
    sent = set()
    for item in raw_schema["paths"].values():
        for operation in item.values():
            if "requestBody" in operation:
                _reach(schemas, operation["requestBody"], sent)
    for name, schema in schemas.items():
        if name not in sent:
            _close(schema)


def _reach(schemas, node, found):
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _reach(schemas, value, found)
    name = node["$ref"].rsplit("/", 1)[-1] if isinstance(node, dict) and "$ref" in node else None
    if name and name not in found:
        found.add(name)
        _reach(schemas, schemas[name], found)


def _close(node):
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _close(value)
    if isinstance(node, dict) and "type" in node and isinstance(node.get("properties"), dict):
        node.setdefault("additionalProperties", False)
