// J1: the platform creates a company, its person walks Link, signs in at the third party, and
// lands on the platform's page with its parameters; the webhooks arrive.
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';

import { look } from '../lib/browser.mjs';
import { onlyConnection, withJavaScript, world } from '../lib/journey.mjs';
import { atSandbox, complete, says, shows, stepsToSandbox, walkToSandbox } from '../lib/pages.mjs';

const journey = world({
  redirect: (platform) =>
    `${platform}/done/{journeyType}/in?client={clientId}&company={companyId}` +
    `&connection={connectionId}&integration={integrationId}&source={sourceId}&key={platform}` +
    `&name={platformName}&type={sourceType}&status={statusCode}&error={errorMessage}` +
    `&party={data.company.companyName}&nothing={absent}`,
});

/** A value that would break out of its place if it were not encoded for it. */
const HOSTILE = 'a/../b?c=d&e=f#g @h';

journey('J1: from the company to the platform’s page', async (it) => {
  const { page, visit, sdk, platform, consumer } = it;
  const company = await it.newCompany();
  assert.match(company.redirect, /\/company\/[0-9a-f-]{36}$/);
  assert.equal(new URL(company.redirect).hostname, '127.0.0.1');

  const address = new URL(company.redirect);
  address.searchParams.set('journeyType', HOSTILE);
  await page.goto(address.href);
  for (const [, step] of stepsToSandbox) {
    await look(visit);
    await step(page);
  }
  await shows(page, 'sandbox');
  await look(visit);
  await atSandbox(page, 'allow');

  await shows(page, 'whatToConnect');
  await says(page, /connected/i);
  await look(visit);
  const connection = await onlyConnection(sdk, company.id);
  assert.equal(connection.status, 'Linked');
  assert.equal(connection.integrationKey, 'mqjo');

  const visitsBefore = platform.visits.length;
  await complete(page);
  await page.waitForURL(`${platform.url}/**`);
  assert.equal(platform.visits.length, visitsBefore + 1, 'the platform was visited once');
  const landed = new URL(page.url());
  assert.equal(landed.pathname, `/done/${encodeURIComponent(HOSTILE)}/in`);
  const { party, integration, source, ...parameters } = Object.fromEntries(landed.searchParams);
  assert.deepEqual(parameters, {
    client: it.server.clientId,
    company: company.id,
    connection: connection.id,
    key: 'mqjo',
    name: connection.platformName,
    type: 'accounting',
    status: '200',
    error: '',
    nothing: '',
  });
  assert.equal(integration, connection.integrationId);
  assert.equal(source, connection.sourceId);
  assert.notEqual(party, '', 'the connected party has a name at the third party');
  assert.equal(landed.hash, '', 'nothing of the third party travels along');
  assert.ok(page.url().endsWith('#'), 'the address ends in an empty fragment');

  const [created, connected] = await consumer.expect(company.id, [
    'connection.created',
    'connection.connected',
  ]);
  assert.equal(created.payload.connection.id, connection.id);
  assert.equal(connected.payload.connection.status, 'Linked');
  assert.equal(connected.payload.referenceCompany.id, company.id);
});

journey('J1: the platform may send the person there again and again', async (it) => {
  const { page, sdk } = it;
  const company = await it.newCompany();
  await page.goto(company.redirect);
  await walkToSandbox(page);
  // The person goes away at the third party and comes back to the Link URL: it starts again.
  await page.goto(company.redirect);
  await walkToSandbox(page);
  await atSandbox(page, 'allow');
  await shows(page, 'whatToConnect');
  assert.equal((await onlyConnection(sdk, company.id)).status, 'Linked');
});

journey('J1: the older forms of the Link URL answer the same', async ({ page, newCompany, server }) => {
  const company = await newCompany();
  for (const path of [`/company/${company.id}/link`, `/${company.id}/link`]) {
    await page.goto(new URL(path, server.baseUrl).href);
    await shows(page, 'whatToConnect');
  }
});

journey('J1: with nothing to connect the page says so', async ({ page, visit, newCompany }) => {
  const company = await newCompany();
  await page.goto(`${company.redirect}?link.showSandboxIntegrations=false`);
  await says(page, /there is nothing to connect/i);
  await look(visit);
});

journey('J1: in German, there and back', async ({ page, newCompany }) => {
  const company = await newCompany();
  const isGerman = async () => assert.equal(await page.locator('html').getAttribute('lang'), 'de');
  await page.goto(`${company.redirect}?locale=de`);
  await page.reload();
  // Only the first address names the language: it stays with the journey from then on.
  for (const [role, name] of [
    ['link', /^Buchhaltung/],
    ['button', /^Sandbox/],
    ['button', /^Weiter zu Sandbox/],
  ]) {
    await isGerman();
    await page.getByRole('main').getByRole(role, { name }).click();
  }
  await atSandbox(page, 'allow');
  await page.waitForURL(({ hostname }) => hostname === '127.0.0.1');
  await isGerman();
  assert.equal(new URL(page.url()).searchParams.get('locale'), null);
});

journey(
  'J1: the first page is light',
  async ({ page, newCompany }) => {
    const company = await newCompany();
    const answers = [];
    page.on('response', (answer) => answers.push(answer));
    await page.goto(company.redirect, { waitUntil: 'networkidle' });
    // What it comes to over the wire, whether this server compresses by itself or a proxy before it.
    const kinds = /^text\/(html|css|javascript)/;
    const parts = answers.filter((answer) => kinds.test(answer.headers()['content-type']));
    const sizes = await Promise.all(parts.map(async (part) => gzipSync(await part.body()).length));
    assert.equal(parts.length, 3, parts.map((part) => part.url()).join());
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    assert.ok(bytes < 30_000, `the first page has ${bytes} bytes compressed: ${sizes.join(', ')}`);
  },
  withJavaScript,
);
