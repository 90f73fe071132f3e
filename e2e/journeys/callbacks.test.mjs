// The way back from the third party: bound to the browser that went there, good for one use.
import assert from 'node:assert/strict';

import { look } from '../lib/browser.mjs';
import { onlyConnection, world } from '../lib/journey.mjs';
import { atSandbox, mainHeading, shows, walkToSandbox } from '../lib/pages.mjs';

const journey = world({ redirect: (platform) => `${platform}/done?status={statusCode}` });

/** Allows at the third party and keeps the address that it sends the browser to, unvisited. */
async function caughtCallback({ visit, page, server }) {
  const callbacks = new URL('/callback/**', server.baseUrl).href;
  let caught;
  await visit.context.route(callbacks, (route) => {
    caught = route.request().url();
    return route.fulfill({ contentType: 'text/html', body: '<!doctype html><p id="caught">caught</p>' });
  });
  await atSandbox(page, 'allow');
  await page.locator('#caught').waitFor();
  await visit.context.unroute(callbacks);
  return caught;
}

journey('a callback in another browser is refused and changes nothing', async (it) => {
  const { page, sdk, consumer } = it;
  const company = await it.newCompany();
  await page.goto(company.redirect);
  await walkToSandbox(page);
  const callback = await caughtCallback(it);
  const before = await onlyConnection(sdk, company.id);

  const stranger = await it.another();
  stranger.answers(400, /\/callback\//);
  const answer = await stranger.page.goto(callback);
  assert.equal(answer.status(), 400);
  await shows(stranger.page, 'foreign');
  await look(stranger);
  assert.equal(new URL(stranger.page.url()).hostname, '127.0.0.1');
  assert.deepEqual(await onlyConnection(sdk, company.id), before);

  // The browser that went there can still finish.
  await page.goto(callback);
  await shows(page, 'whatToConnect');
  const linked = await onlyConnection(sdk, company.id);
  assert.equal(linked.status, 'Linked');
  await consumer.expect(company.id, ['connection.connected']);
});

journey('a callback that comes twice shows the same result', async (it) => {
  const { page, visit, sdk, consumer } = it;
  const company = await it.newCompany();
  await page.goto(company.redirect);
  await walkToSandbox(page);
  const callback = await caughtCallback(it);

  // Two at once, and a third one after them.
  const tab = await visit.tab();
  await Promise.all([page.goto(callback), tab.goto(callback)]);
  await shows(page, 'whatToConnect');
  await shows(tab, 'whatToConnect');
  const heading = await mainHeading(page);
  await page.goto(callback);
  assert.equal(await mainHeading(page), heading);

  assert.equal((await onlyConnection(sdk, company.id)).status, 'Linked');
  await consumer.expect(company.id, ['connection.connected']);
  const types = consumer.about(company.id).map(({ event }) => event.eventType);
  assert.equal(types.filter((type) => type === 'connection.connected').length, 1, types.join());
  assert.ok(!types.includes('connection.failed'), types.join());
});

journey('callbacks that nobody started are refused', async (it) => {
  const { page, visit } = it;
  const company = await it.newCompany();
  await page.goto(company.redirect);
  await walkToSandbox(page);
  const url = new URL(await caughtCallback(it));

  const wrong = [
    ['state', 'of nobody'],
    ['state', ''],
    ['state', 'x'.repeat(5_000)],
  ].map(([name, value]) => {
    const other = new URL(url);
    other.searchParams.set(name, value);
    return other.href;
  });
  const bare = new URL(url);
  bare.search = '';
  visit.answers(400, /\/callback\//);
  for (const address of [...wrong, bare.href]) {
    const answer = await page.goto(address);
    assert.equal(answer.status(), 400, address.slice(0, 200));
    assert.match(answer.headers()['content-type'], /^text\/html/);
  }
  assert.equal((await onlyConnection(it.sdk, company.id)).status, 'PendingAuth');
});

journey('a code that the third party does not know fails in plain words', async (it) => {
  const { page, sdk } = it;
  const company = await it.newCompany();
  await page.goto(company.redirect);
  await walkToSandbox(page);
  const url = new URL(await caughtCallback(it));
  url.searchParams.set('code', 'made-up');
  await page.goto(url.href);
  await shows(page, 'failed');
  const connection = await onlyConnection(sdk, company.id);
  assert.equal(connection.status, 'PendingAuth');
  assert.equal(connection.dataConnectionErrors.length, 1);
});
