// What every page of Link answers with besides its text: never framed, never stored, nothing
// leaked, and every form refuses what comes from elsewhere.
import assert from 'node:assert/strict';

import { world } from '../lib/journey.mjs';
import { shows, stepsToSandbox } from '../lib/pages.mjs';

const journey = world({ redirect: (platform) => `${platform}/done?status={statusCode}` });

journey('the headers of every page', async (it) => {
  const { page, visit } = it;
  const company = await it.newCompany();
  const pages = [];
  visit.context.on('response', (response) => {
    if (response.headers()['content-type']?.startsWith('text/html')) pages.push(response);
  });
  await page.goto(company.redirect);
  for (const [, step] of stepsToSandbox) await step(page);
  await shows(page, 'sandbox');
  assert.ok(pages.length >= 4, `${pages.length} pages`);
  for (const response of pages) {
    const headers = response.headers();
    const policy = headers['content-security-policy'] ?? '';
    const where = response.url();
    assert.match(policy, /default-src 'none'|default-src 'self'/, where);
    assert.match(policy, /frame-ancestors 'none'/, where);
    assert.doesNotMatch(policy, /unsafe-inline|unsafe-eval/, where);
    assert.match(headers['cache-control'] ?? '', /no-store/, where);
    assert.match(headers['referrer-policy'] ?? '', /no-referrer|same-origin|strict-origin/, where);
    assert.equal(headers['x-content-type-options'], 'nosniff', where);
  }
});

journey('a form sent from another site is refused', async (it) => {
  const { page, visit, platform, server } = it;
  const company = await it.newCompany();
  const forms = [];
  visit.context.on('request', (request) => {
    const own = new URL(request.url()).host === new URL(server.baseUrl).host;
    if (own && request.method() === 'POST') forms.push(new URL(request.url()).pathname);
  });
  await page.goto(company.redirect);
  for (const [, step] of stepsToSandbox) await step(page);
  await shows(page, 'sandbox');
  assert.ok(forms.length > 0, 'Link changes things by forms');
  for (const path of new Set(forms)) {
    const answer = await visit.context.request.post(`${server.baseUrl}${path}`, {
      headers: { origin: platform.url, 'sec-fetch-site': 'cross-site' },
      form: {},
      maxRedirects: 0,
    });
    assert.equal(answer.status(), 403, path);
  }
});
