// The server under test: `handclasp demo` as anybody would start it, in a folder of its own.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

import { binary, engine, postgresUrl, psql } from './options.mjs';
import { until } from './until.mjs';

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
 * Starts the demo on a free port, with these settings by the environment. The result has the fields of
 * its JSON line, `log()` with all it wrote to standard error, `another()` and `stop()`.
 */
export async function startServer(settings = {}) {
  const dataDir = await mkdtemp(join(tmpdir(), 'handclasp-e2e-'));
  const database = engine === 'postgres' ? await createDatabase() : undefined;
  const env = {
    ...foreignEnvironment(),
    ...settings,
    ...(database && { HANDCLASP_DATABASE_URL: database.url }),
  };
  const child = spawn(
    binary,
    ['demo', '--listen', '127.0.0.1:0', '--json', '--data-dir', join(dataDir, 'data')],
    {
      env,
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
    /** Stands still, and goes on: as a machine that is paused for a moment. */
    pause: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    /** Starts another replica on the same database, which must be PostgreSQL. Answers `{apiUrl, pause(), resume(), stop()}`. */
    another: () => startReplica(env, dataDir, facts),
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

async function startReplica(env, dataDir, facts) {
  const port = await freePort();
  const [host, own] = ['127.0.0.1', `http://127.0.0.1:${port}`];
  const child = spawn(binary, ['serve'], {
    env: {
      ...env,
      HANDCLASP_LISTEN: `${host}:${port}`,
      HANDCLASP_LINK_URL: facts.baseUrl,
      HANDCLASP_API_URL: own,
      HANDCLASP_SANDBOX_URL: facts.sandboxUrl.replace(/\/sandbox\/?$/, ''),
      HANDCLASP_SANDBOX_INTEGRATIONS: 'shown',
      HANDCLASP_ALLOWED_RANGES: '127.0.0.0/8,::1/128',
      HANDCLASP_DATA_DIR: join(dataDir, `replica-${port}`),
      HANDCLASP_MASTER_KEY_FILE: join(dataDir, 'data', 'master.key'),
      HANDCLASP_DRAIN_SECONDS: '0',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (log += text));
  const kill = () => child.kill('SIGKILL');
  process.on('exit', kill);
  const ended = once(child, 'exit');
  await until('a replica is ready', async () => {
    if (child.exitCode !== null) throw new Error(`a replica ended at its start:\n${log}`);
    return (await fetch(`${own}/readyz`).catch(() => null))?.ok;
  });
  return {
    apiUrl: `${own}/api`,
    pause: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    async stop() {
      child.kill('SIGTERM');
      await within(STOPPED_WITHIN, 'a replica did not stop', ended).finally(kill);
      process.off('exit', kill);
    },
  };
}

/** A port of 127.0.0.1 that nobody listened on a moment ago. */
async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
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
