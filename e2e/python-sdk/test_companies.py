import unittest

from api import NOBODY, Conformance


class Companies(Conformance):
    def test_create_get_delete(self):
        made = self.sdk.companies.create(request={"name": "  Müller & Söhne 株式会社 ", "description": "d", "tags": {"region": "eu"}})
        self.assertEqual(made.name, "Müller & Söhne 株式会社")
        self.assertEqual(made.tags, {"region": "eu"})
        self.assertEqual((made.products, made.data_connections), ([], []))
        self.assertEqual((made.reference_parent_company, made.reference_subsidiary_companies), (None, []))
        self.assertEqual(made.owner_user_ids, [])
        self.assertEqual(made.redirect, f"{self.facts['baseUrl']}/company/{made.id}")
        at = {"company_id": made.id}
        self.assertEqual(self.sdk.companies.get(request=at), made)
        self.assertIsNone(self.sdk.companies.delete(request=at))
        self.fails(404, self.sdk.companies.get, request=at)
        self.fails(404, self.sdk.companies.delete, request=at)

    def test_create_refuses(self):
        error = self.fails(400, self.sdk.companies.create, request={"name": " "})
        self.assertEqual(error["validation"]["errors"][0]["itemId"], "name")
        many = {str(number): "v" for number in range(11)}
        for wrong in [{"name": "x" * 256}, {"name": "x", "tags": many}, {"name": "x", "tags": {"k": "v" * 101}}]:
            self.fails(400, self.sdk.companies.create, request=wrong)

    def test_update_changes_what_is_given(self):
        made = self.company(description="before", tags={"a": "1", "b": "2"})
        update = lambda body: self.sdk.companies.update(request={"company_id": made.id, "company_update_request": body})
        self.assertEqual(update({"name": "Renamed"}).name, "Renamed")
        after = update({"tags": {"c": "3"}})
        self.assertEqual((after.name, after.description, after.tags), ("Renamed", "before", {"c": "3"}))
        self.assertEqual(update({"tags": {}}).tags, {})
        self.assertEqual(self.sdk.companies.get(request={"company_id": made.id}).tags, {})
        refused = self.raw("PATCH", f"/companies/{made.id}", json={"name": ""})
        self.assertEqual(refused.status_code, 400)
        self.fails(404, self.sdk.companies.update, request={"company_id": NOBODY, "company_update_request": {"name": "x"}})

    def test_replace_clears_what_is_absent(self):
        made = self.company(description="before", tags={"a": "1"})
        replace = lambda at, body: self.sdk.companies.replace(request={"company_id": at, "company_request_body": body})
        after = replace(made.id, {"name": "Replaced"})
        self.assertEqual((after.id, after.created), (made.id, made.created))
        self.assertEqual((after.name, after.description, after.tags), ("Replaced", None, {}))
        self.fails(404, replace, at=NOBODY, body={"name": "x"})
        self.assertEqual(self.raw("PUT", f"/companies/{made.id}", json={}).status_code, 400)

    def test_products(self):
        made = self.company()
        at = {"company_id": made.id, "product_identifier": "lending"}
        get = lambda: self.sdk.companies.get(request={"company_id": made.id}).products
        self.assertIsNone(self.sdk.companies.add_product(request=at))
        self.assertIsNone(self.sdk.companies.add_product(request=at))
        self.assertEqual(get(), ["lending"])
        self.assertIsNone(self.sdk.companies.remove_product(request=at))
        self.assertEqual(get(), [])
        for call in (self.sdk.companies.add_product, self.sdk.companies.remove_product):
            self.fails(404, call, request={**at, "company_id": NOBODY})

    def test_parents_and_subsidiaries(self):
        parent, child = self.company("Parent"), self.company("Child")
        put = self.raw("PUT", f"/companies/{child.id}", json={"name": "Child", "referenceParentCompany": {"id": parent.id}})
        self.assertEqual(put.status_code, 200, put.text)
        self.assertEqual(self.sdk.companies.get(request={"company_id": child.id}).reference_parent_company.id, parent.id)
        seen = self.sdk.companies.get(request={"company_id": parent.id})
        self.assertEqual([one.id for one in seen.reference_subsidiary_companies], [child.id])
        cycle = {"name": "Parent", "referenceParentCompany": {"id": child.id}}
        self.assertEqual(self.raw("PUT", f"/companies/{parent.id}", json=cycle).status_code, 400)
        unknown = {"name": "Child", "referenceParentCompany": {"id": NOBODY}}
        self.assertEqual(self.raw("PUT", f"/companies/{child.id}", json=unknown).status_code, 400)

    def test_list_pages_order_and_filters(self):
        for number in range(7):
            self.company(f"Listed {number}", tags={"listed": "yes", "number": str(number)})
        ask = lambda **more: self.sdk.companies.list(request=more)
        names = lambda answer: [one.name for one in answer.results]
        page = ask(query="name~listed", order_by="-name", page=2, page_size=3)
        self.assertEqual((names(page), page.total_results), (["Listed 3", "Listed 2", "Listed 1"], 7))
        self.assertEqual((page.page_number, page.page_size), (2, 3))
        self.assertTrue(page.links.next and page.links.previous)
        self.assertEqual(names(ask(query="name=Listed 4||name=Listed 5", order_by="name")), ["Listed 4", "Listed 5"])
        self.assertEqual(names(ask(query="{name=Listed 4||name=Listed 5}&&name!=Listed 4")), ["Listed 5"])
        self.assertEqual(names(ask(tags="number=6")), ["Listed 6"])
        self.assertEqual(ask(tags="listed=yes").total_results, 7)
        self.assertEqual(ask(query="dataConnections.status=Linked").total_results, 0)
        for wrong in [{"page": 0}, {"page_size": 5001}, {"order_by": "nothing"}, {"query": "name="}, {"query": "nothing=1"}, {"tags": "x"}]:
            self.fails(400, self.sdk.companies.list, request=wrong)

    def test_access_tokens(self):
        made = self.company()
        token = self.sdk.companies.get_access_token(request={"company_id": made.id})
        self.assertEqual((token.token_type, token.expires_in), ("Bearer", 86_400))
        own = self.http.get(f"{self.facts['apiUrl']}/companies/{made.id}", headers={"authorization": f"Bearer {token.access_token}"})
        self.assertEqual((own.status_code, own.json()["id"]), (200, made.id))
        older = self.sdk.connection_management.get(request={"company_id": made.id})
        self.assertTrue(older.access_token)
        self.fails(404, self.sdk.companies.get_access_token, request={"company_id": NOBODY})
        self.fails(404, self.sdk.connection_management.get, request={"company_id": NOBODY})

    def test_one_company_for_one_idempotency_key(self):
        headers = {"Idempotency-Key": "7b0f5d0e-7c5c-4d7e-9c9e-3f6a0a0c8d11"}
        first = self.sdk.companies.create(request={"name": "Once"}, http_headers=headers)
        self.assertEqual(self.sdk.companies.create(request={"name": "Once"}, http_headers=headers), first)
        self.fails(422, self.sdk.companies.create, listed=False, request={"name": "Twice"}, http_headers=headers)

    def test_business_data_is_not_here(self):
        at = {"company_id": self.company().id}
        for call in (
            self.sdk.companies.get_company_sync_settings,
            self.sdk.refresh_data.all,
            self.sdk.push_data.list_operations,
        ):
            self.fails(501, call, listed=False, request=at)
        self.fails(501, self.sdk.settings.get_sync_settings, listed=False)


if __name__ == "__main__":
    unittest.main()
