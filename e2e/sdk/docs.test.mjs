// The TypeScript examples of the API's documentation, as they stand there, each run by itself.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { api } from '../lib/api.mjs';
import { examples, ids } from '../lib/examples.mjs';
import { root } from '../lib/options.mjs';

const it = api();
let folder;

// Within `e2e`, so that the SDK is found.
before(async () => (folder = await mkdtemp(join(root, 'e2e', 'node_modules', '.examples-'))));
after(() => rm(folder, { recursive: true, force: true }));

test('each TypeScript example runs', async () => {
  const all = await examples(it, 'TypeScript');
  assert.ok(all.length > 35, `${all.length} examples`);
  for (const { id, code } of all) {
    // Things of its own: some examples delete them.
    const real = await ids(it);
    const own = Object.entries(real).reduce((text, [shown, its]) => text.replaceAll(shown, its), code);
    const file = join(folder, `${id}.mjs`);
    await writeFile(file, own);
    const env = { ...process.env, HANDCLASP_KEY: it.server.apiKey };
    const run = promisify(execFile)(process.execPath, [file], { env, timeout: 30_000 });
    // A person links, and only what is linked can be unlinked or used: the refusals show that the call was understood.
    if (id === 'unlink-connection') {
      await assert.rejects(run, /Only a Linked connection can be unlinked/);
    } else if (id === 'update-connection-authorization') {
      await assert.rejects(run, /lead that person to its linkUrl/);
    } else if (id === 'get-connection-credentials' || id.startsWith('proxy-')) {
      await assert.rejects(run, /409/);
    } else {
      await assert.doesNotReject(run, id);
    }
  }
});
