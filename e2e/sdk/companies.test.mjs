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

test('update: what is given is changed, and the rest is left', async () => {
  const made = await it.sdk.companies.create({ name: 'Before', description: 'kept', tags: { a: '1', b: '2' } });
  const update = (companyUpdateRequest) =>
    it.sdk.companies.update({ companyId: made.id, companyUpdateRequest });
  const after = await update({ name: 'After' });
  assert.deepEqual(after, { ...made, name: 'After' });
  assert.deepEqual((await update({ tags: { c: '3' } })).tags, { c: '3' });
  assert.deepEqual((await update({ tags: {} })).tags, {});
  assert.equal((await it.sdk.companies.get({ companyId: made.id })).description, 'kept');
  const path = `/companies/${made.id}`;
  for (const body of [{ name: '' }, { name: 3 }, { tags: { k: 3 } }, { tags: [] }, []]) {
    isError(await it.raw('PATCH', path, { body }), 400);
  }
  for (const field of ['name', 'description', 'tags']) {
    const answer = await it.raw('PATCH', path, { body: { [field]: null } });
    assert.equal(answer.body.name, 'After', `null leaves ${field}`);
    assert.equal(answer.body.description, 'kept');
  }
  await fails(it.sdk.companies.update({ companyId: NOBODY, companyUpdateRequest: { name: 'x' } }), 404);
});

test('replace: what is absent is cleared', async () => {
  const made = await it.sdk.companies.create({ name: 'Before', description: 'gone', tags: { a: '1' } });
  const replace = (companyId, companyRequestBody) => it.sdk.companies.replace({ companyId, companyRequestBody });
  const after = await replace(made.id, { name: 'After' });
  assert.deepEqual([after.id, after.name, after.tags], [made.id, 'After', {}]);
  assert.equal(after.description ?? null, null);
  assert.deepEqual(await it.sdk.companies.get({ companyId: made.id }), after);
  isError(await it.raw('PUT', `/companies/${made.id}`, { body: {} }), 400);
  await fails(replace(NOBODY, { name: 'x' }), 404);
});

test('products are added and removed', async () => {
  const { id: companyId } = await it.newCompany();
  const products = async () => (await it.sdk.companies.get({ companyId })).products;
  const lending = { companyId, productIdentifier: 'lending' };
  assert.equal(await it.sdk.companies.addProduct(lending), undefined);
  assert.equal(await it.sdk.companies.addProduct(lending), undefined);
  await it.sdk.companies.addProduct({ companyId, productIdentifier: 'bank-feeds' });
  assert.deepEqual((await products()).sort(), ['bank-feeds', 'lending']);
  assert.equal(await it.sdk.companies.removeProduct(lending), undefined);
  assert.deepEqual(await products(), ['bank-feeds']);
  await fails(it.sdk.companies.addProduct({ ...lending, companyId: NOBODY }), 404);
  await fails(it.sdk.companies.removeProduct({ ...lending, companyId: NOBODY }), 404);
});

test('parents and subsidiaries are seen from both sides', async () => {
  const [parent, child] = [await it.newCompany('Parent'), await it.newCompany('Child')];
  const put = (company, body) => it.raw('PUT', `/companies/${company.id}`, { body: { name: company.name, ...body } });
  assert.equal((await put(child, { referenceParentCompany: { id: parent.id } })).status, 200);
  const seen = await it.sdk.companies.get({ companyId: child.id });
  assert.deepEqual([seen.referenceParentCompany.id, seen.referenceParentCompany.name], [parent.id, 'Parent']);
  const above = await it.sdk.companies.get({ companyId: parent.id });
  assert.deepEqual(above.referenceSubsidiaryCompanies.map(({ id }) => id), [child.id]);
  isError(await put(parent, { referenceParentCompany: { id: child.id } }), 400);
  isError(await put(child, { referenceParentCompany: { id: child.id } }), 400);
  isError(await put(child, { referenceParentCompany: { id: NOBODY } }), 400);
  await it.sdk.companies.delete({ companyId: parent.id });
  assert.equal((await it.sdk.companies.get({ companyId: child.id })).referenceParentCompany ?? null, null);
});

test('list: order, the query language and tags', async () => {
  for (let number = 0; number < 5; number += 1) {
    await it.sdk.companies.create({ name: `Ordered ${number}`, tags: { ordered: 'yes', number: `${number}` } });
  }
  const names = async (request) => (await it.sdk.companies.list(request)).results.map(({ name }) => name);
  const query = 'name~ORDERED';
  assert.deepEqual(await names({ query, orderBy: '-name', pageSize: 2 }), ['Ordered 4', 'Ordered 3']);
  assert.deepEqual(await names({ query: 'name=Ordered 1 || name=Ordered 3', orderBy: 'name' }), ['Ordered 1', 'Ordered 3']);
  assert.deepEqual(await names({ query: '{name=Ordered 1||name=Ordered 3}&&name!=Ordered 1' }), ['Ordered 3']);
  assert.deepEqual(await names({ tags: 'number=2' }), ['Ordered 2']);
  const { totalResults, links } = await it.sdk.companies.list({ tags: 'ordered=yes', pageSize: 2 });
  assert.equal(totalResults, 5);
  const next = await it.raw('GET', links.next.href);
  assert.deepEqual(next.body.results.map(({ name }) => name), ['Ordered 2', 'Ordered 3']);
  for (const wrong of [{ orderBy: 'nothing' }, { query: 'name' }, { query: 'nothing=1' }, { query: '{name=x' }, { tags: 'x' }]) {
    await fails(it.sdk.companies.list(wrong), 400);
  }
});

test('one idempotency key makes one company', async () => {
  const headers = { 'idempotency-key': '5ad3ba27-0d61-4dd6-9f0c-0c55e6b0e3a1' };
  const post = (name) => it.raw('POST', '/companies', { body: { name }, headers });
  const answers = await Promise.all(Array.from({ length: 20 }, () => post('Once')));
  const made = answers.filter(({ status }) => status === 200).map(({ body }) => body.id);
  assert.ok(made.length > 0);
  assert.equal(new Set(made).size, 1);
  for (const answer of answers) if (answer.status !== 200) isError(answer, 409);
  assert.deepEqual((await it.sdk.companies.list({ query: 'name=Once' })).results.map(({ id }) => id), [made[0]]);
  isError(await post('Twice'), 422);
  isError(await it.raw('POST', '/companies', { body: { name: 'x' }, headers: { 'idempotency-key': 'x' } }), 400);
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

test('unknown ids are 404, whatever they look like', async () => {
  for (const id of [NOBODY, NOBODY.toUpperCase(), '00000000-0000-0000-0000-000000000000']) {
    for (const method of ['GET', 'DELETE']) isError(await it.raw(method, `/companies/${id}`), 404);
  }
  for (const id of ['nonsense', '%00', '1', "'%20or%201=1"]) {
    const answer = await it.raw('GET', `/companies/${id}`);
    isError(answer, answer.status === 400 ? 400 : 404);
  }
});
