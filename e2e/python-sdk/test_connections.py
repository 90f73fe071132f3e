import unittest

from api import NOBODY, Conformance


class Connections(Conformance):
    def test_create_get_list_delete(self):
        company = self.company()
        made = self.connection(company)
        self.assertEqual((made.status, made.integration_key), ("PendingAuth", "mqjo"))
        at = {"company_id": company.id, "connection_id": made.id}
        self.assertEqual(self.sdk.connections.get(request=at), made)
        listed = self.sdk.connections.list(request={"company_id": company.id})
        self.assertEqual((listed.results, listed.total_results), ([made], 1))
        self.sdk.connections.delete(request=at)
        self.fails(404, self.sdk.connections.get, request=at)
        self.fails(404, self.sdk.connections.delete, request=at)

    def test_create_refuses(self):
        company = self.company()
        request = lambda at, key: {"company_id": at, "request_body": {"platform_key": key}}
        self.fails(400, self.sdk.connections.create, listed=False, request=request(company.id, "zzzz"))
        self.fails(404, self.sdk.connections.create, request=request(NOBODY, "mqjo"))

    def test_list_filters(self):
        company = self.company()
        made = [self.connection(company) for _ in range(3)]
        ask = lambda **more: self.sdk.connections.list(request={"company_id": company.id, **more})
        self.assertEqual(ask(query="status=PendingAuth").total_results, 3)
        self.assertEqual(ask(query="status=Linked").results, [])
        page = ask(page=2, page_size=2, order_by="created")
        self.assertEqual(([one.id for one in page.results], page.total_results), ([made[2].id], 3))
        self.fails(400, ask, query="nothing=1")
        self.fails(404, self.sdk.connections.list, request={"company_id": NOBODY})

    def test_unlink_once(self):
        company = self.company()
        made = self.connection(company)
        at = {"company_id": company.id, "connection_id": made.id}
        unlink = {**at, "update_connection_status": {"status": "Unlinked"}}
        self.fails(400, self.sdk.connections.unlink, listed=False, request=unlink)
        self.link(made)
        linked = self.sdk.connections.get(request=at)
        self.assertEqual(linked.status, "Linked")
        unlinked = self.sdk.connections.unlink(request=unlink)
        self.assertEqual(unlinked.status, "Unlinked")
        self.assertEqual(self.sdk.connections.get(request=at), unlinked)
        self.fails(400, self.sdk.connections.unlink, listed=False, request=unlink)
        by_hand = {**at, "update_connection_status": {"status": "Linked"}}
        self.fails(400, self.sdk.connections.unlink, listed=False, request=by_hand)
        seen = self.sdk.companies.list(request={"query": "dataConnections.status=Unlinked"})
        self.assertEqual([one.id for one in seen.results], [company.id])

    def test_a_person_gives_access_and_not_the_platform(self):
        company = self.company()
        made = self.connection(company)
        at = {"company_id": company.id, "connection_id": made.id, "request_body": {"code": "x"}}
        error = self.fails(400, self.sdk.connections.update_authorization, listed=False, request=at)
        self.assertIn("Link", error["error"])
        self.fails(404, self.sdk.connections.update_authorization, request={**at, "connection_id": NOBODY})

    def test_integrations(self):
        all_of_them = self.sdk.integrations.list(request={"page_size": 5000})
        self.assertEqual(all_of_them.total_results, len(all_of_them.results))
        one = self.sdk.integrations.get(request={"platform_key": "mqjo"})
        self.assertIn(one, all_of_them.results)
        self.assertEqual(self.http.get(one.logo_url).headers["content-type"], "image/svg+xml")
        found = self.sdk.integrations.list(request={"query": "key=mqjo&&enabled=true"})
        self.assertEqual(found.results, [one])
        self.fails(400, self.sdk.integrations.list, request={"query": "key"})
        self.fails(404, self.sdk.integrations.get, request={"platform_key": "zzzz"})

    def test_branding_is_served(self):
        branding = self.sdk.integrations.get_branding(request={"platform_key": "mqjo"})
        images = [branding.logo.full, branding.logo.square]
        if branding.button:
            images += [branding.button.default, branding.button.hover]
        for image in filter(None, images):
            served = self.http.get(image.image.src)
            self.assertEqual((served.status_code, served.headers["content-type"]), (200, "image/svg+xml"))
        self.fails(404, self.sdk.integrations.get_branding, request={"platform_key": "zzzz"})


if __name__ == "__main__":
    unittest.main()
