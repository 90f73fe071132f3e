// A third party that nobody here has written: a certified OpenID provider, connected by a declaration alone.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';

import { world } from '../lib/journey.mjs';
import { engine } from '../lib/options.mjs';
import { ACCOUNT, KEY, startProvider } from '../lib/provider.mjs';
import { basic, raw } from '../lib/sdk.mjs';
import { until } from '../lib/until.mjs';

/** Short, so that it can be waited for. */
const ACCESS_TOKEN_SECONDS = 10;

let provider;
const journey = world({
  redirect: (platform) => `${platform}/done?status={statusCode}`,
  async settings() {
    provider = await startProvider({ accessTokenSeconds: ACCESS_TOKEN_SECONDS });
    return provider.settings;
  },
});

after(() => provider?.stop());

/** What a connection holds, as a server tells it. */
async function credentials({ apiUrl }, key, path) {
  const response = await fetch(`${apiUrl}${path}/credentials`, { headers: { authorization: basic(key) } });
  const body = await response.json();
  assert.equal(response.status, 200, JSON.stringify(body));
  return body;
}

journey(
  'A certified OpenID provider: connected, refreshed once by many, disconnected',
  async (it) => {
    const { server, sdk, platform, hosts, another } = it;
    if (!hosts.includes(provider.host)) hosts.push(provider.host);
    await provider.meet(server, async (path, body) => {
      const headers = { authorization: basic(server.apiKey), 'content-type': 'application/json' };
      const url = `${server.apiUrl}${path}`;
      const answer = await fetch(url, { method: 'PUT', headers, body: JSON.stringify(body) });
      assert.equal(answer.status, 200, await answer.text());
    });
    provider.asked.length = 0;

    const company = await it.newCompany();
    const made = await raw(server, 'POST', `/companies/${company.id}/connections`, {
      body: { platformKey: KEY },
    });
    assert.equal(made.status, 200, JSON.stringify(made.body));
    const visit = await another({ ignoreHTTPSErrors: true });
    const { page } = visit;
    await page.goto(made.body.linkUrl);
    await page.waitForURL(`${provider.issuer}/allow/**`);
    await page.getByRole('button', { name: 'Allow' }).click();
    // It has the browser send a form, which comes without a cookie; the address that follows brings it.
    await page.waitForURL(`${platform.url}/**`);
    assert.equal(new URL(page.url()).searchParams.get('status'), '200');
    const path = `/companies/${company.id}/connections/${made.body.id}`;
    const linked = await sdk.connections.get({ companyId: company.id, connectionId: made.body.id });
    assert.equal(linked.status, 'Linked');
    assert.equal(linked.connectionInfo.companyName, ACCOUNT);
    assert.deepEqual(provider.asked, ['authorization_code']);

    // Many use an expired token at once, on three servers where there can be three. A second refresh with the
    // same refresh token would be reuse, and the provider would end everything.
    const replicas = engine === 'postgres' ? [await server.another(), await server.another()] : [];
    const servers = [server, ...replicas];
    try {
      const first = await credentials(server, server.apiKey, path);
      const refreshed = provider.asked.length;
      // They stand still until it has ended: else they would refresh it ahead of that.
      for (const each of servers) each.pause();
      await wait(Date.parse(first.expiresAt) - Date.now() + 500);
      for (const each of servers) each.resume();
      const uses = Array.from({ length: 50 }, (_, n) =>
        credentials(servers[n % servers.length], server.apiKey, path),
      );
      const told = new Set((await Promise.all(uses)).map(({ accessToken }) => accessToken));
      assert.equal(told.size, 1, 'one token for all');
      assert.ok(!told.has(first.accessToken));
      assert.deepEqual(provider.asked.slice(refreshed), ['refresh_token']);
    } finally {
      await Promise.all(replicas.map((replica) => replica.stop()));
    }
    const { status } = await sdk.connections.get({ companyId: company.id, connectionId: made.body.id });
    assert.equal(status, 'Linked');

    // The end is told there.
    await sdk.connections.unlink({
      companyId: company.id,
      connectionId: made.body.id,
      updateConnectionStatus: { status: 'Unlinked' },
    });
    await until('the provider is told', () => provider.asked.includes('revoked'));
  },
  ({ javaScript }) => javaScript,
);
