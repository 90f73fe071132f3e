// The server under test: `handclasp demo` as anybody would start it, in a folder of its own.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

import { binary, engine, postgresUrl, psql } from './options.mjs';

const READY_WITHIN = 30_000;
const STOPPED_WITHIN = 15_000;

/** The fields of the demo's JSON line that every test may rely on. */
const FIELDS = [
  'baseUrl',
  'apiUrl',
  'clientId',
  'apiKey',
  'companyId',
  'linkUrl',
  'platformUrl',
  'inboxUrl',
  'sandboxUrl',
];

/**
 * Starts the demo on a free port. The result has the fields of its JSON line, `log()` with all it
 * wrote to standard error, and `stop()`.
 */
export async function startServer() {
  const dataDir = await mkdtemp(join(tmpdir(), 'handclasp-e2e-'));
  const database = engine === 'postgres' ? await createDatabase() : undefined;
  const child = spawn(
    binary,
    ['demo', '--listen', '127.0.0.1:0', '--json', '--data-dir', join(dataDir, 'data')],
    {
      env: { ...foreignEnvironment(), ...(database && { HANDCLASP_DATABASE_URL: database.url }) },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const kill = () => child.kill('SIGKILL');
  process.on('exit', kill);

  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (log += text));
  const ended = once(child, 'exit');

  const clean = async () => {
    process.off('exit', kill);
    await rm(dataDir, { recursive: true, force: true });
    await database?.drop();
  };

  let facts;
  try {
    facts = await firstJsonLine(child, ended, () => log);
    for (const field of FIELDS) assert.ok(facts[field], `the demo's JSON line has no ${field}`);
    // On the other engine there must be no file, or it would be SQLite that is tested twice.
    const file = join(dataDir, 'data', 'handclasp.db');
    assert.equal(existsSync(file), engine === 'sqlite', `the database of ${engine}`);
  } catch (error) {
    kill();
    await clean();
    throw error;
  }

  return {
    ...facts,
    log: () => log,
    /** Ends it as an operator would, and checks that it ended well and kept its secrets. */
    async stop() {
      child.kill('SIGTERM');
      const [code, signal] = await within(STOPPED_WITHIN, 'the server did not stop', ended).finally(
        () => kill(),
      );
      await clean();
      assert.deepEqual({ code, signal }, { code: 0, signal: null }, `its end was not clean:\n${log}`);
      for (const secret of [facts.apiKey, facts.password].filter(Boolean)) {
        assert.ok(!log.includes(secret), 'the log contains a secret');
      }
      assert.doesNotMatch(log, /panicked at/, `a task panicked:\n${log}`);
    },
  };
}

/** This environment without the names of the product: those are settings to it, and not ours. */
function foreignEnvironment() {
  const own = ([name]) => !name.startsWith('HANDCLASP_');
  return Object.fromEntries(Object.entries(process.env).filter(own));
}

async function firstJsonLine(child, ended, log) {
  const lines = createInterface({ input: child.stdout });
  const line = new Promise((resolve, reject) => {
    lines.once('line', resolve);
    ended.then(
      ([code]) => reject(new Error(`the server ended at its start (${code}):\n${log()}`)),
      (error) => reject(new Error(`${binary} cannot be started: ${error.message}`)),
    );
  });
  const text = await within(READY_WITHIN, 'the server did not get ready', line);
  // It may go on to write; nobody reads it, and the pipe must not fill up.
  child.stdout.resume();
  return JSON.parse(text);
}

export async function within(milliseconds, complaint, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${complaint} within ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function createDatabase() {
  const name = `e2e_${randomBytes(6).toString('hex')}`;
  await sql(`CREATE DATABASE ${name}`);
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => sql(`DROP DATABASE ${name} WITH (FORCE)`) };
}

async function sql(statement) {
  const arguments_ = ['--no-psqlrc', '--quiet', '-v', 'ON_ERROR_STOP=1', '-c', statement];
  await promisify(execFile)(psql, [...arguments_, postgresUrl]);
}
