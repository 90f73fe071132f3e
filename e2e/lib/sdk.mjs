// The published TypeScript SDK, pointed at the server under test, and plain requests beside it.
// Every answer that passes here is held against the contract, where that is at hand.
import assert from 'node:assert/strict';

import { CodatPlatform, HTTPClient } from '@codat/platform';

import { checkAnswer } from './contract.mjs';

export const basic = (key) => `Basic ${Buffer.from(key).toString('base64')}`;

/** The SDK as its documentation sets it up. Retries are off: a test wants the first answer. */
export function sdkFor(server, authHeader = basic(server.apiKey)) {
  const fetcher = async (input, init) => {
    const request = new Request(input, init);
    const response = await fetch(request);
    await check(server, request.method, request.url, response.clone());
    return response;
  };
  return new CodatPlatform({
    serverURL: server.apiUrl,
    authHeader,
    retryConfig: { strategy: 'none' },
    timeoutMs: 20_000,
    httpClient: new HTTPClient({ fetcher }),
  });
}

/**
 * A plain request to the API; a path such as `/companies`. `body` is sent as JSON unless it is a
 * string. Answers `{status, headers, body}` with the body parsed.
 */
export async function raw(server, method, path, { body, headers = {}, key = server.apiKey } = {}) {
  const url = `${server.apiUrl}${path}`;
  const response = await fetch(url, {
    method,
    headers: {
      ...(key === null ? {} : { authorization: basic(key) }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
    redirect: 'manual',
  });
  const json = await check(server, method, url, response);
  return { status: response.status, headers: response.headers, body: json };
}

/** Parses an answer, and checks it against the contract. */
async function check(server, method, url, response) {
  const text = await response.text();
  const json = text === '' ? undefined : JSON.parse(text);
  const path = new URL(url).pathname.slice(new URL(server.apiUrl).pathname.length);
  checkAnswer(method, path, response.status, json);
  return json;
}

/** That a promise of the SDK fails with this status. Answers the error. */
export async function fails(promise, status) {
  try {
    await promise;
  } catch (error) {
    assert.equal(error.statusCode, status, `${error.name}: ${error.message}`);
    return error;
  }
  return assert.fail(`it succeeded; ${status} was expected`);
}
