// Takes a picture of every screen into a folder, with a page (`index.html`) that shows them side by
// side: light and dark, desktop and phone, German, and right to left. `link.png` is the picture that
// the README shows, a phone's window of the first page; docs/link.png is the same in 64 colours.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { startBrowser } from '../lib/browser.mjs';
import {
  agree,
  atSandbox,
  chooseAccounting,
  chooseOtherCompany,
  chooseSandbox,
  disconnect,
  complete,
  goOnWithoutChoice,
  openConnection,
  openDisconnect,
  openOutcomes,
  leaveForGood,
  openLeave,
  reconnect,
  shows,
  tryAtSandbox,
  walkToSandbox,
} from '../lib/pages.mjs';
import { basic, sdkFor } from '../lib/sdk.mjs';
import { startServer } from '../lib/server.mjs';

const folder = process.argv[2];
if (!folder) {
  console.error('node screens/take.mjs FOLDER');
  process.exit(2);
}

const DESKTOP = { width: 1280, height: 800 };
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
async function take(page, name, ways = WAYS) {
  const title = `${String(taken.length + 1).padStart(2, '0')}-${name}`;
  // Nothing is pointed at, so that nothing looks pressed.
  await page.mouse.move(0, 0);
  for (const way of ways) {
    await page.setViewportSize(way.viewport);
    await page.emulateMedia({ colorScheme: way.dark ? 'dark' : 'light', reducedMotion: 'reduce' });
    if (way.language) await inLanguage(page, way.language);
    if (way.rightToLeft) await turn(page, 'rtl');
    await drawn(page);
    const path = join(folder, `${title}.${way.name}.png`);
    await page.screenshot({ path, fullPage: true, animations: 'disabled', caret: 'hide' });
    if (way.rightToLeft) await turn(page, 'ltr');
    if (way.language) await inLanguage(page, 'en');
  }
  await page.setViewportSize(DESKTOP);
  taken.push({ title, ways });
  console.log(title);
}

/** A screen that cannot be asked for again: as it stands, in the ways that need no reload. */
const still = (page, name) => take(page, name, WAYS.filter(({ language }) => !language));

/** Until every picture on the page is there, those below the fold too. */
function drawn(page) {
  return page.evaluate(async () => {
    for (const image of document.images) image.loading = 'eager';
    await Promise.all([...document.images].map((image) => image.decode()));
  });
}

/** Every screen has an address of its own, so asking again in another language shows the same one. */
async function inLanguage(page, language) {
  languages.set(page.context(), language);
  await page.reload();
}

const languages = new WeakMap();

const turn = (page, direction) =>
  page.evaluate((value) => {
    document.documentElement.dir = value;
  }, direction);

await mkdir(folder, { recursive: true });
const server = await startServer();
const browser = await startBrowser();
const origin = new URL(server.baseUrl).origin;
const thirdParty = new URL(server.sandboxUrl).origin;

/** Enters something for all that an integration needs, and offers it. */
async function register(key) {
  const headers = { authorization: basic(server.apiKey), 'content-type': 'application/json' };
  const url = `${server.apiUrl}/integrations/${key}/settings`;
  const { fields } = await (await fetch(url, { headers })).json();
  const values = Object.fromEntries(fields.map(({ name }) => [name, 'of-a-picture']));
  const body = JSON.stringify({ enabled: true, values });
  const answer = await fetch(url, { method: 'PUT', headers, body });
  if (!answer.ok) throw new Error(`${key}: ${await answer.text()}`);
}

/** A person with a fresh profile, whose browser asks for English until it is told otherwise. */
async function person() {
  const context = await browser.newContext({ viewport: DESKTOP });
  context.setDefaultTimeout(10_000);
  await context.route('**', (route) => {
    const headers = { ...route.request().headers(), 'accept-language': languages.get(context) ?? 'en' };
    return route.continue({ headers });
  });
  return context.newPage();
}

/** A page that is on the way to another site stays where it is: an answer without content leaves it. */
const hold = (page, site) => page.route(`${site}/**`, (route) => route.fulfill({ status: 204 }));

