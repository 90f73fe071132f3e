// Takes a picture of every screen into a folder, with a page (`index.html`) that shows them side by
// side: light and dark, desktop and phone, German, and right to left.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { combinations, startBrowser } from '../lib/browser.mjs';
import {
  agree,
  atSandbox,
  chooseAccounting,
  chooseSandbox,
  complete,
  openConnection,
  openDisconnect,
  leaveForGood,
  openLeave,
  shows,
  walkToSandbox,
} from '../lib/pages.mjs';
import { sdkFor } from '../lib/sdk.mjs';
import { startServer } from '../lib/server.mjs';

const folder = process.argv[2];
if (!folder) {
  console.error('node screens/take.mjs FOLDER');
  process.exit(2);
}

const DESKTOP = combinations[0].viewport;
const PHONE = { width: 360, height: 740 };

/** The ways in which each screen is shown. */
const WAYS = [
  { name: 'light', viewport: DESKTOP },
  { name: 'dark', viewport: DESKTOP, dark: true },
  { name: 'phone', viewport: PHONE },
  { name: 'phone-dark', viewport: PHONE, dark: true },
  { name: 'german', viewport: DESKTOP, language: 'de' },
  { name: 'phone-german', viewport: PHONE, language: 'de' },
  // No language that is written from right to left is here yet: English, the other way round.
  { name: 'rtl', viewport: DESKTOP, rightToLeft: true },
  { name: 'phone-rtl', viewport: PHONE, rightToLeft: true },
];

const taken = [];

/** Takes the screen as it stands, in every way, and leaves it as it was. */
async function take(page, name) {
  const title = `${String(taken.length + 1).padStart(2, '0')}-${name}`;
  for (const way of WAYS) {
    await page.setViewportSize(way.viewport);
    await page.emulateMedia({ colorScheme: way.dark ? 'dark' : 'light' });
    if (way.language) await inLanguage(page, way.language);
    if (way.rightToLeft) await turn(page, 'rtl');
    await page.screenshot({ path: join(folder, `${title}.${way.name}.png`), fullPage: true });
    if (way.rightToLeft) await turn(page, 'ltr');
    if (way.language) await inLanguage(page, 'en');
  }
  await page.setViewportSize(DESKTOP);
  taken.push(title);
  console.log(title);
}

/** Every screen has an address of its own, so asking again in another language shows the same one. */
async function inLanguage(page, language) {
  await page.context().setExtraHTTPHeaders({ 'accept-language': language });
  await page.reload();
}

const turn = (page, direction) =>
  page.evaluate((value) => {
    document.documentElement.dir = value;
  }, direction);

await mkdir(folder, { recursive: true });
const server = await startServer();
const browser = await startBrowser();
try {
  const sdk = sdkFor(server);
  const fresh = async () => {
    const context = await browser.newContext({ viewport: DESKTOP, locale: 'en-GB' });
    context.setDefaultTimeout(10_000);
    const page = await context.newPage();
    const company = await sdk.companies.create({ name: 'Ash & Birch Ltd' });
    await page.goto(company.redirect);
    return { page, company };
  };
  const profile = await sdk.settings.getProfile();

  // The journey that ends well, without a redirect URL.
  await sdk.settings.updateProfile({ ...profile, redirectUrl: '' });
  {
    const { page, company } = await fresh();
    await shows(page, 'whatToConnect');
    await take(page, 'what-to-connect');
    await chooseAccounting(page);
    await shows(page, 'choose');
    await take(page, 'choose');
    await chooseSandbox(page);
    await shows(page, 'consent');
    await take(page, 'consent');
    await agree(page);
    await shows(page, 'sandbox');
    await take(page, 'third-party');
    await atSandbox(page, 'allow');
    await shows(page, 'whatToConnect');
    await take(page, 'connected');
    await openConnection(page);
    await take(page, 'connection');
    await openDisconnect(page);
    await take(page, 'disconnect');
    await page.goto(company.redirect);
    await complete(page);
    await shows(page, 'confirmation');
    await take(page, 'confirmation');
  }
  // Leaving.
  {
    const { page } = await fresh();
    await openLeave(page);
    await take(page, 'leave');
    await leaveForGood(page);
    await take(page, 'left');
  }
  // What breaks.
  for (const [outcome, screen] of [
    ['decline', 'declined'],
    ['serverError', 'failed'],
  ]) {
    const { page } = await fresh();
    await walkToSandbox(page);
    await atSandbox(page, outcome);
    await shows(page, screen);
    await take(page, screen);
  }
  // Error pages.
  {
    const { page } = await fresh();
    const nobody = '3fa85f64-5717-4562-b3fc-2c963f66afa6';
    await page.goto(`${server.baseUrl}/company/${nobody}`);
    await take(page, 'error-not-found');
    await page.goto(`${server.baseUrl}/callback/${server.clientId}/mqjo?code=x&state=y`);
    await take(page, 'error-callback');
  }
  // The demo's own pages.
  {
    const { page } = await fresh();
    for (const [field, name] of [
      ['platformUrl', 'demo-platform'],
      ['inboxUrl', 'demo-inbox'],
    ]) {
      if (!server[field]) throw new Error(`the demo's JSON line has no ${field}`);
      await page.goto(server[field]);
      await take(page, name);
    }
  }
} finally {
  await writeFile(join(folder, 'index.html'), index());
  await browser.close();
  await server.stop();
}

function index() {
  const head = WAYS.map(({ name }) => `<th>${name}</th>`).join('');
  const rows = taken.map((title) => {
    const cells = WAYS.map(({ name, viewport }) => {
      const file = `${title}.${name}.png`;
      const width = viewport === PHONE ? 180 : 480;
      return `<td><a href="${file}"><img src="${file}" width="${width}" alt="${title}, ${name}"></a></td>`;
    });
    return `<tr><th>${title}</th>${cells.join('')}</tr>`;
  });
  return `<!doctype html><meta charset="utf-8"><title>Screens</title><table><tr><th></th>${head}</tr>${rows.join('\n')}</table>\n`;
}
