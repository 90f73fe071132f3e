// The examples of the API's documentation, read out of its page.
import assert from 'node:assert/strict';

/** Every operation's example in one language, as `{id, code}`. */
export async function examples({ server }, language) {
  const page = await (await fetch(`${server.apiUrl}/docs`)).text();
  const operations = page.split('<article aria-labelledby="').slice(1);
  return operations.flatMap((html) => {
    const id = html.slice(0, html.indexOf('"'));
    const begin = html.indexOf(`<summary>${language}</summary>`);
    if (begin < 0) return [];
    const code = /<code>([^]*?)<\/code>/.exec(html.slice(begin))[1];
    return [{ id, code: plain(code) }];
  });
}

/** Things that exist, by the ids that the examples have in their place. */
export async function ids(it) {
  const document = await (await fetch(`${it.server.apiUrl}/openapi.json`)).json();
  const shown = {};
  for (const operations of Object.values(document.paths)) {
    for (const { parameters = [] } of Object.values(operations)) {
      for (const { name, schema } of parameters) shown[name] = schema.example;
    }
  }
  const company = await it.newCompany();
  const connection = await it.sdk.connections.create({
    companyId: company.id,
    requestBody: { platformKey: 'mqjo' },
  });
  // There can be so many of these: those of examples before are let go.
  for (const { id, url } of (await it.sdk.webhooks.listConsumers()).results) {
    if (!url.startsWith(new URL(it.server.inboxUrl).origin)) {
      await it.sdk.webhooks.deleteConsumer({ webhookId: id });
    }
  }
  for (const { id, name } of (await it.sdk.settings.listApiKeys()).results) {
    if (name === 'example') await it.raw('DELETE', `/apiKeys/${id}`);
  }
  for (const { id } of (await it.raw('GET', '/rules')).body.results) await it.raw('DELETE', `/rules/${id}`);
  const webhook = await it.sdk.webhooks.createConsumer({ url: 'https://app.example.com/events' });
  const key = await it.sdk.settings.createApiKey({ name: 'example' });
  const rule = await it.raw('POST', '/rules', {
    body: {
      type: 'DataConnectionStatusChanged',
      notifiers: { webhook: 'https://app.example.com/alerts' },
    },
  });
  const real = {
    companyId: company.id,
    connectionId: connection.id,
    webhookId: webhook.id,
    apiKeyId: key.id,
    ruleId: rule.body.id,
  };
  const pairs = Object.entries(real).map(([name, id]) => [shown[name], id]);
  assert.ok(pairs.every(([example]) => example), 'every id has an example');
  return Object.fromEntries(pairs);
}

function plain(html) {
  const signs = { amp: '&', lt: '<', gt: '>', quot: '"' };
  return html.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (_, decimal, hex, name) =>
    name ? signs[name] : String.fromCodePoint(decimal ? Number(decimal) : parseInt(hex, 16)),
  );
}
