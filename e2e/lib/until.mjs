// Waiting for what comes by itself.
import { setTimeout as wait } from 'node:timers/promises';

const PATIENCE = 15_000;
const LOOK_AGAIN_AFTER = 100;

/** Asks again and again until the answer is true. */
export async function until(what, isSo) {
  const end = Date.now() + PATIENCE;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`waited ${PATIENCE} ms until ${what}`);
    await wait(LOOK_AGAIN_AFTER);
  }
}
