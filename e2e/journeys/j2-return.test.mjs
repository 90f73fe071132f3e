// J2: the same Link URL opens what is connected; the person disconnects and reconnects.
import assert from 'node:assert/strict';

import { look } from '../lib/browser.mjs';
import { onlyConnection, world } from '../lib/journey.mjs';
import {
  atSandbox,
  chooseOtherCompany,
  complete,
  connectAsWell,
  disconnect,
  openConnection,
  reconnect,
  says,
  shows,
  walkToSandbox,
} from '../lib/pages.mjs';

const journey = world({ redirect: (platform) => `${platform}/done?status={statusCode}&c={connectionId}` });

journey('J2: what is connected is shown, disconnected and connected again', async (it) => {
  const { page, sdk, consumer, platform } = it;
  const company = await it.newCompany();
  await page.goto(company.redirect);
  await walkToSandbox(page);
  await atSandbox(page, 'allow');
  await complete(page);
  await page.waitForURL(`${platform.url}/**`);
  const first = await onlyConnection(sdk, company.id);

  // Another day, another browser: the address is read again from the company's metadata.
  const later = await it.another();
  const { redirect } = await sdk.companies.get({ companyId: company.id });
  await later.page.goto(redirect);
  await shows(later.page, 'whatToConnect');
  await says(later.page, first.platformName);
  await look(later);
  await openConnection(later.page);
  await look(later);

  await disconnect(later.page);
  await look(later);
  const unlinked = await onlyConnection(sdk, company.id);
  assert.equal(unlinked.id, first.id);
  assert.equal(unlinked.status, 'Unlinked');
  await says(later.page, 'Data that would be shared');
  await consumer.expect(company.id, ['connection.disconnected']);

  await reconnect(later.page);
  await atSandbox(later.page, 'allow');
  await shows(later.page, 'whatToConnect');
  const again = await onlyConnection(sdk, company.id);
  assert.equal(again.id, first.id, 'it is the same connection');
  assert.equal(again.status, 'Linked');
  await consumer.expect(company.id, ['connection.reconnected']);
  const types = consumer.about(company.id).map(({ event }) => event.eventType);
  assert.equal(types.filter((type) => type === 'connection.connected').length, 1, types.join());

  await complete(later.page);
  await later.page.waitForURL(`${platform.url}/**`);
  assert.equal(new URL(later.page.url()).searchParams.get('status'), '200');
});

journey('J2: complete with nothing done is 201', async (it) => {
  const { page, platform } = it;
  const company = await it.newCompany();
  await page.goto(company.redirect);
  await walkToSandbox(page);
  await atSandbox(page, 'allow');
  await complete(page);
  await page.waitForURL(`${platform.url}/**`);

  const later = await it.another();
  await later.page.goto(company.redirect);
  await complete(later.page);
  await later.page.waitForURL(`${platform.url}/**`);
  assert.equal(new URL(later.page.url()).searchParams.get('status'), '201');
});

journey('J2: another company is refused by name, and connected by itself', async (it) => {
  const { page, visit, sdk, platform } = it;
  const company = await it.newCompany();
  await page.goto(company.redirect);
  await walkToSandbox(page);
  await atSandbox(page, 'allow');
  await openConnection(page);
  await disconnect(page);
  await reconnect(page);
  await chooseOtherCompany(page);
  await atSandbox(page, 'allow');
  await shows(page, 'anotherCompany');
  await look(visit);

  await connectAsWell(page);
  await chooseOtherCompany(page);
  await atSandbox(page, 'allow');
  await complete(page);
  await page.waitForURL(`${platform.url}/**`);
  const { dataConnections } = await sdk.companies.get({ companyId: company.id });
  assert.deepEqual(dataConnections.map(({ status }) => status).sort(), ['Linked', 'Unlinked']);
  const linked = dataConnections.find(({ status }) => status === 'Linked');
  assert.equal(new URL(page.url()).searchParams.get('c'), linked.id);
});
