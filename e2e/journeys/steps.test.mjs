// Every step is a page of its own with a real address: back, forward, reload, a second tab and
// coming back later all work, and the journey still ends well.
import assert from 'node:assert/strict';

import { onlyConnection, world } from '../lib/journey.mjs';
import { atSandbox, complete, mainHeading, onward, shows, stepsToSandbox } from '../lib/pages.mjs';

const journey = world({ redirect: (platform) => `${platform}/done?status={statusCode}` });

/** Reload, then away and back: the same screen, and never an error. */
async function shaken(page) {
  const heading = await mainHeading(page);
  const answer = await page.reload();
  assert.ok(answer.ok(), `reloading ${page.url()} answers ${answer.status()}`);
  assert.equal(await mainHeading(page), heading, 'after a reload');
  await page.goBack();
  if (page.url() !== 'about:blank') await mainHeading(page);
  await page.goForward();
  assert.equal(await mainHeading(page), heading, 'after back and forward');
}

journey('back, forward and reload at every step', async (it) => {
  const { page, sdk, platform } = it;
  const company = await it.newCompany();
  await page.goto(company.redirect);
  for (const [, step] of stepsToSandbox) {
    await shaken(page);
    await step(page);
  }
  await shows(page, 'sandbox');
  await shaken(page);
  await atSandbox(page, 'allow');
  await shows(page, 'whatToConnect');

  const heading = await mainHeading(page);
  await page.reload();
  assert.equal(await mainHeading(page), heading);
  assert.equal((await onlyConnection(sdk, company.id)).status, 'Linked');
  await complete(page);
  await page.waitForURL(`${platform.url}/**`);
  assert.equal(new URL(page.url()).searchParams.get('status'), '200');
});

journey('back from the third party, and on again', async (it) => {
  const { page, sdk } = it;
  const company = await it.newCompany();
  await page.goto(company.redirect);
  for (const [, step] of stepsToSandbox) await step(page);
  await shows(page, 'sandbox');
  await page.goBack();
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  assert.equal(new URL(page.url()).hostname, '127.0.0.1');
  await onward(page);
  await atSandbox(page, 'allow');
  await shows(page, 'whatToConnect');
  assert.equal((await onlyConnection(sdk, company.id)).status, 'Linked');
});

journey('a second tab at every step', async (it) => {
  const { page, visit, sdk } = it;
  const company = await it.newCompany();
  await page.goto(company.redirect);
  for (const [, step] of stepsToSandbox) {
    const tab = await visit.tab();
    await tab.goto(page.url());
    assert.equal(await mainHeading(tab), await mainHeading(page));
    await tab.close();
    await step(page);
  }
  await shows(page, 'sandbox');
  await atSandbox(page, 'allow');
  await shows(page, 'whatToConnect');
  assert.equal((await onlyConnection(sdk, company.id)).status, 'Linked');
});

journey('two tabs walk at once, and both end well', async (it) => {
  const { page, visit, sdk } = it;
  const company = await it.newCompany();
  const tab = await visit.tab();
  for (const each of [page, tab]) await each.goto(company.redirect);
  for (const [, step] of stepsToSandbox) {
    await step(page);
    await step(tab);
  }
  for (const each of [page, tab]) {
    await shows(each, 'sandbox');
    await atSandbox(each, 'allow');
    await each.getByRole('heading', { level: 1 }).first().waitFor();
    assert.equal(new URL(each.url()).hostname, '127.0.0.1');
  }
  assert.equal((await onlyConnection(sdk, company.id)).status, 'Linked');
});

journey('coming back in the middle, in another browser', async (it) => {
  const { page, sdk } = it;
  const company = await it.newCompany();
  await page.goto(company.redirect);
  for (const [, step] of stepsToSandbox.slice(0, 2)) await step(page);

  const other = await it.another();
  await other.page.goto(company.redirect);
  for (const [, step] of stepsToSandbox) await step(other.page);
  await atSandbox(other.page, 'allow');
  await shows(other.page, 'whatToConnect');
  assert.equal((await onlyConnection(sdk, company.id)).status, 'Linked');
});

journey('"Done" pressed twice ends the journey once', async (it) => {
  const { page, platform } = it;
  const company = await it.newCompany();
  await page.goto(company.redirect);
  for (const [, step] of stepsToSandbox) await step(page);
  await atSandbox(page, 'allow');
  await shows(page, 'whatToConnect');
  const { action, body } = await page.locator('form[action*="/complete"]').evaluate((form) => ({
    action: form.action,
    body: new URLSearchParams(new FormData(form)).toString(),
  }));
  const press = () =>
    page.context().request.post(action, {
      data: body,
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: new URL(action).origin },
    });
  const answers = await Promise.all([press(), press()]);
  for (const answer of answers) {
    assert.match(await answer.text(), new RegExp(`${platform.url}/done\\?status=200`));
  }
});
