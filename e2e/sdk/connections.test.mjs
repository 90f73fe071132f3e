import assert from 'node:assert/strict';
import { test } from 'node:test';

import { NOBODY, api, isError, isId, isInstant } from '../lib/api.mjs';
import { startBrowser, startVisit } from '../lib/browser.mjs';
import { atSandbox } from '../lib/pages.mjs';
import { fails } from '../lib/sdk.mjs';
import { until } from '../lib/until.mjs';

const it = api();

const create = (companyId, platformKey = 'mqjo') =>
  it.sdk.connections.create({ companyId, requestBody: { platformKey } });

/** Does what only a person can: links a connection, at its own address and the third party's. */
async function link({ linkUrl }, isLinked) {
  const browser = await startBrowser();
  try {
    const { page } = await startVisit(browser, []);
    await page.goto(linkUrl);
    await atSandbox(page, 'allow');
    await until('it is linked', isLinked);
  } finally {
    await browser.close();
  }
}

test('create: the whole answer', async () => {
  const company = await it.newCompany();
  const { status, body } = await it.raw('POST', `/companies/${company.id}/connections`, {
    body: { platformKey: 'mqjo' },
  });
  assert.equal(status, 200);
  isId(body.id);
  isInstant(body.created);
  assert.equal(body.status, 'PendingAuth');
  assert.equal(body.integrationKey, 'mqjo');
  assert.equal(body.sourceType, 'Accounting');
  assert.match(body.platformName, /sandbox/i);
  const start = `/companies/${company.id}/connections/${body.id}/start`;
  assert.equal(body.linkUrl, new URL(start, it.server.baseUrl).href);
  const integration = await it.sdk.integrations.get({ platformKey: 'mqjo' });
  assert.equal(body.integrationId, integration.integrationId);
  assert.equal(body.sourceId, integration.sourceId);
});

test('create, get, list, delete by the SDK', async () => {
  const company = await it.newCompany();
  const made = await create(company.id);
  const at = { companyId: company.id, connectionId: made.id };
  assert.deepEqual(await it.sdk.connections.get(at), made);
  const list = await it.sdk.connections.list({ companyId: company.id });
  assert.deepEqual(list.results, [made]);
  assert.equal(list.totalResults, 1);
  assert.deepEqual((await it.sdk.companies.get({ companyId: company.id })).dataConnections, [made]);

  assert.equal(await it.sdk.connections.delete(at), undefined);
  await fails(it.sdk.connections.get(at), 404);
  await fails(it.sdk.connections.delete(at), 404);
  assert.deepEqual((await it.sdk.connections.list({ companyId: company.id })).results, []);
});

test('create: an integration that is not there', async () => {
  const company = await it.newCompany();
  for (const platformKey of ['zzzz', '', 'MQJO ', 'mqjomqjo']) {
    const answer = await it.raw('POST', `/companies/${company.id}/connections`, {
      body: { platformKey },
    });
    isError(answer, answer.status === 400 ? 400 : 404);
  }
  for (const body of [{}, { platformKey: null }, { platformKey: 4 }]) {
    isError(await it.raw('POST', `/companies/${company.id}/connections`, { body }), 400);
  }
  await fails(create(company.id, 'zzzz'), 400);
  await fails(create(NOBODY), 404);
});

test('list: pages that hold each connection once', async () => {
  const company = await it.newCompany();
  const made = [];
  for (let count = 0; count < 5; count += 1) made.push((await create(company.id)).id);
  const listed = [];
  for (const page of [1, 2, 3]) {
    const list = await it.sdk.connections.list({ companyId: company.id, page, pageSize: 2 });
    assert.equal(list.pageNumber, page);
    assert.equal(list.pageSize, 2);
    assert.equal(list.totalResults, 5);
    assert.equal(Boolean(list.links.next), page < 3);
    listed.push(...list.results.map(({ id }) => id));
  }
  assert.deepEqual(listed.sort(), made.sort());

  for (const query of ['page=0', 'page=%2B1', 'pageSize=0', 'pageSize=5001']) {
    isError(await it.raw('GET', `/companies/${company.id}/connections?${query}`), 400);
  }
  await fails(it.sdk.connections.list({ companyId: NOBODY }), 404);
  const filtered = (query) => it.sdk.connections.list({ companyId: company.id, query });
  assert.equal((await filtered('status=PendingAuth')).totalResults, 5);
  assert.deepEqual((await filtered('status=Linked')).results, []);
  await fails(filtered('nothing=1'), 400);
});

