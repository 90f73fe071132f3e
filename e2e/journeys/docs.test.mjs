// The API's documentation in a browser: it loads nothing but itself, and is read with eyes, with a screen reader and with a keyboard.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { combinations, look, startBrowser, startVisit } from '../lib/browser.mjs';
import { startServer } from '../lib/server.mjs';

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

for (const combination of combinations) {
  test(`the API's documentation (${combination.label})`, { timeout: 120_000 }, async () => {
    const visit = await startVisit(browser, [new URL(server.apiUrl).host], combination);
    const { page } = visit;
    const asked = [];
    page.on('request', (request) => asked.push(request.url()));
    try {
      const docs = `${server.apiUrl}/docs`;
      await page.goto(docs);
      // The icon is part of the page too.
      assert.deepEqual(asked.filter((url) => !url.startsWith('data:')), [docs]);
      await look(visit);

      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      assert.equal(new URL(page.url()).hash, '#main');
      const operation = page.getByRole('article', { name: 'Create a company' });
      await operation.getByText('TypeScript').focus();
      await page.keyboard.press('Enter');
      await operation.getByText('from "@codat/platform"').waitFor();

      await page.getByRole('navigation').getByRole('link', { name: 'Webhooks' }).click();
      assert.equal(new URL(page.url()).hash, '#webhooks');
      visit.check();
    } finally {
      await visit.close();
    }
  });
}
