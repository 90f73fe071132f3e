import unittest
import warnings

from api import NOBODY, Conformance, basic


class Settings(Conformance):
    def test_profile(self):
        before = self.sdk.settings.get_profile()
        changed = before.model_copy(update={"redirect_url": "https://example.com/{companyId}", "white_list_urls": ["https://example.com"]})
        put = self.sdk.settings.update_profile(request=changed)
        self.assertEqual((put.redirect_url, put.white_list_urls), (changed.redirect_url, changed.white_list_urls))
        self.assertEqual(self.sdk.settings.get_profile(), put)
        wrong = before.model_copy(update={"redirect_url": "javascript:alert(1)"})
        self.fails(400, self.sdk.settings.update_profile, listed=False, request=wrong)
        self.assertEqual(self.sdk.settings.update_profile(request=before), before)

    def test_api_keys(self):
        made = self.sdk.settings.create_api_key(request={"name": "nightly"})
        listed = self.sdk.settings.list_api_keys().results
        mine = next(one for one in listed if one.id == made.id)
        self.assertEqual((mine.name, mine.created_date), ("nightly", made.created_date))
        self.assertNotIn(made.api_key, self.raw("GET", "/apiKeys").text)
        theirs = self.sdk_with(basic(made.api_key))
        self.assertTrue(theirs.companies.list().results is not None)
        self.fails(400, self.sdk.settings.create_api_key, request={"name": "x" * 51})
        # The contract gives this 204 the body of an error by mistake, and the SDK fails over its having none.
        self.assertEqual(self.raw("DELETE", f"/apiKeys/{made.id}").status_code, 204)
        self.fails(401, theirs.companies.list)
        self.fails(404, self.sdk.settings.delete_api_key, request={"api_key_id": made.id})

    def test_api_keys_are_ten_at_most_and_one_at_least(self):
        made = []
        while len(self.sdk.settings.list_api_keys().results) < 10:
            made.append(self.sdk.settings.create_api_key(request={}))
        self.fails(409, self.sdk.settings.create_api_key, request={"name": "eleventh"})
        for key in made:
            self.raw("DELETE", f"/apiKeys/{key.id}")
        (last,) = self.sdk.settings.list_api_keys().results
        self.fails(409, self.sdk.settings.delete_api_key, listed=False, request={"api_key_id": last.id})

    def test_cors_settings_in_both_forms(self):
        origins = {"allowed_origins": ["https://app.example.com", "http://localhost:3000"]}
        self.assertEqual(self.sdk.cors.set(request=origins).allowed_origins, origins["allowed_origins"])
        self.assertEqual(self.sdk.cors.get().allowed_origins, origins["allowed_origins"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            self.assertEqual(self.sdk.settings.get().allowed_origins, origins["allowed_origins"])
            self.sdk.settings.set(request={"allowed_origins": ["https://app.example.com"]})
        self.assertEqual(self.sdk.cors.get().allowed_origins, ["https://app.example.com"])
        self.assertTrue(self.raw("GET", "/connectionManagement/corsSettings").headers["deprecation"])
        for wrong in ["*", "nonsense", "https://example.com/path", "ftp://example.com", "http://example.com"]:
            self.fails(400, self.sdk.cors.set, listed=False, request={"allowed_origins": [wrong]})
        self.assertEqual(self.sdk.cors.set(request={"allowed_origins": []}).allowed_origins, [])

    def test_webhooks(self):
        made = self.sdk.webhooks.create_consumer(request={"url": "https://example.com/hook", "event_types": ["company.created"]})
        self.assertIn(made, self.sdk.webhooks.list_consumers().results)
        self.fails(400, self.sdk.webhooks.create_consumer, request={"url": "ftp://example.com", "event_types": []})
        self.assertIsNone(self.sdk.webhooks.delete_consumer(request={"webhook_id": made.id}))
        self.fails(404, self.sdk.webhooks.delete_consumer, request={"webhook_id": made.id})
        self.fails(404, self.sdk.webhooks.delete_consumer, request={"webhook_id": NOBODY})

    def test_keys_that_are_none(self):
        for authorization in [basic("nonsense"), "Bearer nonsense", basic(self.facts["apiKey"] + "x")]:
            wrong = self.sdk_with(authorization)
            self.fails(401, wrong.companies.list)
            self.fails(401, wrong.settings.get_profile)
        for authorization in [basic(self.facts["apiKey"] + ":"), f"Bearer {self.facts['apiKey']}"]:
            self.assertIsNotNone(self.sdk_with(authorization).companies.list().results)

    def test_there_is_no_zapier_key(self):
        self.fails(501, self.sdk.webhooks.rotate_zapier_key, listed=False)

    def test_every_answer_says_what_is_left(self):
        answer = self.raw("GET", "/companies")
        for name in ("limit", "remaining", "reset"):
            self.assertIn(f"x-rate-limit-{name}", answer.headers)


if __name__ == "__main__":
    unittest.main()
