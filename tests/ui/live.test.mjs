// Live changes: how they arrive, how tabs share them, how they come back after a cut, and the console's
// stream of lines.

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {readFile} from 'node:fs/promises';

import {missing, signIn} from './browser.mjs';
import {password} from './mock.mjs';
import {stage} from './stage.mjs';

let mock;
let page;
let context;

stage((on) => ({ mock, page, context } = on));

async function open(address) {
  await page.goto(address);
  await signIn(page, 'admin', password);
}

const eventStreams = () => [...mock.watchers].filter(({ name }) => name === null).length;
const row = (on, name) => on.getByRole('row').filter({ has: on.getByRole('link', { name, exact: true }) });

async function until(what, holds) {
  for (let n = 0; n < 200; n++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`never: ${what}`);
}

test('a change of state is shown and spoken as it happens', { skip: missing }, async () => {
  await open('/unikernels');
  await row(page, 'web').getByText('running').waitFor();
  mock.change('web', { state: 'failed', reason: 'guest: page fault' });
  await row(page, 'web').getByText('failed').waitFor();
  await page.getByRole('status').getByText('web is failed').waitFor({ state: 'attached' });
});

test('a changed row keeps the focus', { skip: missing }, async () => {
  await open('/unikernels');
  await page.getByRole('link', { name: 'web', exact: true }).focus();
  mock.change('web', { restarts: 9 });
  await row(page, 'web').getByText('9', { exact: true }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'web');
});

test('tabs share one stream, and it moves when its tab closes', { skip: missing }, async () => {
  await open('/unikernels');
  await page.getByText('Live').waitFor();
  const second = await context.newPage();
  await second.goto('/unikernels');
  await second.getByText('Live').waitFor();
  assert.equal(eventStreams(), 1);
  mock.change('web', { restarts: 3 });
  await row(second, 'web').getByText('3', { exact: true }).waitFor();
  await page.close();
  await until('the second tab has a stream', () => eventStreams() === 1);
  await second.getByText('Live').waitFor();
  mock.change('web', { restarts: 4 });
  await row(second, 'web').getByText('4', { exact: true }).waitFor();
});

test('what changed during a cut is shown and spoken after it', { skip: missing }, async () => {
  await open('/unikernels');
  await page.getByText('Live').waitFor();
  mock.cutStreams();
  mock.change('web', { state: 'stopped' });
  await row(page, 'web').getByText('stopped').waitFor();
  await page.getByRole('status').getByText('web is stopped').waitFor({ state: 'attached' });
});

test('an event of the past does not remove what has its name now', { skip: missing }, async () => {
  await open('/unikernels');
  await row(page, 'web').waitFor();
  const asked = page.waitForResponse((response) => response.url().endsWith('/unikernels'));
  mock.tell('destroyed', { name: 'web' });
  mock.change('api', { restarts: 7 });
  await row(page, 'api').getByText('7', { exact: true }).waitFor();
  await asked;
  assert.equal(await row(page, 'web').count(), 1);
});

test('a daemon that is away is named, and its return is noticed', { skip: missing }, async () => {
  mock.daemonAway = true;
  await open('/unikernels');
  await page.getByText('bivyd: does not answer').waitFor();
  await page.getByText('Daemon away').waitFor();
  mock.daemonAway = false;
  await row(page, 'web').waitFor();
  await page.getByText('Live', { exact: true }).waitFor();
});

test('signing out in one tab signs out in all', { skip: missing }, async () => {
  await open('/unikernels');
  const second = await context.newPage();
  await second.goto('/settings');
  await second.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
});

test('lines of the console come live, without their escapes', { skip: missing }, async () => {
  await open('/unikernels/web');
  await page.getByText('warning: slow client').waitFor();
  mock.line('web', 'fresh \u001b[31mred\u001b[0m line');
  await page.locator('.log').getByText('fresh red line').waitFor();
});

test('after a cut the console loses no line and doubles none', { skip: missing }, async () => {
  await open('/unikernels/web');
  await page.locator('.log').getByText('GET /').first().waitFor();
  mock.line('web', 'before the cut');
  await page.getByText('before the cut').waitFor();
  mock.cutStreams();
  mock.line('web', 'during the cut');
  await page.getByText('during the cut').waitFor();
  mock.line('web', 'after the cut');
  await page.getByText('after the cut').waitFor();
  const lines = await page.locator('.log .text').allTextContents();
  assert.equal(lines.length, 63);
  assert.deepEqual(lines.slice(-3), ['before the cut', 'during the cut', 'after the cut']);
});

test('the console can be searched, paused and followed', { skip: missing }, async () => {
  await open('/unikernels/web');
  await page.getByLabel('Search the console').fill('WARNING');
  await page.getByText('1 of 60 lines').waitFor();
  assert.deepEqual(await page.locator('.log mark').allTextContents(), ['warning']);
  await page.getByLabel('Search the console').fill('');
  await page.getByRole('button', { name: 'Pause' }).click();
  mock.line('web', 'while paused');
  await page.getByRole('button', { name: 'Follow, 1 new line' }).click();
  await page.getByText('while paused').waitFor();
});

test('the page holds a bounded number of lines and says what it left out', { skip: missing }, async () => {
  await open('/unikernels/api');
  await page.locator('.log').getByText('GET /').first().waitFor();
  for (let n = 0; n < 2500; n++) mock.line('api', `flood ${n}`);
  await page.getByText('flood 2499').waitFor();
  assert.equal(await page.locator('.log .text').count(), 2000);
  await page.getByText('512 earlier lines left out here').waitFor();
});

test('reading back pauses, and returning to the end follows again', { skip: missing }, async () => {
  await open('/unikernels/web');
  await page.locator('.log').getByText('GET /').first().waitFor();
  await page.locator('.log').hover();
  await page.mouse.wheel(0, -400);
  await page.getByRole('button', { name: 'Follow' }).waitFor();
  mock.line('web', 'the newest line');
  await page.getByRole('button', { name: 'Follow, 1 new line' }).waitFor();
  await page.mouse.wheel(0, 4000);
  await page.locator('.log').getByText('the newest line').waitFor();
  await page.getByRole('button', { name: 'Pause' }).waitFor();
});

test('the console can be kept as a file', { skip: missing }, async () => {
  await open('/unikernels/web');
  await page.locator('.log').getByText('GET /').first().waitFor();
  const [download] = await Promise.all(
    [page.waitForEvent('download'), page.getByRole('button', { name: 'Download' }).click()]);
  const text = await readFile(await download.path(), 'utf8');
  assert.equal(download.suggestedFilename(), 'web.log');
  assert.equal(text.trimEnd().split('\n').length, 60);
});

test('the console says when its unikernel is gone', { skip: missing }, async () => {
  await open('/unikernels/web');
  await page.locator('.log').getByText('GET /').first().waitFor();
  mock.unikernels = mock.unikernels.filter(({ name }) => name !== 'web');
  mock.tell('destroyed', { name: 'web' });
  await page.getByText('It was destroyed.').waitFor();
});
