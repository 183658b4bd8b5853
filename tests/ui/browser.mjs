// The browser that the console's tests drive: the system's chromium, with the tools that scripts/setup put
// into the cache. A context records what must never happen on any page, and close() asserts it: a request to
// another host, a violation of the content security policy, an uncaught error.

import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {existsSync, readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {homedir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const key =
  createHash('sha256').update(readFileSync(join(here, 'package-lock.json'))).digest('hex').slice(0, 16);
const tools = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'bivy/node', key);
const chromium_path = process.env.BIVY_CHROMIUM ?? '/usr/bin/chromium';

/** Why the browser tests cannot run here, or false. */
export const missing = !existsSync(join(tools, 'node_modules')) ?
  'the browser test tools are not in the cache (scripts/setup test)' :
  !existsSync(chromium_path) ? `${chromium_path} is missing (scripts/setup test)` :
                               false;

const load = missing ? null : createRequire(join(tools, 'package.json'));

export async function launch() {
  const quiet = [
    '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'
  ];
  return load('playwright-core').chromium.launch({
    executablePath: chromium_path,
    args: process.getuid() === 0 ? ['--no-sandbox', ...quiet] : quiet,
  });
}

/** A fresh browser context whose pages belong to ORIGIN; ELSEWHERE lists addresses a test means to open. */
export async function visit(browser, origin, {elsewhere = [], ...options} = {}) {
  const context =
    await browser.newContext({ baseURL: origin, viewport: { width: 1280, height: 800 }, ...options });
  const wrong = [];
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation',
      (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
  });
  context.on('request', (request) => {
    const url = request.url();
    const known = [origin, 'data:', 'blob:', ...elsewhere].some((start) => url.startsWith(start));
    if (!known) wrong.push(`request to ${url}`);
  });
  context.on('console', (message) => {
    const text = message.text();
    if (/policy|Content Security/i.test(text)) wrong.push(text);
  });
  context.on('weberror', (error) => wrong.push(`uncaught: ${error.error()}`));
  return {
    context,
    page: await context.newPage(),
    async close() {
      await context.close();
      assert.deepEqual(wrong, []);
    },
  };
}

/** Asserts that axe finds nothing wrong with the page as it stands. */
export async function accessible(page, where) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(load('axe-core').source);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  const found = violations.map(
    ({ id, nodes }) => `${id}: ${
      nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).slice(0, 3).join('; ')}`);
  assert.deepEqual(found, [], where);
}

export async function fitsWidth(page, where) {
  const [wide, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(wide <= screen, `${where}: ${wide} px wide on a screen of ${screen} px`);
}

export async function signIn(page, name, password) {
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}
