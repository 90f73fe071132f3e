import assert from 'node:assert/strict';
import { test } from 'node:test';

import { NOBODY, api, isError, isId } from '../lib/api.mjs';
import { fails } from '../lib/sdk.mjs';

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

test('profile: fields that are not built are refused and not left out silently', async () => {
  const before = await it.sdk.settings.getProfile();
  for (const [field, value] of [
    ['logoUrl', 'https://example.com/logo.png'],
    ['iconUrl', 'https://example.com/icon.ico'],
    ['alertAuthHeader', 'Bearer x'],
    ['apiKey', 'x'],
    ['confirmCompanyName', true],
  ]) {
    const error = isError(await it.raw('PUT', '/profile', { body: { ...before, [field]: value } }), 501);
    assert.equal(error.validation.errors[0].itemId, field);
  }
  const empty = { ...before, logoUrl: '', iconUrl: '', confirmCompanyName: false };
  assert.deepEqual(await it.sdk.settings.updateProfile(empty), before);
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
