// What the runner (`cargo xtask test`) says by the environment, and where things stand.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** `sqlite` or `postgres`: the database of the server under test. */
export const engine = process.env.HANDCLASP_E2E_ENGINE ?? 'sqlite';

/**
 * `quick` (JavaScript, desktop), `pairs` (so few of the combinations of engine, JavaScript and window
 * that each two of these still meet), or `all` of them.
 */
export const scope = process.env.HANDCLASP_E2E_SCOPE ?? 'quick';

export const binary = process.env.HANDCLASP_BINARY ?? join(root, 'target/debug/handclasp');

/** A PostgreSQL role that may create databases. */
export const postgresUrl = process.env.HANDCLASP_TEST_POSTGRES;
export const psql = process.env.HANDCLASP_PSQL ?? 'psql';

export const chromium =
  process.env.HANDCLASP_CHROMIUM ??
  ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path));

if (!['sqlite', 'postgres'].includes(engine)) {
  throw new Error(`HANDCLASP_E2E_ENGINE is "${engine}": it must be sqlite or postgres`);
}
if (engine === 'postgres' && !postgresUrl) {
  throw new Error('HANDCLASP_TEST_POSTGRES is not set: run this through `cargo xtask test`');
}
if (!['quick', 'pairs', 'all'].includes(scope)) {
  throw new Error(`HANDCLASP_E2E_SCOPE is "${scope}": it must be quick, pairs or all`);
}