test('unlink: a linked connection, once', async () => {
  const company = await it.newCompany();
  const made = await create(company.id);
  const at = { companyId: company.id, connectionId: made.id };
  const unlink = () => it.sdk.connections.unlink({ ...at, updateConnectionStatus: { status: 'Unlinked' } });
  await link(made, async () => (await it.sdk.connections.get(at)).status === 'Linked');

  const linked = await it.sdk.connections.get(at);
  const unlinked = await unlink();
  assert.deepEqual(unlinked, { ...linked, status: 'Unlinked' });
  assert.deepEqual(await it.sdk.connections.get(at), unlinked);
  await fails(unlink(), 400);
  await it.sdk.connections.delete(at);
  await fails(unlink(), 404);
});

test('only a linked connection can be unlinked, and nothing is linked by hand', async () => {
  const company = await it.newCompany();
  const made = await create(company.id);
  const path = `/companies/${company.id}/connections/${made.id}`;
  for (const status of ['Unlinked', 'Linked', 'PendingAuth', 'Deauthorized', 'unlinked', '', null, 3]) {
    isError(await it.raw('PATCH', path, { body: { status } }), 400);
  }
  await fails(
    it.sdk.connections.unlink({
      companyId: company.id,
      connectionId: made.id,
      updateConnectionStatus: { status: 'Unlinked' },
    }),
    400,
  );
  assert.equal((await it.raw('GET', path)).body.status, 'PendingAuth');
});

test('a connection answers under its own company alone', async () => {
  const [mine, other] = [await it.newCompany(), await it.newCompany()];
  const made = await create(mine.id);
  for (const path of [
    `/companies/${other.id}/connections/${made.id}`,
    `/companies/${NOBODY}/connections/${made.id}`,
    `/companies/${mine.id}/connections/${NOBODY}`,
  ]) {
    isError(await it.raw('GET', path), 404);
    isError(await it.raw('DELETE', path), 404);
    isError(await it.raw('PATCH', path, { body: { status: 'Unlinked' } }), 404);
  }
  isError(await it.raw('GET', `/companies/${NOBODY}/connections`), 404);
  isError(await it.raw('POST', `/companies/${NOBODY}/connections`, { body: { platformKey: 'mqjo' } }), 404);
  assert.equal((await it.sdk.connections.get({ companyId: mine.id, connectionId: made.id })).id, made.id);
});

test('a deleted company takes its connections along', async () => {
  const company = await it.newCompany();
  const made = await create(company.id);
  await it.sdk.companies.delete({ companyId: company.id });
  isError(await it.raw('GET', `/companies/${company.id}/connections/${made.id}`), 404);
  isError(await it.raw('GET', `/companies/${company.id}/connections`), 404);
});

test('integrations: list and get', async () => {
  const list = await it.sdk.integrations.list({ pageSize: 2000 });
  const sandbox = list.results.find(({ key }) => key === 'mqjo');
  assert.equal(sandbox.sourceType, 'Accounting');
  assert.equal(sandbox.enabled, true);
  assert.deepEqual(await it.sdk.integrations.get({ platformKey: 'mqjo' }), sandbox);
  await fails(it.sdk.integrations.get({ platformKey: 'zzzz' }), 404);
  const first = await it.sdk.integrations.list({ page: 1, pageSize: 1 });
  assert.equal(first.results.length, 1);
  assert.equal(first.totalResults, list.results.length);
  for (const query of ['page=0', 'page=x', 'pageSize=0', 'pageSize=5001']) {
    isError(await it.raw('GET', `/integrations?${query}`), 400);
  }

  const logo = await fetch(sandbox.logoUrl);
  assert.equal(new URL(sandbox.logoUrl).host, new URL(it.server.baseUrl).host);
  assert.equal(logo.status, 200);
  assert.match(logo.headers.get('content-type'), /^image\//);
});

test('a person gives access, and not the platform by itself', async () => {
  const company = await it.newCompany();
  const at = { companyId: company.id, connectionId: (await create(company.id)).id };
  await fails(it.sdk.connections.updateAuthorization({ ...at, requestBody: { code: 'x' } }), 400);
  await fails(it.sdk.connections.updateAuthorization({ ...at, connectionId: NOBODY, requestBody: { code: 'x' } }), 404);
  isError(await it.raw('PUT', `/companies/${at.companyId}/connections/${at.connectionId}/authorization`, { body: { a: 1 } }), 400);
});

test('integrations: filters', async () => {
  const { results } = await it.sdk.integrations.list({ query: 'key=mqjo && enabled=true' });
  assert.deepEqual(results.map(({ key }) => key), ['mqjo']);
  await fails(it.sdk.integrations.list({ query: 'key' }), 400);
  await fails(it.sdk.integrations.getBranding({ platformKey: 'zzzz' }), 404);
});
