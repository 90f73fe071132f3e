// The demo as a newcomer walks it: from the sample platform's page through Link and back to it, and
// the inbox that shows what the webhooks brought.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { combinations, look, startBrowser, startVisit } from '../lib/browser.mjs';
import { atSandbox, complete, mainHeading, walkToSandbox } from '../lib/pages.mjs';
import { sdkFor } from '../lib/sdk.mjs';
import { startServer } from '../lib/server.mjs';
import { until } from '../lib/until.mjs';

let server;
let browser;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

// Its one company is connected once, so this is walked in one way alone.
test(`the demo's own pages (${combinations[0].label})`, { timeout: 120_000 }, async () => {
  const hosts = [server.baseUrl, server.sandboxUrl].map((url) => new URL(url).host);
  const visit = await startVisit(browser, hosts);
  const { page } = visit;
  try {
    await page.goto(server.platformUrl);
    await look(visit);
    await page.getByRole('main').getByRole('link', { name: /^connect/i }).click();
    await walkToSandbox(page);
    await atSandbox(page, 'allow');
    await complete(page);

    await page.waitForURL(`${new URL(server.platformUrl).origin}/demo/platform/return?**`);
    assert.match(await mainHeading(page), /has connected/);
    const text = await page.getByRole('main').innerText();
    const { dataConnections } = await sdkFor(server).companies.get({ companyId: server.companyId });
    assert.equal(dataConnections[0].status, 'Linked');
    for (const value of [server.companyId, dataConnections[0].id, 'mqjo', '200', 'demo']) {
      assert.ok(text.includes(value), `${value} is not among the parameters:\n${text}`);
    }
    await look(visit);

    await until('the inbox has the news', async () => {
      await page.goto(server.inboxUrl);
      return page.getByRole('heading', { name: 'connection.connected' }).isVisible();
    });
    const messages = page.locator('section');
    const verified = messages.filter({ hasText: 'Signature verified' });
    assert.ok((await messages.count()) >= 3, 'the company, its connection, and that it is linked');
    assert.equal(await verified.count(), await messages.count());
    await look(visit);
    visit.check();
  } catch (error) {
    error.message += `\n${await visit.describe()}\n${server.log().slice(-3_000)}`;
    throw error;
  } finally {
    await visit.close();
  }
});
