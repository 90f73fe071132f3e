// J1 with the keyboard alone: every control is reached with Tab, its focus is visible, and Enter
// works it.
import assert from 'node:assert/strict';

import { onlyConnection, withJavaScript, world } from '../lib/journey.mjs';
import { names, shows } from '../lib/pages.mjs';

const journey = world({ redirect: (platform) => `${platform}/done?status={statusCode}` });

const MOST_TABS = 60;

/** Tabs to the control with this name and presses Enter. */
async function reach(page, name) {
  for (let tabs = 0; tabs < MOST_TABS; tabs += 1) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return null;
      const style = getComputedStyle(element);
      const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
      const box = element.getBoundingClientRect();
      return {
        name: (element.getAttribute('aria-label') ?? element.innerText ?? element.value ?? '').trim(),
        works: element.matches('a[href], button, summary, input, select, textarea, [tabindex]'),
        visible: outlined || style.boxShadow !== 'none',
        onScreen: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
      };
    });
    if (!focused) continue;
    assert.ok(focused.works, `focus stands on something that does nothing: ${focused.name}`);
    assert.ok(focused.visible, `the focus on "${focused.name}" cannot be seen`);
    assert.ok(focused.onScreen, `the focus on "${focused.name}" is off the screen`);
    if (name.test(focused.name)) return page.keyboard.press('Enter');
  }
  return assert.fail(`${MOST_TABS} tabs do not reach ${name} at ${page.url()}`);
}

journey(
  'J1 with the keyboard alone',
  async (it) => {
    const { page, sdk, platform } = it;
    const company = await it.newCompany();
    await page.goto(company.redirect);
    const way = [
      ['whatToConnect', names.accounting],
      ['choose', names.integration],
      ['consent', names.agree],
      ['sandbox', names.allow],
      ['whatToConnect', names.complete],
    ];
    for (const [screen, name] of way) {
      await shows(page, screen);
      await reach(page, name);
    }
    await page.waitForURL(`${platform.url}/**`);
    assert.equal(new URL(page.url()).searchParams.get('status'), '200');
    assert.equal((await onlyConnection(sdk, company.id)).status, 'Linked');
  },
  withJavaScript,
);
