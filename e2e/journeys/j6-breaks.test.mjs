// J6: it breaks. Each failure ends on a page that says what happened and what to do.
import assert from 'node:assert/strict';

import { look } from '../lib/browser.mjs';
import { onlyConnection, world } from '../lib/journey.mjs';
import {
  atSandbox,
  chooseAnother,
  complete,
  leave,
  shows,
  stepsToSandbox,
  tryAgain,
  tryAtSandbox,
  walkToSandbox,
} from '../lib/pages.mjs';

const journey = world({
  redirect: (platform) =>
    `${platform}/done?status={statusCode}&error={errorMessage}&text={statusText}&c={connectionId}`,
});

/** What the Sandbox says of a person who declines, beside `error=access_denied`. */
const SAID = 'the person declined';

/** The parameters with which the browser came to the platform's page. */
async function landing(page, platform) {
  await page.waitForURL(`${platform.url}/**`);
  return Object.fromEntries(new URL(page.url()).searchParams);
}

journey('J6: declined, tried again, allowed', async (it) => {
  const { page, visit, sdk, platform, consumer } = it;
  const company = await it.newCompany();
  await page.goto(company.redirect);
  await walkToSandbox(page);
  await atSandbox(page, 'decline');

  await shows(page, 'declined');
  await look(visit);
  const declined = await onlyConnection(sdk, company.id);
  assert.equal(declined.status, 'PendingAuth', 'the status is as it was');
  assert.equal(declined.dataConnectionErrors.length, 1);
  assert.equal(declined.dataConnectionErrors[0].statusText, SAID, 'as the third party said it');
  await consumer.expect(company.id, ['connection.created', 'connection.failed']);

  await tryAgain(page);
  await atSandbox(page, 'allow');
  await complete(page);
  assert.equal((await landing(page, platform)).status, '200');
  const linked = await onlyConnection(sdk, company.id);
  assert.equal(linked.id, declined.id);
  assert.equal(linked.status, 'Linked');
  const open = (linked.dataConnectionErrors ?? []).filter(({ status }) => status !== 'Resolved');
  assert.deepEqual(open, [], 'the error is resolved once it is linked');
});

journey('J6: declined, then left', async (it) => {
  const { page, sdk, platform } = it;
  const company = await it.newCompany();
  await page.goto(company.redirect);
  await walkToSandbox(page);
  await atSandbox(page, 'decline');
  await shows(page, 'declined');
  await leave(page);
  const parameters = await landing(page, platform);
  assert.equal(parameters.status, '403');
  assert.equal(parameters.error, 'User cancelled');
  assert.equal(parameters.text, SAID);
  assert.equal((await onlyConnection(sdk, company.id)).status, 'PendingAuth');
});

journey('J6: declined, then another is chosen', async ({ page, newCompany }) => {
  const company = await newCompany();
  await page.goto(company.redirect);
  await walkToSandbox(page);
  await atSandbox(page, 'decline');
  await shows(page, 'declined');
  await chooseAnother(page);
  await shows(page, 'choose');
});

journey('J6: the third party fails', async (it) => {
  const { page, visit, sdk, platform, consumer } = it;
  const company = await it.newCompany();
  await page.goto(company.redirect);
  await walkToSandbox(page);
  await tryAtSandbox(page, 'server-error');

  await shows(page, 'failed');
  await look(visit);
  const failed = await onlyConnection(sdk, company.id);
  assert.equal(failed.status, 'PendingAuth');
  assert.equal(failed.dataConnectionErrors.length, 1);
  await consumer.expect(company.id, ['connection.failed']);

  await leave(page);
  const parameters = await landing(page, platform);
  assert.equal(parameters.status, '500');
  assert.equal(parameters.error, 'Unknown error occurred');
  assert.notEqual(parameters.text, '', 'it passes on what the third party said');
});

journey('J6: the third party fails, and works the second time', async (it) => {
  const { page, sdk } = it;
  const company = await it.newCompany();
  await page.goto(company.redirect);
  await walkToSandbox(page);
  await tryAtSandbox(page, 'server-error');
  await shows(page, 'failed');
  await tryAgain(page);
  await atSandbox(page, 'allow');
  await shows(page, 'whatToConnect');
  assert.equal((await onlyConnection(sdk, company.id)).status, 'Linked');
});

journey('J6: a failed attempt never disturbs what is linked', async (it) => {
  const { page, sdk } = it;
  const company = await it.newCompany();
  await page.goto(company.redirect);
  await walkToSandbox(page);
  await atSandbox(page, 'allow');
  await shows(page, 'whatToConnect');
  const linked = await onlyConnection(sdk, company.id);

  await page.goto(linked.linkUrl);
  await atSandbox(page, 'decline');
  await shows(page, 'declined');
  assert.equal((await onlyConnection(sdk, company.id)).status, 'Linked');
});

for (const steps of [0, 1, 2]) {
  journey(`J6: leaving at "${stepsToSandbox[steps][0]}"`, async (it) => {
    const { page, platform } = it;
    const company = await it.newCompany();
    await page.goto(company.redirect);
    for (const [, step] of stepsToSandbox.slice(0, steps)) await step(page);
    await leave(page);
    const parameters = await landing(page, platform);
    assert.equal(parameters.status, '403');
    assert.equal(parameters.error, 'User cancelled');
  });
}

journey('J6: an address of no company answers 404 with a page', async ({ page, visit, server }) => {
  for (const id of ['3fa85f64-5717-4562-b3fc-2c963f66afa6', 'nonsense', '..%2f..']) {
    visit.answers(404, new RegExp(`/company/${id.replace(/[.]/g, '\\.')}$`));
    const answer = await page.goto(`${server.baseUrl}/company/${id}`);
    assert.equal(answer.status(), 404);
    assert.match(answer.headers()['content-type'], /^text\/html/);
    await look(visit);
  }
});
