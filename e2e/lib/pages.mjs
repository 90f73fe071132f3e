// What the pages are called and how their controls are named: the one place to mend when a page
// changes its words. Tests say what a person does; how a page offers it stands here.
import assert from 'node:assert/strict';

/** The main heading of each screen. The third party's page is known by its site. */
export const headings = {
  whatToConnect: /^(connect your software|your connections) to /i,
  choose: /^which .* do you use/i,
  consent: /^connect .* to .*\?$/i,
  sandbox: /./,
  connection: /^sandbox$/i,
  whichCompany: /^which company do you want to connect/i,
  declined: /^you did not allow access/i,
  failed: /could not complete this|is not answering|stopped to be safe/i,
  leave: /^leave now/i,
  disconnect: /^disconnect .*\?$/i,
  confirmation: /^all done/i,
  left: /^you have left/i,
  anotherCompany: /^that is another company/i,
  foreign: /^please go back to where you started/i,
  grants: /^access that you allowed/i,
  lessAccess: /^a little more access/i,
};

const controls = {
  accounting: /^accounting/i,
  integration: /sandbox/i,
  agree: /^continue to/i,
  allow: /^allow/i,
  decline: /^decline/i,
  outcomes: /^try another outcome/i,
  goOnSo: /^go on with this outcome/i,
  goOn: /^go on$/i,
  revoke: /^revoke access/i,
  connection: /sandbox/i,
  complete: /^done, return to/i,
  connectIt: /^connect it to/i,
  tryAgain: /^try again/i,
  chooseAnother: /^choose different/i,
  connectAsWell: / as well$/i,
  leave: /^leave/i,
  leaveForGood: /^leave/i,
  disconnect: /^disconnect$/i,
  reconnect: /^sign in at .* again/i,
};

/** A button or a link by its accessible name. */
function control(page, name) {
  const wanted = controls[name];
  const main = page.getByRole('main');
  const inMain = main.getByRole('button', { name: wanted }).or(main.getByRole('link', { name: wanted }));
  const anywhere = page.getByRole('button', { name: wanted }).or(page.getByRole('link', { name: wanted }));
  return { inMain: inMain.first(), anywhere: anywhere.first() };
}

export const names = controls;

/** Waits for a screen. */
export async function shows(page, screen) {
  if (screen === 'sandbox') await page.waitForURL(({ hostname }) => hostname === 'localhost');
  const heading = page.getByRole('heading', { level: 1, name: headings[screen] });
  await heading.first().waitFor().catch(async (error) => {
    const is = await mainHeading(page).catch(() => 'none');
    throw new Error(`waited for the screen "${screen}"; the heading is "${is}" at ${page.url()}`, {
      cause: error,
    });
  });
}

/** The text of the main heading. */
export async function mainHeading(page) {
  return (await page.getByRole('heading', { level: 1 }).first().innerText()).trim();
}

/** Whether the page speaks of this, anywhere in its text. */
export async function says(page, words) {
  await page.getByText(words).first().waitFor();
}

async function press(page, name) {
  await control(page, name).inMain.click();
}

// What a person does, step by step.

export async function chooseAccounting(page) {
  await shows(page, 'whatToConnect');
  await press(page, 'accounting');
}

export async function chooseSandbox(page) {
  await shows(page, 'choose');
  await press(page, 'integration');
}

export async function agree(page) {
  await shows(page, 'consent');
  await press(page, 'agree');
}

/** At the third party, which stands on another site: `allow`, `decline`, or `goOn` where the address fixes what happens. */
export async function atSandbox(page, outcome) {
  await shows(page, 'sandbox');
  assert.equal(new URL(page.url()).hostname, 'localhost', 'the third party must be another site');
  await press(page, outcome);
}

/** At the third party: opens the list of outcomes. */
export async function openOutcomes(page) {
  await shows(page, 'sandbox');
  await page.getByText(controls.outcomes).click();
}

/** At the third party: an outcome of the list, as `slow`, with what it takes. */
export async function tryAtSandbox(page, scenario, { seconds, later = false } = {}) {
  await openOutcomes(page);
  await page.getByRole('combobox').selectOption(scenario);
  if (seconds !== undefined) await page.getByRole('spinbutton').fill(String(seconds));
  if (later) await page.getByRole('checkbox').check();
  await press(page, 'goOnSo');
}

/** On the third party's page of grants: ends the first one. */
export async function revokeFirst(page) {
  await shows(page, 'grants');
  await press(page, 'revoke');
  await shows(page, 'grants');
}

/** At the third party: another company of the person's than the one that is offered first. */
export async function chooseOtherCompany(page) {
  await shows(page, 'sandbox');
  await page.getByRole('radio').nth(1).check();
}

/** The company that was authorized, as a connection of its own. */
export async function connectAsWell(page) {
  await press(page, 'connectAsWell');
  await agree(page);
}

export async function complete(page) {
  await shows(page, 'whatToConnect');
  await press(page, 'complete');
}

/** Of several companies that a sign-in reaches: says which. */
export async function chooseCompany(page, name) {
  await shows(page, 'whichCompany');
  await page.getByRole('radio', { name }).check();
  await press(page, 'connectIt');
}

/** There: goes on with nothing chosen. */
export async function goOnWithoutChoice(page) {
  await press(page, 'connectIt');
  await shows(page, 'whichCompany');
}

/** After a failure, to the third party once more. In a journey the consent stands between. */
export async function tryAgain(page) {
  await press(page, 'tryAgain');
  await agree(page);
}

/** Goes on to the third party from whichever page stands before it. */
export async function onward(page) {
  await press(page, 'agree');
}

export async function chooseAnother(page) {
  await press(page, 'chooseAnother');
}

/** The exit control that every page has. It asks before it leaves. */
export async function openLeave(page) {
  await control(page, 'leave').anywhere.click();
  await shows(page, 'leave');
}

/** Confirms it. */
export async function leaveForGood(page) {
  await press(page, 'leaveForGood');
}

/** Leaves, and confirms it. */
export async function leave(page) {
  await openLeave(page);
  await leaveForGood(page);
}

/** From the overview to the page of the one connection. */
export async function openConnection(page) {
  await shows(page, 'whatToConnect');
  await press(page, 'connection');
  await shows(page, 'connection');
}

/** Asks to disconnect, on the connection's page. The page asks back. */
export async function openDisconnect(page) {
  await press(page, 'disconnect');
  await shows(page, 'disconnect');
}

/** Disconnects, and confirms it. */
export async function disconnect(page) {
  await openDisconnect(page);
  await press(page, 'disconnect');
  await shows(page, 'connection');
}

/** Signs in again, from the connection's page to the third party's. */
export async function reconnect(page) {
  await press(page, 'reconnect');
  await agree(page);
}

/** The steps from the Link URL to the third party's page, each with a name. */
export const stepsToSandbox = [
  ['what to connect', chooseAccounting],
  ['choose', chooseSandbox],
  ['consent', agree],
];

/** From the Link URL to the third party's page. */
export async function walkToSandbox(page) {
  for (const [, step] of stepsToSandbox) await step(page);
  await shows(page, 'sandbox');
}
