// What the pages are called and how their controls are named: the one place to mend when a page
// changes its words. Tests say what a person does; how a page offers it stands here.
import assert from 'node:assert/strict';

/** The main heading of each screen. */
export const headings = {
  whatToConnect: /what (would you like )?to connect|connect your (software|data|business)|your connections/i,
  choose: /choose|which .* do you use|pick/i,
  consent: /connect .*sandbox|sandbox.*access|share|permission/i,
  sandbox: /sign in|sandbox/i,
  declined: /declined|did not (allow|agree)|not connected|was not given/i,
  failed: /went wrong|did not work|could not connect|problem/i,
  leave: /leave|stop here|exit/i,
  disconnect: /disconnect/i,
  confirmation: /connected|all done|thank you/i,
  badCallback: /could not|another browser|cannot|does not/i,
};

const controls = {
  accounting: /accounting/i,
  integration: /^(?!.*(bank|commerce)).*sandbox/i,
  agree: /^(connect to|allow|agree|continue)/i,
  allow: /^allow|^sign in and allow/i,
  decline: /^(decline|deny|refuse)/i,
  serverError: /server error/i,
  complete: /^(complete|finish|done|i.?m done|continue to)/i,
  tryAgain: /try again/i,
  chooseAnother: /(choose|connect|pick) (another|other|different)/i,
  leave: /^(leave|exit|cancel and leave)/i,
  leaveForGood: /^(leave|yes, leave|exit)/i,
  disconnect: /^disconnect/i,
  disconnectForGood: /^(disconnect|yes, disconnect)/i,
  reconnect: /^reconnect/i,
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

export async function has(page, name) {
  return (await control(page, name).anywhere.count()) > 0;
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

/** At the third party, which stands on another site: `allow`, `decline` or `serverError`. */
export async function atSandbox(page, outcome) {
  await shows(page, 'sandbox');
  assert.equal(new URL(page.url()).hostname, 'localhost', 'the third party must be another site');
  await press(page, outcome);
}

export async function complete(page) {
  await shows(page, 'whatToConnect');
  await press(page, 'complete');
}

export async function tryAgain(page) {
  await press(page, 'tryAgain');
}

export async function chooseAnother(page) {
  await press(page, 'chooseAnother');
}

/** The exit control that every page has. It asks before it leaves. */
export async function openLeave(page) {
  await control(page, 'leave').anywhere.click();
  await shows(page, 'leave');
}

/** Leaves, and confirms it. */
export async function leave(page) {
  await openLeave(page);
  await press(page, 'leaveForGood');
}

/** Asks to disconnect what is connected. The page asks back. */
export async function openDisconnect(page) {
  await press(page, 'disconnect');
  await shows(page, 'disconnect');
}

/** Disconnects, and confirms it. */
export async function disconnect(page) {
  await openDisconnect(page);
  await press(page, 'disconnectForGood');
}

export async function reconnect(page) {
  await press(page, 'reconnect');
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