try {
  const sdk = sdkFor(server);
  const newCompany = () => sdk.companies.create({ name: 'Ash & Birch Ltd' });
  const profile = await sdk.settings.getProfile();
  const fresh = async (query = '') => {
    const page = await person();
    const company = await newCompany();
    await page.goto(`${company.redirect}${query}`);
    return { page, company };
  };

  {
    const page = await browser.newPage({ viewport: PHONE, deviceScaleFactor: 2, colorScheme: 'light' });
    await page.goto(server.linkUrl);
    await shows(page, 'whatToConnect');
    await page.screenshot({ path: join(folder, 'link.png') });
  }

  // Without a redirect URL, the journey that ends well.
  await sdk.settings.updateProfile({ ...profile, redirectUrl: '' });
  {
    const { page, company } = await fresh();
    await shows(page, 'whatToConnect');
    await take(page, 'what-to-connect');
    await chooseAccounting(page);
    await shows(page, 'choose');
    await take(page, 'choose');
    const early = await page.context().newPage();
    await early.goto(page.url());
    await chooseSandbox(page);
    await shows(page, 'consent');
    await take(page, 'consent');
    for (const fold of await page.locator('summary').all()) {
      if (!(await fold.evaluate((each) => each.parentElement.open))) await fold.click();
    }
    await still(page, 'consent-open');
    await hold(page, thirdParty);
    await agree(page);
    await page.getByRole('heading', { level: 1, name: /^taking you to/i }).waitFor();
    await still(page, 'on-the-way');
    await page.unroute(`${thirdParty}/**`);
    await page.getByRole('main').getByRole('link').first().click();
    await shows(page, 'sandbox');
    await take(page, 'third-party');
    await openOutcomes(page);
    await still(page, 'third-party-outcomes');
    await page.goBack();
    await page.reload();
    await take(page, 'on-the-way-again');
    await page.getByRole('main').getByRole('link').first().click();
    await atSandbox(page, 'allow');
    await shows(page, 'whatToConnect');
    await take(page, 'connected');
    const grants = await page.context().newPage();
    await grants.goto(`${server.sandboxUrl}/grants`);
    await take(grants, 'third-party-grants');
    await grants.close();
    await chooseSandbox(early);
    await take(early, 'another-is-connected');
    await openConnection(page);
    await take(page, 'connection');
    await openDisconnect(page);
    await take(page, 'disconnect');
    await page.goto(`${origin}/company/${company.id}/leave`);
    await take(page, 'leave-connected');
    await page.goto(company.redirect);
    await complete(page);
    await shows(page, 'confirmation');
    await take(page, 'confirmation');
    await page.goto(company.redirect);
    await openConnection(page);
    await openDisconnect(page);
    await page.getByRole('main').getByRole('button').first().click();
    await page.getByRole('heading', { level: 1, name: /^sandbox$/i }).waitFor();
    await take(page, 'connection-disconnected');
    await page.goto(company.redirect);
    await take(page, 'overview-disconnected');
  }
  // Several companies at one sign-in.
  {
    const { page } = await fresh();
    await walkToSandbox(page);
    await tryAtSandbox(page, 'several-entities');
    await shows(page, 'whichCompany');
    await take(page, 'which-company');
    await goOnWithoutChoice(page);
    await still(page, 'which-company-missing');
  }
  // What is empty, and what is not listed.
  {
    const { page } = await fresh('?link.showSandboxIntegrations=false');
    await take(page, 'nothing-to-connect');
  }
  {
    const { page } = await fresh();
    await chooseAccounting(page);
    await page.getByRole('link', { name: /something else/i }).click();
    await take(page, 'not-listed');
  }
  // Leaving.
  {
    const { page } = await fresh();
    await openLeave(page);
    await take(page, 'leave');
    await leaveForGood(page);
    await shows(page, 'left');
    await take(page, 'left');
  }
  // What breaks in a journey, and on a connection's own address.
  for (const [outcome, screen] of [
    ['decline', 'declined'],
    ['server-error', 'failed'],
  ]) {
    const { page, company } = await fresh();
    await walkToSandbox(page);
    await tryAtSandbox(page, outcome);
    await shows(page, screen);
    await take(page, screen);
    if (outcome === 'decline') {
      await page.goto(company.redirect);
      await take(page, 'overview-pending');
      const { dataConnections } = await sdk.companies.get({ companyId: company.id });
      await page.goto(`${dataConnections[0].linkUrl}?sandbox.scenario=${outcome}`);
      await shows(page, 'sandbox');
      await take(page, 'third-party-fixed');
      await atSandbox(page, 'goOn');
      await shows(page, screen);
      await take(page, 'declined-direct');
    }
  }
  // Another company at the third party than the one that was connected.
  {
    const { page } = await fresh();
    await walkToSandbox(page);
    await atSandbox(page, 'allow');
    await openConnection(page);
    await disconnect(page);
    await reconnect(page);
    await chooseOtherCompany(page);
    await atSandbox(page, 'allow');
    await shows(page, 'anotherCompany');
    await take(page, 'another-company');
  }
  // The language changed between reading and agreeing: the text is shown again.
  {
    const { page } = await fresh();
    await chooseAccounting(page);
    await chooseSandbox(page);
    await shows(page, 'consent');
    languages.set(page.context(), 'de');
    await page.getByRole('main').getByRole('button').click();
    await page.getByRole('alert').waitFor();
    await still(page, 'consent-changed');
  }
  // A browser that lost its cookies.
  {
    const { page } = await fresh();
    await chooseAccounting(page);
    await shows(page, 'choose');
    await page.context().clearCookies();
    await chooseSandbox(page);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await still(page, 'error-cookies');
  }
  // Error pages.
  {
    const page = await person();
    const nobody = '3fa85f64-5717-4562-b3fc-2c963f66afa6';
    await page.goto(`${origin}/company/${nobody}`);
    await take(page, 'error-no-link');
    await page.goto(`${origin}/nothing`);
    await take(page, 'error-not-found');
    await page.goto(`${origin}/callback/${server.clientId}/mqjo?code=x&state=y`);
    await take(page, 'error-callback');
    await page.goto(`${server.sandboxUrl}/authorize?client_id=nobody`);
    await take(page, 'third-party-refuses');
    await page.goto(`${server.sandboxUrl}/grants`);
    await take(page, 'third-party-no-grants');
  }
  // What is typed before one goes, or instead. Registered with what no third party knows.
  {
    for (const key of ['gbol', 'qhyg', 'tgff', 'fbrh', 'lxwr', 'ltpp']) await register(key);
    const { page } = await fresh();
    await chooseAccounting(page);
    await take(page, 'choose-of-many');
    const typed = async (name, category) => {
      const { page } = await fresh();
      await page.getByRole('link', { name: category }).click();
      await page.getByRole('button', { name }).click();
      await agree(page);
      await page.getByRole('heading', { level: 1, name: /^before you go|^connect/i }).waitFor();
      return page;
    };
    const shop = await typed('WooCommerce', /shop/i);
    await take(shop, 'fields-of-a-shop');
    await shop.getByRole('textbox').fill('http://no shop');
    await shop.getByRole('main').getByRole('button').click();
    await still(shop, 'fields-mistake');
    const secret = await typed('Lexware Office', /accounting/i);
    await take(secret, 'fields-of-a-key');
  }
  // The demo's own pages, walked as a newcomer does.
  await sdk.settings.updateProfile(profile);
  {
    const page = await person();
    await page.goto(server.platformUrl);
    await take(page, 'demo-platform');
    await page.getByRole('main').getByRole('link').first().click();
    await walkToSandbox(page);
    await hold(page, `${origin}/callback`);
    await atSandbox(page, 'allow');
    await page.waitForURL(({ hostname }) => hostname === 'localhost');
    await still(page, 'third-party-back');
    await page.unroute(`${origin}/callback/**`);
    await page.getByRole('main').getByRole('link').first().click();
    await shows(page, 'whatToConnect');
    await hold(page, `${thirdParty}/demo`);
    await complete(page);
    await page.getByRole('heading', { level: 1, name: /^taking you back/i }).waitFor();
    await still(page, 'back-to-the-platform');
    await page.unroute(`${thirdParty}/demo/**`);
    await page.getByRole('main').getByRole('link').first().click();
    await page.waitForURL(`${thirdParty}/demo/**`);
    await take(page, 'demo-return');
    await page.goto(server.inboxUrl);
    await take(page, 'demo-inbox');
    // In English alone.
    await page.goto(`${server.apiUrl}/docs`);
    await still(page, 'api-docs');
  }
} finally {
  await writeFile(join(folder, 'index.html'), index());
  await browser.close();
  await server.stop();
}

function index() {
  const head = WAYS.map(({ name }) => `<th>${name}</th>`).join('');
  const rows = taken.map(({ title, ways }) => {
    const cells = WAYS.map((way) => {
      if (!ways.includes(way)) return '<td></td>';
      const { name, viewport } = way;
      const file = `${title}.${name}.png`;
      const width = viewport === PHONE ? 180 : 480;
      return `<td><a href="${file}"><img src="${file}" width="${width}" alt="${title}, ${name}"></a></td>`;
    });
    return `<tr><th>${title}</th>${cells.join('')}</tr>`;
  });
  return `<!doctype html><meta charset="utf-8"><title>Screens</title><table><tr><th></th>${head}</tr>${rows.join('\n')}</table>\n`;
}
