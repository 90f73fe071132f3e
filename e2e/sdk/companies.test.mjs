import assert from 'node:assert/strict';
import { test } from 'node:test';

import { NOBODY, api, isError, isId, isInstant } from '../lib/api.mjs';
import { fails } from '../lib/sdk.mjs';

const it = api();

test('create: the whole answer', async () => {
  const { status, body } = await it.raw('POST', '/companies', {
    body: { name: '  Ash & Birch Ltd ', description: 'A first one', tags: { region: 'uk' }, later: 1 },
  });
  assert.equal(status, 200);
  isId(body.id);
  isInstant(body.created);
  assert.equal(body.name, 'Ash & Birch Ltd');
  assert.equal(body.description, 'A first one');
  assert.equal(body.platform, '');
  assert.equal(body.redirect, new URL(`/company/${body.id}`, it.server.baseUrl).href);
  assert.deepEqual(body.tags, { region: 'uk' });
  assert.deepEqual(body.products, []);
  assert.deepEqual(body.dataConnections, []);
  assert.deepEqual(body.referenceSubsidiaryCompanies, []);
  assert.equal(body.lastSync ?? null, null);
  assert.equal(body.referenceParentCompany ?? null, null);
});

test('create, get, delete by the SDK', async () => {
  const made = await it.sdk.companies.create({ name: 'Ash & Birch Ltd', tags: { a: '1' } });
  const got = await it.sdk.companies.get({ companyId: made.id });
  assert.deepEqual(got, made);
  assert.equal(await it.sdk.companies.delete({ companyId: made.id }), undefined);
  await fails(it.sdk.companies.get({ companyId: made.id }), 404);
  await fails(it.sdk.companies.delete({ companyId: made.id }), 404);
});

test('create: names in any script, up to their length', async () => {
  for (const name of ['Bäckerei Grün', '株式会社例', 'شركة', 'x', 'é'.repeat(255), '🍞 & co']) {
    const made = await it.newCompany(name);
    assert.equal(made.name, name);
    assert.equal((await it.sdk.companies.get({ companyId: made.id })).name, name);
  }
  for (const name of ['', '   ', 'x'.repeat(256), 'a\u0000b', 'a\nb', '\u0007', 'a\u2028b']) {
    isError(await it.raw('POST', '/companies', { body: { name } }), 400);
  }
  const error = await fails(it.sdk.companies.create({ name: '  ' }), 400);
  assert.equal(error.name, 'ErrorMessage');
  assert.match(error.validation.errors[0].itemId, /name/);
});

test('create: tags within their bounds', async () => {
  const ten = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`key-${i}`, 'v'.repeat(100)]));
  const made = await it.sdk.companies.create({ name: 'Tagged', tags: ten });
  assert.deepEqual(made.tags, ten);
  for (const tags of [
    { ...ten, eleventh: 'x' },
    { ['k'.repeat(28)]: 'x' },
    { '': 'x' },
    { key: 'v'.repeat(101) },
    { key: 1 },
    ['key'],
    { 'k\n': 'x' },
    { key: 'a\u001bb' },
  ]) {
    isError(await it.raw('POST', '/companies', { body: { name: 'Tagged', tags } }), 400);
  }
  const twice = '{"name":"Tagged","tags":{"key":"1","key":"2"}}';
  const error = isError(await it.raw('POST', '/companies', { body: twice }), 400);
  assert.equal(error.validation.errors[0].itemId, 'tags.key');
});

test('create: references and products', async () => {
  for (const [field, value] of [
    ['referenceParentCompany', { id: NOBODY }],
    ['referenceSubsidiaryCompanies', [{ id: NOBODY }]],
    ['products', ['no product']],
  ]) {
    const name = 'Referring';
    const error = isError(await it.raw('POST', '/companies', { body: { name, [field]: value } }), 400);
    assert.ok(error.validation.errors[0].itemId.startsWith(field));
    for (const empty of [null, Array.isArray(value) ? [] : {}]) {
      const answer = await it.raw('POST', '/companies', { body: { name, [field]: empty } });
      assert.equal(answer.status, 200, field);
    }
  }
  const parent = await it.newCompany('Parent');
  const body = { name: 'Child', referenceParentCompany: { id: parent.id }, products: ['lending'] };
  const { body: child } = await it.raw('POST', '/companies', { body });
  const got = await it.sdk.companies.get({ companyId: child.id });
  assert.equal(got.referenceParentCompany.id, parent.id);
  assert.deepEqual(got.products, ['lending']);
  const above = await it.sdk.companies.get({ companyId: parent.id });
  assert.deepEqual(above.referenceSubsidiaryCompanies.map(({ id }) => id), [child.id]);
});

