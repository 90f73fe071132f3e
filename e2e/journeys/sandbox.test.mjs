// The Sandbox: what can be tried at it, on its page and by the address, and how access is revoked there.
import assert from 'node:assert/strict';

import { look } from '../lib/browser.mjs';
import { onlyConnection, world } from '../lib/journey.mjs';
import {
  atSandbox,
  chooseCompany,
  complete,
  goOnWithoutChoice,
  openConnection,
  openOutcomes,
  reconnect,
  revokeFirst,
  says,
  shows,
  tryAgain,
  tryAtSandbox,
  walkToSandbox,
} from '../lib/pages.mjs';

const journey = world({
  redirect: (platform) =>
    `${platform}/done?status={statusCode}&company={data.company.companyName}&madeUp={isSandbox}`,
});

/** The parameters with which the browser came to the platform's page. */
async function landing(page, platform) {
  await page.waitForURL(`${platform.url}/**`);
  return Object.fromEntries(new URL(page.url()).searchParams);
}

journey('Sandbox: its outcomes are looked through, and one is tried', async (it) => {
  const { page, visit, sdk, consumer } = it;
  const company = await it.newCompany();
  await page.goto(company.redirect);
  await walkToSandbox(page);
  await openOutcomes(page);
  await look(visit);
  const names = await page.getByRole('option').evaluateAll((all) => all.map(({ value }) => value));
  const listed = await (await fetch(`${it.server.sandboxUrl}/scenarios`)).json();
  assert.deepEqual(names, listed.map(({ name }) => name));

  await page.reload();
  await tryAtSandbox(page, 'too-few-scopes');
  await shows(page, 'lessAccess');
  assert.equal((await onlyConnection(sdk, company.id)).status, 'PendingAuth');
  await consumer.expect(company.id, ['connection.failed']);
  await tryAgain(page);
  await tryAtSandbox(page, 'html');
  await shows(page, 'failed');
});

journey('Sandbox: what the address fixes is all that happens', async (it) => {
  const { page, visit, sdk, platform } = it;
  const company = await it.newCompany();
  await page.goto(`${company.redirect}?sandbox.scenario=decline`);
  await walkToSandbox(page);
  await says(page, 'fixed by the address');
  await look(visit);
  await atSandbox(page, 'goOn');
  await shows(page, 'declined');

  // The connection's own address takes it as well.
  const { linkUrl } = await onlyConnection(sdk, company.id);
  await page.goto(`${linkUrl}?sandbox.scenario=several-entities`);
  await atSandbox(page, 'goOn');
  // Nothing is chosen beforehand, and going on without a choice says so.
  await shows(page, 'whichCompany');
  await look(visit);
  await goOnWithoutChoice(page);
  await says(page, 'Choose a company');
  await look(visit);
  await chooseCompany(page, 'Harbour Street Cycles');
  const parameters = await landing(page, platform);
  assert.deepEqual(parameters, { status: '200', company: 'Harbour Street Cycles', madeUp: 'true' });

  visit.answers(400, /sandbox_scenario=nothing/);
  await page.goto(`${linkUrl}?sandbox.scenario=nothing`);
  await says(page, 'There is no such outcome');
  await look(visit);
});

journey('Sandbox: slow, and several companies at once', async (it) => {
  const { page, sdk, platform } = it;
  const company = await it.newCompany();
  await page.goto(company.redirect);
  await walkToSandbox(page);
  const began = Date.now();
  await tryAtSandbox(page, 'slow', { seconds: 3 });
  await shows(page, 'whatToConnect');
  assert.ok(Date.now() - began >= 3_000, 'it was not slow');
  assert.equal((await onlyConnection(sdk, company.id)).status, 'Linked');

  await openConnection(page);
  await reconnect(page);
  await tryAtSandbox(page, 'several-entities');
  await complete(page);
  const { status, company: name } = await landing(page, platform);
  assert.deepEqual({ status, name }, { status: '200', name: 'Marigold Bakery' });
});

journey('Sandbox: another company than before is refused', async (it) => {
  const { page, visit, sdk } = it;
  const company = await it.newCompany();
  await page.goto(company.redirect);
  await walkToSandbox(page);
  await atSandbox(page, 'allow');
  await openConnection(page);
  await reconnect(page);
  await tryAtSandbox(page, 'wrong-company');
  await shows(page, 'anotherCompany');
  await says(page, /Tidewater Instruments/);
  await look(visit);
  const { status, connectionInfo } = await onlyConnection(sdk, company.id);
  assert.equal(status, 'Linked');
  assert.deepEqual(connectionInfo, { companyName: 'Marigold Bakery', isSandbox: true });
});

journey('Sandbox: access is seen and revoked where it was allowed', async (it) => {
  const { page, visit, server, consumer } = it;
  const company = await it.newCompany();
  await page.goto(company.redirect);
  await walkToSandbox(page);
  await tryAtSandbox(page, 'slow', { seconds: 0, later: true });
  await shows(page, 'whatToConnect');
  const [told] = await consumer.expect(company.id, ['connection.connected']);
  assert.equal(told.payload.connection.connectionInfo.isSandbox, true);

  await page.goto(`${server.sandboxUrl}/grants`);
  await says(page, 'Marigold Bakery');
  await says(page, 'Slow: the tokens come after N seconds');
  await look(visit);
  await revokeFirst(page);
  await says(page, 'Ended');
  assert.equal(await page.getByRole('button', { name: /^revoke/i }).count(), 0);
  // The clock is moved by a button.
  await page.getByRole('button', { name: 'An hour on' }).click();
  await says(page, /Ahead by [1-9]\d* seconds/);
  await look(visit);

  // In another browser there is nothing to see.
  const other = await it.another();
  await other.page.goto(`${server.sandboxUrl}/grants`);
  await says(other.page, 'No app has access');
  await look(other);
});
