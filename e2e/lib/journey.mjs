// The frame of a journey's test: a server, a platform page, a webhook consumer, a browser, and a
// visit per test in every combination.
import { after, before, test } from 'node:test';

import { combinations, startBrowser, startVisit } from './browser.mjs';
import { startPlatform } from './platform.mjs';
import { sdkFor } from './sdk.mjs';
import { startServer } from './server.mjs';
import { startConsumer } from './webhooks.mjs';

const TEST_TIMEOUT = 120_000;

const EVENTS = [
  'company.created',
  'company.deleted',
  'connection.created',
  'connection.connected',
  'connection.disconnected',
  'connection.reconnected',
  'connection.failed',
  'connection.deleted',
];

/**
 * Sets up one test file. `redirect` makes the client's redirect URL from the platform's address;
 * without it the client has none. `settings` makes the server's further settings, in a test's world that is
 * only begun.
 *
 * The world that each test gets: `server`, `platform`, `consumer`, `sdk`, `newCompany()`,
 * `visit` and `page` of a fresh profile, and `another()` for a second person's visit.
 */
export function world({ redirect, settings } = {}) {
  const it = {};

  before(async () => {
    it.platform = await startPlatform();
    it.server = await startServer(await settings?.(it));
    it.browser = await startBrowser();
    it.sdk = sdkFor(it.server);
    it.consumer = await startConsumer(it.server, EVENTS);
    // The demo's third party stands on `localhost`, which is another site than `127.0.0.1`.
    it.hosts = [it.server.baseUrl, it.server.sandboxUrl, it.platform.url].map((url) => new URL(url).host);
    const profile = await it.sdk.settings.getProfile();
    await it.sdk.settings.updateProfile({
      ...profile,
      redirectUrl: redirect ? redirect(it.platform.url) : '',
      whiteListUrls: [],
    });
    it.newCompany = (name = 'Ash & Birch Ltd') => it.sdk.companies.create({ name });
    it.connection = (companyId, connectionId) => it.sdk.connections.get({ companyId, connectionId });
  });

  after(async () => {
    await it.browser?.close();
    await it.consumer?.stop();
    await it.server?.stop();
    await it.platform?.stop();
  });

  /** One test per combination. */
  function journey(title, work, only = () => true) {
    for (const combination of combinations.filter(only)) {
      test(`${title} (${combination.label})`, { timeout: TEST_TIMEOUT }, async () => {
        const visits = [];
        const another = async (options) => {
          const visit = await startVisit(it.browser, it.hosts, combination, options);
          visits.push(visit);
          return visit;
        };
        const visit = await another();
        try {
          await work({ ...it, combination, visit, page: visit.page, another });
          for (const each of visits) each.check();
        } catch (error) {
          error.message += `\n${await visit.describe()}\n${it.server.log().slice(-3_000)}`;
          throw error;
        } finally {
          for (const each of visits) await each.close();
        }
      });
    }
  }

  return journey;
}

/** Journeys that need a script in the page: axe, the keyboard. */
export const withJavaScript = ({ javaScript }) => javaScript;

/** The only connection of a company. */
export async function onlyConnection(sdk, companyId) {
  const { results } = await sdk.connections.list({ companyId });
  if (results.length !== 1) throw new Error(`the company has ${results.length} connections`);
  return results[0];
}
