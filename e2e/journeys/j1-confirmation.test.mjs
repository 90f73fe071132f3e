// J1 where the client has no redirect URL: a confirmation screen names what was connected.
import assert from 'node:assert/strict';

import { look } from '../lib/browser.mjs';
import { onlyConnection, world } from '../lib/journey.mjs';
import { atSandbox, complete, leave, says, shows, walkToSandbox } from '../lib/pages.mjs';

const journey = world();

journey('J1: without a redirect URL the journey ends on a confirmation', async (it) => {
  const { page, visit, sdk } = it;
  const company = await it.newCompany();
  await page.goto(company.redirect);
  await walkToSandbox(page);
  await atSandbox(page, 'allow');
  await complete(page);

  await shows(page, 'confirmation');
  await look(visit);
  const connection = await onlyConnection(sdk, company.id);
  assert.equal(connection.status, 'Linked');
  await says(page, connection.platformName);
  assert.equal(new URL(page.url()).host, new URL(it.server.baseUrl).host);

  await page.reload();
  await shows(page, 'confirmation');
});

journey('J1: leaving without a redirect URL ends on a page that says so', async (it) => {
  const { page, visit, sdk } = it;
  const company = await it.newCompany();
  await page.goto(company.redirect);
  await leave(page);
  await shows(page, 'left');
  await look(visit);
  assert.equal(new URL(page.url()).host, new URL(it.server.baseUrl).host);
  assert.deepEqual((await sdk.connections.list({ companyId: company.id })).results, []);
});
