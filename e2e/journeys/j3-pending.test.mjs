// J3: a connection that was made and not finished; its own URL leads straight to the third party.
import assert from 'node:assert/strict';

import { onlyConnection, world } from '../lib/journey.mjs';
import { atSandbox, shows } from '../lib/pages.mjs';

const journey = world({ redirect: (platform) => `${platform}/done?status={statusCode}&c={connectionId}` });

journey('J3: a connection’s own URL leads straight to the third party', async (it) => {
  const { page, sdk, platform, consumer } = it;
  const company = await it.newCompany();
  const made = await sdk.connections.create({
    companyId: company.id,
    requestBody: { platformKey: 'mqjo' },
  });
  assert.equal(made.status, 'PendingAuth');
  const { dataConnections } = await sdk.companies.get({ companyId: company.id });
  assert.deepEqual(dataConnections.map(({ linkUrl }) => linkUrl), [made.linkUrl]);

  const met = [];
  page.on('framenavigated', (frame) => met.push(new URL(frame.url()).hostname));
  await page.goto(made.linkUrl);
  await shows(page, 'sandbox');
  assert.deepEqual(met, ['localhost'], 'no screen of Link’s own came before the third party');

  await atSandbox(page, 'allow');
  await page.waitForURL(`${platform.url}/**`);
  const parameters = new URL(page.url()).searchParams;
  assert.equal(parameters.get('status'), '200');
  assert.equal(parameters.get('c'), made.id);
  const connection = await onlyConnection(sdk, company.id);
  assert.equal(connection.id, made.id);
  assert.equal(connection.status, 'Linked');
  await consumer.expect(company.id, ['connection.created', 'connection.connected']);
});

journey('J3: opening it changes nothing until the person allows', async (it) => {
  const { page, sdk, consumer } = it;
  const company = await it.newCompany();
  const made = await sdk.connections.create({
    companyId: company.id,
    requestBody: { platformKey: 'mqjo' },
  });
  for (let times = 0; times < 3; times += 1) {
    await page.goto(made.linkUrl);
    await shows(page, 'sandbox');
  }
  assert.deepEqual(await it.connection(company.id, made.id), made);
  await consumer.expect(company.id, ['connection.created']);
  const types = consumer.about(company.id).map(({ event }) => event.eventType);
  assert.deepEqual(types.filter((type) => type.startsWith('connection.')), ['connection.created']);
});

journey('J3: an address of no connection answers 404', async ({ page, visit, newCompany, server }) => {
  const company = await newCompany();
  const nobody = '3fa85f64-5717-4562-b3fc-2c963f66afa6';
  visit.answers(404, /\/start$/);
  const url = `${server.baseUrl}/companies/${company.id}/connections/${nobody}/start`;
  const answer = await page.goto(url);
  assert.equal(answer.status(), 404);
  assert.match(answer.headers()['content-type'], /^text\/html/);
});