test('replace, update, products by the SDK', async () => {
  const { sdk } = it;
  const { id: companyId } = await sdk.companies.create({ name: 'First', description: 'a', tags: { a: '1' } });
  const updated = await sdk.companies.update({ companyId, companyUpdateRequest: { name: 'Second' } });
  assert.deepEqual([updated.name, updated.description, updated.tags], ['Second', 'a', { a: '1' }]);
  for (let time = 0; time < 2; time += 1) {
    assert.equal(await sdk.companies.addProduct({ companyId, productIdentifier: 'lending' }), undefined);
  }
  const replaced = await sdk.companies.replace({ companyId, companyRequestBody: { name: 'Third' } });
  assert.deepEqual([replaced.name, replaced.description ?? null, replaced.tags], ['Third', null, {}]);
  assert.deepEqual(replaced.products, ['lending']);
  await sdk.companies.removeProduct({ companyId, productIdentifier: 'lending' });
  assert.deepEqual((await sdk.companies.get({ companyId })).products, []);
  const nobody = { companyId: NOBODY };
  await fails(sdk.companies.replace({ ...nobody, companyRequestBody: { name: 'x' } }), 404);
  await fails(sdk.companies.update({ ...nobody, companyUpdateRequest: { name: 'x' } }), 404);
  await fails(sdk.companies.addProduct({ ...nobody, productIdentifier: 'lending' }), 404);
  const connectionId = NOBODY;
  await fails(sdk.connections.updateAuthorization({ ...nobody, connectionId, requestBody: { a: 'b' } }), 404);
});

test('list: pages that hold each company once', async () => {
  for (let made = 0; made < 7; made += 1) await it.newCompany(`Page ${made}`);
  const all = await it.sdk.companies.list({ pageSize: 2000 });
  assert.equal(all.pageNumber, 1);
  assert.equal(all.pageSize, 2000);
  assert.equal(all.totalResults, all.results.length);
  assert.ok(all.results.length >= 7);

  const ids = [];
  let page = 1;
  for (;;) {
    const { status, body } = await it.raw('GET', `/companies?page=${page}&pageSize=3`);
    assert.equal(status, 200);
    assert.equal(body.pageNumber, page);
    assert.equal(body.pageSize, 3);
    assert.equal(body.totalResults, all.totalResults);
    assert.equal(Boolean(body._links.previous), page > 1);
    ids.push(...body.results.map(({ id }) => id));
    if (!body._links.next) break;
    page += 1;
  }
  assert.equal(page, Math.ceil(all.totalResults / 3));
  assert.deepEqual([...ids].sort(), all.results.map(({ id }) => id).sort());

  const beyond = await it.sdk.companies.list({ page: 1_000, pageSize: 100 });
  assert.deepEqual(beyond.results, []);
});

test('list: the default page, and its bounds', async () => {
  const { body } = await it.raw('GET', '/companies');
  assert.equal(body.pageNumber, 1);
  assert.equal(body.pageSize, 100);
  assert.equal((await it.raw('GET', '/companies?pageSize=1')).body.results.length, 1);
  for (const query of ['page=0', 'page=-1', 'page=%2B1', 'page=x', 'pageSize=0', 'pageSize=5001', 'pageSize=1.5']) {
    isError(await it.raw('GET', `/companies?${query}`), 400);
  }
  await fails(it.sdk.companies.list({ pageSize: 5_001 }), 400);
});

test('list: what it cannot do yet is said', async () => {
  for (const request of [{ orderBy: '-created' }, { query: 'name=x' }, { tags: 'region=uk' }]) {
    await fails(it.sdk.companies.list(request), 501);
  }
});

test('unknown ids are 404, whatever they look like', async () => {
  for (const id of [NOBODY, NOBODY.toUpperCase(), '00000000-0000-0000-0000-000000000000']) {
    for (const method of ['GET', 'DELETE']) isError(await it.raw(method, `/companies/${id}`), 404);
  }
  for (const id of ['nonsense', '%00', '1', "'%20or%201=1"]) {
    const answer = await it.raw('GET', `/companies/${id}`);
    isError(answer, answer.status === 400 ? 400 : 404);
  }
});
