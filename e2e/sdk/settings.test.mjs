import assert from 'node:assert/strict';
import { test } from 'node:test';

import { NOBODY, api, isError, isId, isInstant } from '../lib/api.mjs';
import { basic, fails, sdkFor } from '../lib/sdk.mjs';

const it = api();

test('profile: what is put is what is got', async () => {
  const before = await it.sdk.settings.getProfile();
  assert.equal(typeof before.name, 'string');
  const profile = {
    ...before,
    redirectUrl: 'https://www.example.com/{companyId}/done?status={statusCode}',
    whiteListUrls: ['https://www.example.com', 'https://de.example.com'],
  };
  const put = await it.sdk.settings.updateProfile(profile);
  assert.equal(put.redirectUrl, profile.redirectUrl);
  assert.deepEqual(put.whiteListUrls, profile.whiteListUrls);
  assert.deepEqual(await it.sdk.settings.getProfile(), put);

  const cleared = await it.sdk.settings.updateProfile({ ...before, redirectUrl: '', whiteListUrls: [] });
  assert.equal(cleared.redirectUrl, '');
  assert.deepEqual(cleared.whiteListUrls, []);
});

test('profile: names in any script, and what cannot be one', async () => {
  const before = await it.sdk.settings.getProfile();
  for (const name of ['Kreditbank Süd', 'بنك النور', 'é'.repeat(255)]) {
    const put = await it.sdk.settings.updateProfile({ ...before, name });
    assert.equal(put.name, name);
  }
  for (const name of ['', '  ', 'x'.repeat(256), 'a\nb', 'a\u0000b']) {
    const error = isError(await it.raw('PUT', '/profile', { body: { ...before, name } }), 400);
    assert.equal(error.validation.errors[0].itemId, 'name');
  }
  await fails(it.sdk.settings.updateProfile({ ...before, name: '' }), 400);
  assert.deepEqual(await it.sdk.settings.updateProfile(before), before);
});

test('profile: the logo, the icon and the flag are kept; what cannot be is named', async () => {
  const before = await it.sdk.settings.getProfile();
  const pictures = {
    logoUrl: 'https://static.example.com/logo.png',
    iconUrl: 'https://static.example.com/icon.ico',
    confirmCompanyName: true,
  };
  const put = await it.sdk.settings.updateProfile({ ...before, ...pictures });
  for (const [field, value] of Object.entries(pictures)) assert.equal(put[field], value);
  for (const [field, value] of [
    ['logoUrl', 'http://example.com/logo.png'],
    ['logoUrl', 'https://10.0.0.1/logo.png'],
    ['iconUrl', 'javascript:alert(1)'],
    ['alertAuthHeader', 'Bearer x\r\ny: z'],
    ['apiKey', 'x'],
    ['confirmCompanyName', 'yes'],
  ]) {
    const error = isError(await it.raw('PUT', '/profile', { body: { ...before, [field]: value } }), 400);
    assert.equal(error.validation.errors[0].itemId, field);
  }
  const secret = 'Bearer 0123456789';
  const kept = await it.raw('PUT', '/profile', { body: { ...before, alertAuthHeader: secret } });
  assert.equal(kept.status, 200);
  assert.ok(!JSON.stringify(kept.body).includes(secret), 'a secret is not told again');
  const empty = { ...before, logoUrl: '', iconUrl: '', confirmCompanyName: false };
  assert.deepEqual(await it.sdk.settings.updateProfile(empty), before);
});

test('CORS settings by the SDK, at both addresses', async () => {
  const set = await it.sdk.settings.set({ allowedOrigins: ['https://www.example.com/', 'http://localhost:3000'] });
  const kept = ['https://www.example.com', 'http://localhost:3000'];
  assert.deepEqual(set.allowedOrigins, kept);
  assert.deepEqual((await it.sdk.cors.get()).allowedOrigins, kept);
  const older = await it.raw('GET', '/connectionManagement/corsSettings');
  assert.deepEqual(older.body.allowedOrigins, kept);
  assert.match(older.headers.get('deprecation'), /^@\d+$/);
  for (const origin of ['*', 'http://www.example.com', 'https://www.example.com/app']) {
    const error = isError(await it.raw('POST', '/corsSettings', { body: { allowedOrigins: [origin] } }), 400);
    assert.equal(error.validation.errors[0].itemId, 'allowedOrigins[0]');
  }
  await it.sdk.settings.set({ allowedOrigins: [] });
});

