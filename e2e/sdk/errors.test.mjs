// Bad input and missing rights, by plain requests: each answer has the contract's form for errors.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { NOBODY, api, isError } from '../lib/api.mjs';
import { basic, fails, sdkFor } from '../lib/sdk.mjs';

const it = api();

/** Every operation that the API has, by a path that would reach it. */
const OPERATIONS = [
  ['GET', '/companies'],
  ['POST', '/companies'],
  ['GET', `/companies/${NOBODY}`],
  ['DELETE', `/companies/${NOBODY}`],
  ['GET', `/companies/${NOBODY}/connections`],
  ['POST', `/companies/${NOBODY}/connections`],
  ['GET', `/companies/${NOBODY}/connections/${NOBODY}`],
  ['PATCH', `/companies/${NOBODY}/connections/${NOBODY}`],
  ['DELETE', `/companies/${NOBODY}/connections/${NOBODY}`],
  ['PUT', `/companies/${NOBODY}`],
  ['PATCH', `/companies/${NOBODY}`],
  ['PUT', `/companies/${NOBODY}/products/lending`],
  ['DELETE', `/companies/${NOBODY}/products/lending`],
  ['GET', `/companies/${NOBODY}/accessToken`],
  ['GET', `/companies/${NOBODY}/connectionManagement/accessToken`],
  ['PUT', `/companies/${NOBODY}/connections/${NOBODY}/authorization`],
  ['GET', '/integrations'],
  ['GET', '/integrations/mqjo/branding'],
  ['GET', '/integrations/mqjo'],
  ['GET', '/profile'],
  ['PUT', '/profile'],
  ['GET', '/corsSettings'],
  ['POST', '/corsSettings'],
  ['GET', '/connectionManagement/corsSettings'],
  ['POST', '/connectionManagement/corsSettings'],
  ['GET', '/rules'],
  ['POST', '/rules'],
  ['GET', `/rules/${NOBODY}`],
  ['PUT', `/rules/${NOBODY}`],
  ['DELETE', `/rules/${NOBODY}`],
  ['GET', '/webhooks'],
  ['POST', '/webhooks'],
  ['DELETE', `/webhooks/${NOBODY}`],
  ['GET', '/apiKeys'],
  ['POST', '/apiKeys'],
  ['DELETE', `/apiKeys/${NOBODY}`],
];

/** Those that take a body. */
const bodies = OPERATIONS.filter(
  ([method, path]) => ['POST', 'PUT', 'PATCH'].includes(method) && !path.includes('/products/'),
);

test('the three forms of the key are taken', async () => {
  const { apiKey } = it.server;
  for (const authorization of [basic(apiKey), basic(`${apiKey}:`), `Bearer ${apiKey}`]) {
    const answer = await it.raw('GET', '/companies', { key: null, headers: { authorization } });
    assert.equal(answer.status, 200, authorization.split(' ')[0]);
  }
});

test('no key or a wrong one: 401 everywhere, and the same answer for both', async () => {
  const wrong = [
    {},
    { authorization: basic('nonsense') },
    { authorization: basic(`${it.server.apiKey}x`) },
    { authorization: basic(it.server.apiKey.slice(0, -1)) },
    { authorization: basic('') },
    { authorization: 'Basic %%%' },
    { authorization: 'Bearer' },
    { authorization: it.server.apiKey },
    { authorization: `Digest ${it.server.apiKey}` },
  ];
  for (const headers of wrong) {
    isError(await it.raw('GET', '/companies', { key: null, headers }), 401);
  }
  for (const [method, path] of OPERATIONS) {
    isError(await it.raw(method, path, { key: null }), 401);
  }
  const error = await fails(sdkFor(it.server, basic('nonsense')).companies.list(), 401);
  assert.equal(error.name, 'ErrorMessage');
});

test('bodies that are not JSON, or of another type', async () => {
  for (const [method, path] of bodies) {
    for (const body of ['{', '', 'null', '[]', '3', '"x"', '{"name": }', '\u0000']) {
      isError(await it.raw(method, path, { body }), 400);
    }
    const headers = { 'content-type': 'text/plain' };
    isError(await it.raw(method, path, { body: '{"name":"x"}', headers }), 415);
  }
});

test('a wrong type names its field', async () => {
  for (const [body, field] of [
    [{ name: 3 }, 'name'],
    [{ name: null }, 'name'],
    [{ name: 'x', description: {} }, 'description'],
    [{ name: 'x', tags: { region: 3 } }, 'tags'],
  ]) {
    const error = isError(await it.raw('POST', '/companies', { body }), 400);
    assert.match(JSON.stringify(error), new RegExp(`\\b${field}\\b`));
  }
});

