// Holds answers against the published OpenAPI document of the contract. It is not part of this
// repository. HANDCLASP_TEST_CONTRACT names it, and has to name what is there; without that it is
// read from `../shared/reference/platform-api.yaml` beside the checkout. Where it is not there
// either nothing is checked. `crates/testkit/src/contract.rs` has the same rule. What differs on
// purpose is in `docs/deviations.json`.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import addFormats from 'ajv-formats';
import Ajv2020 from 'ajv/dist/2020.js';
import { parse } from 'yaml';

import { root } from './options.mjs';

/** What the product has beyond the contract, which says nothing about it. */
const BEYOND = [
  ['GET', /^\/webhooks\/[^/]+\/secret$/],
  ...['GET', 'POST', 'PUT', 'DELETE'].map((method) => [method, /^\/rules(\/[^/]+)?$/]),
];

const document = read();

function read() {
  const named = process.env.HANDCLASP_TEST_CONTRACT;
  const file = named || join(root, '..', 'shared', 'reference', 'platform-api.yaml');
  if (!named && !existsSync(file)) {
    console.error(`SKIPPED: answers are not checked, there is no ${file}`);
    return undefined;
  }
  const contract = parse(readFileSync(file, 'utf8'));
  for (const { at, becomes } of deviations().flatMap((one) => one.contract ?? [])) {
    const keys = at.slice(1).split('/').map((key) => key.replace(/~1/g, '/').replace(/~0/g, '~'));
    const last = keys.pop();
    const holder = keys.reduce((node, key) => node?.[key], contract);
    assert.ok(holder && last in holder, `${file} has no ${at}: mend docs/deviations.json`);
    holder[last] = becomes;
  }
  return contract;
}

/** The one list of what differs from the contract. */
function deviations() {
  return JSON.parse(readFileSync(join(root, 'docs/deviations.json'), 'utf8'));
}

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats(ajv);
if (document) ajv.addSchema(plainJsonSchema(document), 'contract');

/**
 * Checks one answer of the API against what the contract says about that operation and status. An
 * error that the contract does not list for an operation has its form for errors all the same.
 */
export function checkAnswer(method, path, status, body) {
  if (!document) return;
  if (status === 204) {
    // Whatever the document says: one of its 204s refers to the body of a 429.
    assert.equal(body, undefined, `${method} ${path} has a body`);
    return;
  }
  const isBeyond = BEYOND.some(([its, pattern]) => its === method && pattern.test(path));
  if (isBeyond && status < 400) return;
  const template = pathOf(path);
  const answers = template ? document.paths[template][method.toLowerCase()]?.responses : undefined;
  const key = template && [status, `${String(status)[0]}XX`].find((key) => answers?.[key]);
  const what = `${method} ${path} → ${status}`;
  if (!key) {
    assert.ok(status >= 400, `${what}: the contract knows no such answer`);
    check(what, 'contract#/components/schemas/ErrorMessage', body);
    return;
  }
  const reference = answers[key].$ref;
  const pointer = reference ?? pointerTo('paths', template, method.toLowerCase(), 'responses', key);
  const answer = reference ? lookUp(reference) : answers[key];
  if (answer.content?.['application/json']?.schema) {
    assert.notEqual(body, undefined, `${what} has no body`);
    check(what, `contract${pointer}/content/application~1json/schema`, body);
  } else {
    assert.equal(body, undefined, `${what} has a body where the contract has none`);
  }
}

/** Checks the body of a webhook against one of the contract's schemas, as `ConnectionWebhook`. */
export function checkSchema(name, body) {
  if (document) check(name, `contract#/components/schemas/${name}`, body);
}

function check(what, reference, body) {
  const validate = ajv.getSchema(reference) ?? ajv.compile({ $ref: reference });
  if (!validate(body)) {
    const errors = validate.errors.map((error) => `  ${error.instancePath || '/'} ${error.message}`);
    assert.fail(`${what} breaks the contract:\n${errors.join('\n')}\n${JSON.stringify(body, null, 2)}`);
  }
}

function pathOf(path) {
  const parts = path.split('/');
  const fits = (template) => {
    const pattern = template.split('/');
    return (
      pattern.length === parts.length &&
      pattern.every((part, index) => part.startsWith('{') || part === parts[index])
    );
  };
  return Object.keys(document.paths).find(fits);
}

function lookUp(reference) {
  const keys = reference.slice(2).split('/').map(decodeURIComponent);
  return keys.reduce((at, key) => at[key.replace(/~1/g, '/').replace(/~0/g, '~')], document);
}

function pointerTo(...keys) {
  const escaped = keys.map((key) => String(key).replace(/~/g, '~0').replace(/\//g, '~1'));
  return `#/${escaped.map(encodeURIComponent).join('/')}`;
}

/**
 * The document says `nullable: true`, which OpenAPI 3.1 has no longer: beside a `$ref` it would
 * mean nothing. It becomes a choice of null, as it is meant.
 */
function plainJsonSchema(node) {
  if (Array.isArray(node)) return node.map(plainJsonSchema);
  if (node === null || typeof node !== 'object') return node;
  const plain = Object.fromEntries(
    Object.entries(node).map(([key, value]) => [key, plainJsonSchema(value)]),
  );
  if (plain.nullable !== true) return plain;
  const { nullable, ...schema } = plain;
  return { anyOf: [{ type: 'null' }, schema] };
}