test('a company access token reaches its own company, from allowed pages', async () => {
  const company = await it.sdk.companies.create({ name: 'Embedded' });
  const token = await it.sdk.companies.getAccessToken({ companyId: company.id });
  assert.equal(token.tokenType, 'Bearer');
  assert.equal(token.expiresIn, 86_400);
  const origin = 'https://www.example.com';
  const ask = (path, more) => {
    const headers = { authorization: `Bearer ${token.accessToken}`, ...more };
    return it.raw('GET', path, { key: null, headers });
  };
  const own = await ask(`/companies/${company.id}`);
  assert.equal(own.body.id, company.id);
  isError(await ask(`/companies/${NOBODY}`), 404);
  isError(await ask('/companies'), 403);
  isError(await ask(`/companies/${company.id}`, { origin }), 403);
  await it.sdk.settings.set({ allowedOrigins: [origin] });
  const allowed = await ask(`/companies/${company.id}`, { origin });
  assert.equal(allowed.headers.get('access-control-allow-origin'), origin);
  await it.sdk.settings.set({ allowedOrigins: [] });
});

test('rules: the older form, by plain requests', async () => {
  const body = {
    type: 'DataConnectionStatusChanged',
    notifiers: { emails: [], webhook: 'https://example.com/rules' },
  };
  const made = await it.raw('POST', '/rules', { body });
  assert.equal(made.status, 200);
  isId(made.body.id);
  assert.match(made.headers.get('deprecation'), /^@\d+$/);
  const path = `/rules/${made.body.id}`;
  assert.deepEqual((await it.raw('GET', path)).body, made.body);
  const other = { ...made.body, notifiers: { emails: [], webhook: 'https://example.org/' } };
  assert.deepEqual((await it.raw('PUT', path, { body: other })).body, other);
  const withMail = { ...body, notifiers: { ...body.notifiers, emails: ['a@example.com'] } };
  isError(await it.raw('POST', '/rules', { body: withMail }), 400);
  assert.equal((await it.raw('DELETE', path)).status, 200);
  isError(await it.raw('GET', path), 404);
});

test('branding by the SDK, with pictures that are there', async () => {
  const branding = await it.sdk.integrations.getBranding({ platformKey: 'mqjo' });
  for (const picture of [branding.logo.full, branding.logo.square, branding.button.default, branding.button.hover]) {
    const answer = await fetch(picture.image.src);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-type'), 'image/svg+xml');
    assert.match(await answer.text(), /^<svg /);
  }
});

test('profile: redirect URLs that could lead anywhere are refused', async () => {
  const before = await it.sdk.settings.getProfile();
  for (const redirectUrl of [
    'javascript:alert(1)',
    'ftp://example.com/',
    'data:text/html,x',
    '//example.com',
    '/done',
    'nonsense',
    'https://{companyId}.example.com/',
    'https://{statusCode}/',
    'https://user:password@example.com/',
  ]) {
    isError(await it.raw('PUT', '/profile', { body: { ...before, redirectUrl } }), 400);
  }
  for (const whiteListUrls of [['nonsense'], ['javascript:alert(1)'], 'https://example.com', [3]]) {
    isError(await it.raw('PUT', '/profile', { body: { ...before, whiteListUrls } }), 400);
  }
  assert.deepEqual(await it.sdk.settings.getProfile(), before);
});

test('webhooks: create, list, delete by the SDK', async () => {
  const made = await it.sdk.webhooks.createConsumer({
    url: 'https://example.com/events',
    eventTypes: ['connection.connected', 'connection.failed'],
    companyTags: ['region:uk'],
  });
  isId(made.id);
  assert.equal(made.url, 'https://example.com/events');
  assert.deepEqual(made.eventTypes, ['connection.connected', 'connection.failed']);
  assert.deepEqual(made.companyTags, ['region:uk']);
  assert.equal(made.disabled, false);

  const { results } = await it.sdk.webhooks.listConsumers();
  assert.deepEqual(results.find(({ id }) => id === made.id), made);
  assert.ok(
    !JSON.stringify((await it.raw('GET', '/webhooks')).body).includes('whsec_'),
    'the list shows no secret',
  );

  assert.equal(await it.sdk.webhooks.deleteConsumer({ webhookId: made.id }), undefined);
  await fails(it.sdk.webhooks.deleteConsumer({ webhookId: made.id }), 404);
  await fails(it.sdk.webhooks.deleteConsumer({ webhookId: NOBODY }), 404);
  await fails(it.sdk.webhooks.deleteConsumer({ webhookId: 'nonsense' }), 404);
});

