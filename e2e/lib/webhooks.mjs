// A webhook consumer of the platform: it takes what comes and verifies each message with both of
// the published libraries.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';

import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';

import { checkSchema } from './contract.mjs';
import { raw, sdkFor } from './sdk.mjs';

const ARRIVES_WITHIN = 15_000;

/** Starts a receiver and makes it a consumer of these event types. */
export async function startConsumer(server, eventTypes) {
  const messages = [];
  let news = () => {};
  const listener = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    messages.push({ headers: request.headers, text: Buffer.concat(chunks).toString('utf8') });
    response.statusCode = 204;
    response.end();
    news();
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const url = `http://127.0.0.1:${listener.address().port}/events`;

  const stop = async () => {
    listener.closeAllConnections();
    listener.close();
    await once(listener, 'close');
  };
  let secret;
  try {
    const consumer = await sdkFor(server).webhooks.createConsumer({ url, eventTypes });
    secret = await secretOf(server, consumer.id);
  } catch (error) {
    await stop();
    throw error;
  }

  return {
    url,
    /** Every message so far, verified, about one company: `{id, event}` in the order they came. */
    about(companyId) {
      const verified = messages.map(({ headers, text }) => verify(secret, headers, text));
      return verified.filter(({ event }) => JSON.stringify(event.payload).includes(companyId));
    },
    /** Waits for an event of each of these types about a company. Answers them in this order. */
    async expect(companyId, types) {
      const until = Date.now() + ARRIVES_WITHIN;
      for (;;) {
        const here = this.about(companyId);
        const found = types.map((type) => here.find(({ event }) => event.eventType === type));
        if (found.every(Boolean)) return found.map(({ event }) => event);
        const left = until - Date.now();
        if (left <= 0) {
          const came = here.map(({ event }) => event.eventType).join(', ') || 'none';
          assert.fail(`${types.join(', ')} did not all arrive about ${companyId}; came: ${came}`);
        }
        await new Promise((resolve) => {
          const timer = setTimeout(resolve, Math.min(left, 500));
          news = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    },
    stop,
  };
}

/** The signing secret. The contract's consumer has no room for it, so it is asked for by itself. */
async function secretOf(server, id) {
  const answer = await raw(server, 'GET', `/webhooks/${id}/secret`);
  assert.equal(answer.status, 200, `no secret for the consumer: ${JSON.stringify(answer.body)}`);
  return answer.body.secret;
}

/** Verifies one message with both libraries; answers `{id, event}`. */
export function verify(secret, headers, text) {
  assert.match(secret, /^whsec_/);
  for (const Webhook of [SvixWebhook, StandardWebhook]) {
    const webhook = new Webhook(secret);
    webhook.verify(text, headers);
    // A verifier that takes anything would prove nothing.
    assert.throws(() => webhook.verify(`${text} `, headers));
  }
  const event = JSON.parse(text);
  assert.match(headers['content-type'], /^application\/json/);
  assert.ok(event.id && event.eventType && event.generatedDate && event.payload, text);
  if (event.eventType.startsWith('connection.')) checkSchema('ConnectionWebhook', event);
  if (event.eventType.startsWith('company.')) checkSchema('CompanyWebhook', event);
  return { id: headers['webhook-id'], event };
}
