// Chromium as a person has it: one browser per test file, a fresh profile per visit, and a guard
// that no page reaches another host or complains in the console.
import assert from 'node:assert/strict';

import AxeBuilder from '@axe-core/playwright';
import { chromium } from 'playwright-core';

import { chromium as executablePath, engine, scope } from './options.mjs';

const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** How long a page may take to show what is waited for. */
const PATIENCE = 10_000;

const PHONE = { width: 360, height: 740 };
const DESKTOP = { width: 1280, height: 800 };

const ALL = [
  { label: 'desktop', viewport: DESKTOP, javaScript: true },
  { label: 'phone', viewport: PHONE, javaScript: true },
  { label: 'desktop, no JavaScript', viewport: DESKTOP, javaScript: false },
  { label: 'phone, no JavaScript', viewport: PHONE, javaScript: false },
];

/** Each engine with and without JavaScript, each window with both engines and both of those. */
const PAIRS = { sqlite: [ALL[0], ALL[3]], postgres: [ALL[1], ALL[2]] };

/** The ways in which every journey is walked. */
export const combinations = { quick: [ALL[0]], pairs: PAIRS[engine], all: ALL }[scope];

export async function startBrowser() {
  assert.ok(executablePath, 'Chromium is missing: run this through `cargo xtask test`');
  return chromium.launch({ executablePath, args: ARGUMENTS });
}

/**
 * A person's visit in a profile of their own. `hosts` are the ones that pages may reach.
 *
 * `visit.page` is the first tab, `visit.tab()` opens another. `visit.check()` fails on whatever
 * was wrong on the way; `visit.answers(status, path)` says beforehand that one address is meant to
 * answer with an error.
 */
export async function startVisit(browser, hosts, combination = combinations[0], options = {}) {
  const { viewport, javaScript } = combination;
  const context = await browser.newContext({
    viewport,
    javaScriptEnabled: javaScript,
    hasTouch: viewport === PHONE,
    locale: 'en-GB',
    ...options,
  });
  context.setDefaultTimeout(PATIENCE);
  const problems = [];
  const expected = [];
  const isExpected = (url) => expected.some(({ path }) => path.test(url));
  context.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith('http') && !hosts.includes(url.host)) {
      problems.push(`a request to ${url.host}: ${request.url()}`);
    }
  });
  context.on('response', (response) => {
    const met = expected.find(({ path }) => path.test(response.url()));
    if (met && response.status() === met.status) met.seen = true;
    else if (response.status() >= 400) problems.push(`${response.status()} for ${response.url()}`);
  });
  context.on('console', (message) => {
    if (message.type() !== 'error' || isExpected(message.location().url)) return;
    problems.push(`the console says: ${message.text()} (${message.location().url})`);
  });
  context.on('weberror', (error) => problems.push(`a script failed: ${error.error()}`));
  const page = await context.newPage();

  return {
    context,
    page,
    javaScript,
    tab: () => context.newPage(),
    answers: (status, path) => expected.push({ status, path, seen: false }),
    check() {
      assert.deepEqual(problems, [], `on the way to ${page.url()}`);
      const missed = expected.filter(({ seen }) => !seen).map(({ status, path }) => `${status} ${path}`);
      assert.deepEqual(missed, [], 'answers that were expected and did not come');
    },
    /** What stands on the first tab, for the message of a failure. */
    async describe() {
      const text = await page.locator('body').innerText({ timeout: 1_000 }).catch(() => '');
      return `at ${page.url()}\n${text.replace(/\n\s*\n/g, '\n').slice(0, 1_500)}\n${problems.join('\n')}`;
    },
    close: () => context.close(),
  };
}

/** The narrowest window, which is also what 200 % zoom leaves of a small one. */
const NARROWEST = { width: 320, height: 640 };

/**
 * Looks at the page as it stands: axe in light and in dark, its title and language, and that
 * nothing needs scrolling sideways, in a narrow window and from right to left neither. Does nothing
 * where JavaScript is off, since axe needs it.
 */
export async function look(visit, page = visit.page) {
  if (!visit.javaScript) return;
  const facts = await page.evaluate(() => ({
    title: document.title.trim(),
    language: document.documentElement.lang,
    headings: document.querySelectorAll('h1').length,
  }));
  assert.notEqual(facts.title, '', `${page.url()} has no title`);
  assert.match(facts.language, /^[a-z]{2}/, `${page.url()} names no language`);
  assert.equal(facts.headings, 1, `${page.url()} has ${facts.headings} main headings`);
  const own = page.viewportSize();
  for (const [viewport, direction] of [[own, 'ltr'], [NARROWEST, 'ltr'], [NARROWEST, 'rtl']]) {
    await page.setViewportSize(viewport);
    const sideways = await page.evaluate((dir) => {
      document.documentElement.dir = dir;
      return document.documentElement.scrollWidth - document.documentElement.clientWidth;
    }, direction);
    assert.ok(sideways <= 0, `${page.url()} is ${sideways} px too wide at ${viewport.width}, ${direction}`);
  }
  await page.evaluate(() => (document.documentElement.dir = 'ltr'));
  await page.setViewportSize(own);

  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    // The legacy mode stays in this tab; the other one opens a tab of its own.
    const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
    const found = violations.map(
      ({ id, help, nodes }) => `${id}: ${help}\n    ${nodes.map(({ html }) => html).join('\n    ')}`,
    );
    assert.deepEqual(found, [], `axe, in ${colorScheme}, at ${page.url()}`);
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
}