test('webhooks: the address is shown as it is called', async () => {
  const made = await it.sdk.webhooks.createConsumer({ url: 'HTTPS://Example.COM:443', eventTypes: [] });
  assert.equal(made.url, 'https://example.com/');
  await it.sdk.webhooks.deleteConsumer({ webhookId: made.id });
});

test('webhooks: what cannot be a consumer is refused', async () => {
  const good = { url: 'https://example.com/events', eventTypes: ['connection.connected'] };
  for (const wrong of [
    { url: 'nonsense' },
    { url: 'ftp://example.com/' },
    { url: 'javascript:alert(1)' },
    { url: undefined },
    { url: 'http://169.254.169.254/latest/meta-data' },
    { url: 'http://10.0.0.1/' },
    { url: 'https://user:password@example.com/' },
    { url: ' https://exa\nmple.com/ ' },
    { url: 'https://example.com/#part' },
    { companyTags: ['a:b\u0007'] },
    { eventTypes: ['no.such.event'] },
    { eventTypes: 'connection.connected' },
    { companyTags: Array.from({ length: 11 }, (_, i) => `a:${i}`) },
    { companyTags: ['without a colon'] },
    { disabled: 'yes' },
  ]) {
    const answer = await it.raw('POST', '/webhooks', { body: { ...good, ...wrong } });
    assert.equal(answer.status, 400, JSON.stringify(wrong));
    isError(answer, 400);
  }
  const error = await fails(it.sdk.webhooks.createConsumer({ ...good, url: 'ftp://example.com/' }), 400);
  assert.equal(error.validation.errors[0].itemId, 'url');
});

test('webhooks: fifty at most', async () => {
  const made = [];
  for (;;) {
    const answer = await it.raw('POST', '/webhooks', {
      body: { url: `https://example.com/${made.length}`, eventTypes: ['company.created'] },
    });
    if (answer.status !== 201) {
      isError(answer, 400);
      break;
    }
    made.push(answer.body.id);
    assert.ok(made.length <= 50, 'there is no end to them');
  }
  assert.equal((await it.sdk.webhooks.listConsumers()).results.length, 50);
  for (const webhookId of made) await it.sdk.webhooks.deleteConsumer({ webhookId });
});

test('API keys: made, listed without their text, used, deleted', async () => {
  const made = await it.sdk.settings.createApiKey({ name: 'nightly' });
  isInstant(made.createdDate);
  const { body } = await it.raw('GET', '/apiKeys');
  assert.ok(!JSON.stringify(body).includes(made.apiKey));
  const { results } = await it.sdk.settings.listApiKeys();
  assert.equal(results.find(({ id }) => id === made.id).name, 'nightly');
  const theirs = sdkFor(it.server, basic(made.apiKey));
  await theirs.companies.list();
  isError(await it.raw('POST', '/apiKeys', { body: { name: 'x'.repeat(51) } }), 400);
  // The contract gives this 204 the body of an error by mistake, and the SDK fails over its having none.
  assert.equal((await it.raw('DELETE', `/apiKeys/${made.id}`)).status, 204);
  await fails(theirs.companies.list(), 401);
  await fails(it.sdk.settings.deleteApiKey({ apiKeyId: made.id }), 404);
});

test('API keys: ten at most and one at least, under a race too', async () => {
  const keys = async () => (await it.sdk.settings.listApiKeys()).results;
  const first = (await keys()).length;
  const answers = await Promise.all(
    Array.from({ length: 15 }, () => it.raw('POST', '/apiKeys', { body: { name: 'race' } })),
  );
  const made = answers.filter(({ status }) => status === 201);
  assert.equal(made.length, 10 - first);
  for (const answer of answers) if (answer.status !== 201) isError(answer, 409);
  assert.equal((await keys()).length, 10);
  const last = made[0].body.apiKey;
  const gone = await Promise.all(
    (await keys()).map(({ id }) => it.raw('DELETE', `/apiKeys/${id}`, { key: last })),
  );
  assert.ok(gone.some(({ status }) => status !== 204));
  const [left, ...more] = (await it.raw('GET', '/apiKeys', { key: last })).body?.results ?? [];
  assert.deepEqual(more, []);
  if (left) isError(await it.raw('DELETE', `/apiKeys/${left.id}`, { key: last }), 409);
});
