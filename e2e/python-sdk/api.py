"""The frame of a test file: a server, the published SDK, plain requests. Every answer is held against the contract."""

import base64
import html
import json
import re
import unittest
from urllib.parse import urlsplit

import httpx
from codat_platform import CodatPlatform
from codat_platform.models import errors, shared
from codat_platform.utils.retries import RetryConfig

from contract import check_answer
from server import Server

NOBODY = "3fa85f64-5717-4562-b3fc-2c963f66afa6"


def basic(key):
    return "Basic " + base64.b64encode(key.encode()).decode()


class Conformance(unittest.TestCase):
    """One server for the tests of a class. `sdk` is set up as its documentation says, with no retries: a test wants the first answer."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.stop)
        cls.facts = cls.server.facts
        cls.http = httpx.Client(event_hooks={"response": [cls._check]}, timeout=20)
        cls.addClassCleanup(cls.http.close)
        cls.sdk = cls.sdk_with(basic(cls.facts["apiKey"]))

    @classmethod
    def sdk_with(cls, authorization):
        return CodatPlatform(
            security=shared.Security(auth_header=authorization),
            server_url=cls.facts["apiUrl"],
            client=cls.http,
            retry_config=RetryConfig(strategy="none"),
            timeout_ms=20_000,
        )

    @classmethod
    def _check(cls, response):
        response.read()
        request = response.request
        prefix = urlsplit(cls.facts["apiUrl"]).path
        if not request.url.path.startswith(prefix + "/"):
            return
        if response.headers.get("content-type", "").startswith("image/"):
            return
        body = response.json() if response.content else None
        check_answer(request.method, request.url.path[len(prefix) :], response.status_code, body)

    def raw(self, method, path, *, key=None, **more):
        """A plain request to the API; a path such as `/companies`."""
        headers = {"authorization": basic(self.facts["apiKey"] if key is None else key), **more.pop("headers", {})}
        return self.http.request(method, self.facts["apiUrl"] + path, headers=headers, **more)

    def fails(self, status, call, *, listed=True, **arguments):
        """That a call of the SDK fails with this status. Where the contract lists the status for the operation, the SDK understands the
        error's body; otherwise (`listed=False`) it hands on the text. Answers the body."""
        with self.assertRaises(errors.CodatPlatformError) as caught:
            call(**arguments)
        error = caught.exception
        self.assertEqual(error.status_code, status, error.body)
        self.assertEqual(isinstance(error, errors.ErrorMessage), listed, repr(error))
        body = json.loads(error.body)
        self.assertEqual((body["statusCode"], body["canBeRetried"]), (status, "False"))
        self.assertEqual(error.headers["x-correlation-id"], body["correlationId"])
        return body

    def company(self, name="Ash & Birch Ltd", **more):
        return self.sdk.companies.create(request={"name": name, **more})

    def connection(self, company, platform_key="mqjo"):
        request = {"company_id": company.id, "request_body": {"platform_key": platform_key}}
        return self.sdk.connections.create(request=request)

    def link(self, connection):
        """Does what a person does, without JavaScript: allows access at the connection's own address."""
        with httpx.Client(follow_redirects=True, timeout=20) as browser:
            page = browser.get(connection.link_url)
            for _ in range(12):
                if "/sandbox/" in page.url.path and (form := _form(page, "allow")):
                    page = browser.request(*form[:2], data=form[2])
                elif refresh := re.search(r'http-equiv="refresh" content="\d+;\s*url=([^"]+)"', page.text, re.IGNORECASE):
                    page = browser.get(page.url.join(html.unescape(refresh[1])))
                elif form := _form(page, None):
                    page = browser.request(*form[:2], data=form[2])
                else:
                    break
                status = self.raw("GET", self.path_of(connection)).json()["status"]
                if status == "Linked":
                    return
        self.fail(f"it could not be linked; the last page was {page.url}:\n{page.text[:3000]}")

    def path_of(self, connection):
        """A connection's path under the API, out of its Link address."""
        return urlsplit(connection.link_url).path.removesuffix("/start")


def _form(page, button):
    """The first form in the main part of a page: method, address, fields. `button` is the value of the button that is pressed."""
    main = re.search(r"<main.*?</main>", page.text, re.DOTALL)
    form = main and re.search(r"<form([^>]*)>(.*?)</form>", main[0], re.DOTALL)
    if not form:
        return None
    action = re.search(r'action="([^"]*)"', form[1])
    method = re.search(r'method="([^"]*)"', form[1])
    fields = {}
    for tag in re.findall(r"<(?:input|button)[^>]*>", form[2]):
        attributes = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        name, kind = attributes.get("name"), attributes.get("type", "text")
        if not name or (kind in ("radio", "checkbox") and "checked" not in tag):
            continue
        if tag.startswith("<button") and (name in fields or button not in (None, attributes.get("value"))):
            continue
        fields[name] = html.unescape(attributes.get("value", ""))
    address = page.url.join(html.unescape(action[1])) if action else page.url
    return (method[1] if method else "GET").upper(), str(address), fields