test('an error is short and repeats nothing of what was sent', async () => {
  const long = 'aaaaaaaa'.repeat(100_000);
  for (const [body, field] of [
    [{ name: 'x', tags: long }, 'tags'],
    [{ name: [long] }, 'name'],
    [{ name: 'x', tags: { key: [long] } }, 'tags.key'],
    [{ name: 'x', tags: { ['k'.repeat(800_000)]: 3 } }, 'tags.k'],
  ]) {
    const error = isError(await it.raw('POST', '/companies', { body }), 400);
    assert.ok(error.validation.errors[0].itemId.startsWith(field));
    const text = JSON.stringify(error);
    assert.ok(text.length < 1_000 && !text.includes('aaaaaaaa'), text.slice(0, 1_000));
  }
});

test('a body that is nested without end is 400, in fields that nobody knows too', async () => {
  for (const depth of [129, 400_000]) {
    const later = `${'['.repeat(depth)}${']'.repeat(depth)}`;
    isError(await it.raw('POST', '/companies', { body: `{"name":"x","later":${later}}` }), 400);
  }
});

test('what is outside or not built is 501 by the SDK, and never a success', async () => {
  const companyId = NOBODY;
  const { sdk } = it;
  for (const ask of [
    () => sdk.companies.getCompanySyncSettings({ companyId }),
    () => sdk.settings.getSyncSettings(),
    () => sdk.refreshData.all({ companyId }),
    () => sdk.pushData.listOperations({ companyId }),
  ]) {
    await fails(ask(), 501);
  }
  for (const [method, path] of [
    ['POST', '/webhooks/integrationKeys/zapier'],
    ['GET', '/linkSettings'],
    ['PATCH', `/webhooks/${NOBODY}`],
  ]) {
    isError(await it.raw(method, path), 501);
  }
});

test('the credentials of a connection that is not there are 404, whatever the method', async () => {
  for (const [method, path] of [
    ['GET', `/companies/${NOBODY}/connections/${NOBODY}/credentials`],
    ['DELETE', `/companies/${NOBODY}/connections/${NOBODY}/proxy/v1/invoices`],
  ]) {
    isError(await it.raw(method, path), 404);
  }
});

test('a body over one MiB is 413', async () => {
  const body = JSON.stringify({ name: 'x', description: 'd'.repeat(1_048_577) });
  isError(await it.raw('POST', '/companies', { body }), 413);
});

test('unknown paths are 404 and wrong methods 405 with what is allowed', async () => {
  for (const path of ['', '/', '/nothing', '/companies/', `/companies/${NOBODY}/nothing`]) {
    isError(await it.raw('GET', path), 404);
  }
  for (const [method, path, allowed] of [
    ['DELETE', '/companies', ['GET', 'POST']],
    ['POST', `/companies/${NOBODY}`, ['GET', 'PUT', 'PATCH', 'DELETE']],
    ['POST', '/profile', ['GET', 'PUT']],
    ['PUT', '/webhooks', ['GET', 'POST']],
  ]) {
    const answer = await it.raw(method, path, { body: {} });
    isError(answer, 405);
    const allow = answer.headers.get('allow').split(',').map((each) => each.trim());
    for (const each of allowed) assert.ok(allow.includes(each), `${path}: ${allow}`);
  }
});

test('an unknown host is 421', async () => {
  const { request } = await import('node:http');
  const url = new URL(`${it.server.apiUrl}/companies`);
  const status = await new Promise((resolve, reject) => {
    request(url, { headers: { host: 'evil.example', authorization: basic(it.server.apiKey) } })
      .on('response', (response) => {
        response.resume();
        resolve(response.statusCode);
      })
      .on('error', reject)
      .end();
  });
  assert.equal(status, 421);
});

test('errors repeat nothing of what was sent that could be a secret', async () => {
  const secret = 'whatever-this-may-be-1234567890';
  const answer = await it.raw('GET', '/companies', {
    key: null,
    headers: { authorization: basic(secret) },
  });
  assert.ok(!JSON.stringify(answer.body).includes(secret));
});

test('the server says that it is well', async () => {
  for (const path of ['/healthz', '/readyz']) {
    const answer = await fetch(new URL(path, it.server.baseUrl));
    assert.equal(answer.status, 200, path);
  }
});
