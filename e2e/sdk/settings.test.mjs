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
