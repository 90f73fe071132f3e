// The frame of a conformance test file: a server, the SDK, plain requests.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { raw, sdkFor } from './sdk.mjs';
import { startServer } from './server.mjs';

/** A UUID that no server has given to anything. */
export const NOBODY = '3fa85f64-5717-4562-b3fc-2c963f66afa6';

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/;

/** An instant as the contract's answers have it: UTC, seven fractional digits. */
export function isInstant(text) {
  assert.match(text, INSTANT);
  assert.ok(!Number.isNaN(Date.parse(text)), text);
}

export function isId(text, version = 4) {
  assert.match(text, new RegExp(`^[0-9a-f]{8}-[0-9a-f]{4}-${version}[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`));
}

/** Sets up one test file: `api.server`, `api.sdk` and `api.raw(method, path, options)`. */
export function api() {
  const it = {};
  before(async () => {
    it.server = await startServer();
    it.sdk = sdkFor(it.server);
    it.raw = (method, path, options) => raw(it.server, method, path, options);
    it.newCompany = (name = 'Ash & Birch Ltd') => it.sdk.companies.create({ name });
  });
  after(() => it.server?.stop());
  return it;
}

/** That a plain answer is an error of this status in the contract's form. Answers its body. */
export function isError({ status, headers, body }, expected) {
  assert.equal(status, expected, JSON.stringify(body));
  assert.equal(body.statusCode, expected);
  for (const field of ['service', 'error', 'correlationId', 'canBeRetried']) {
    assert.equal(typeof body[field], 'string', field);
    assert.notEqual(body[field], '', field);
  }
  assert.equal(typeof body.detailedErrorCode, 'number');
  assert.ok('validation' in body);
  assert.match(headers.get('content-type'), /^application\/json/);
  const repeated = [...headers.values()].includes(body.correlationId);
  assert.ok(repeated, 'the correlation id is a header of the answer too');
  return body;
}
