import html
import json
import os
import re
import subprocess
import sys
import urllib.request

from api import Conformance


class Docs(Conformance):
    """The Python examples of the API's documentation, as they stand there, each run by itself."""

    def test_each_example_runs(self):
        page = self._read("/docs").decode()
        operations = page.split('<article aria-labelledby="')[1:]
        ran = 0
        for text in operations:
            operation, _, text = text.partition('"')
            _, found, text = text.partition("<summary>Python</summary>")
            if not found:
                continue
            code = html.unescape(re.search(r"<code>(.*?)</code>", text, re.DOTALL)[1])
            # Things of its own: some examples delete them.
            for shown, real in self._ids().items():
                code = code.replace(shown, real)
            environment = {**os.environ, "HANDCLASP_KEY": self.facts["apiKey"]}
            command = [sys.executable, "-c", code]
            run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
            with self.subTest(operation):
                # A person links, and only what is linked can be unlinked or used: the refusals show that the call was understood.
                if operation == "unlink-connection":
                    self.assertIn("Only a Linked connection can be unlinked", run.stderr)
                elif operation == "update-connection-authorization":
                    self.assertIn("lead that person to its linkUrl", run.stderr)
                elif operation == "get-connection-credentials" or operation.startswith("proxy-"):
                    self.assertIn("409 Conflict", run.stderr)
                else:
                    self.assertEqual(run.returncode, 0, run.stderr)
            ran += 1
        self.assertGreater(ran, 35)

    def _ids(self):
        """Things that exist, by the ids that the examples have in their place."""
        shown = {}
        for operations in json.loads(self._read("/openapi.json"))["paths"].values():
            for operation in operations.values():
                for parameter in operation.get("parameters", []):
                    shown[parameter["name"]] = parameter["schema"].get("example")
        company = self.company()
        # There can be so many of these: those of examples before are let go.
        for consumer in self.sdk.webhooks.list_consumers().results:
            if "/demo/" not in consumer.url:
                self.sdk.webhooks.delete_consumer(request={"webhook_id": consumer.id})
        for key in self.sdk.settings.list_api_keys().results:
            if key.name == "example":
                self.raw("DELETE", f"/apiKeys/{key.id}")
        for rule in self.raw("GET", "/rules").json()["results"]:
            self.raw("DELETE", f"/rules/{rule['id']}")
        rule = {"type": "DataConnectionStatusChanged", "notifiers": {"webhook": "https://app.example.com/alerts"}}
        real = {
            "companyId": company.id,
            "connectionId": self.connection(company).id,
            "webhookId": self.sdk.webhooks.create_consumer(request={"url": "https://app.example.com/events"}).id,
            "apiKeyId": self.sdk.settings.create_api_key(request={"name": "example"}).id,
            "ruleId": self.raw("POST", "/rules", json=rule).json()["id"],
        }
        return {shown[name]: value for name, value in real.items()}

    def _read(self, path):
        with urllib.request.urlopen(self.facts["apiUrl"] + path) as answer:
            return answer.read()
