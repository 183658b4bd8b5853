// Every page, light and dark, on a desk and on a phone: it renders, axe finds nothing, nothing scrolls
// sideways, and nothing leaves the origin or breaks the content security policy.

import {after, before, test} from 'node:test';
import assert from 'node:assert/strict';

import {accessible, fitsWidth, launch, missing, signIn, visit} from './browser.mjs';
import {Mock, password} from './mock.mjs';

const pages = [
  ['/unikernels', 'Unikernels', 'tbody tr'],
  ['/unikernels/web', 'web', '.log p + p'],
  ['/unikernels/nobody', 'nobody', '.empty'],
  ['/deploy', 'Deploy', '.library select'],
  ['/deploy?from=api', 'Deploy api again', '.manifest'],
  ['/images', 'Images', 'tbody tr'],
  ['/usage', 'Usage', '.big'],
  ['/settings', 'Settings', '.facts dd'],
  ['/no/such/page', 'Nothing here', '.empty'],
];
const screens = [['a desk', { width: 1280, height: 800 }], ['a phone', { width: 360, height: 740 }]];

let browser;
let mock;
let fresh;

before(async () => {
  if (missing) return;
  browser = await launch();
  mock = await new Mock().start();
  fresh = await new Mock({ setup: true, empty: true }).start();
});

after(async () => {
  await browser?.close();
  await mock?.stop();
  await fresh?.stop();
});

async function looks(page, where) {
  await fitsWidth(page, where);
  await accessible(page, where);
}

for (const colorScheme of ['light', 'dark']) {
  for (const [device, viewport] of screens) {
    test(`every page is sound in ${colorScheme} on ${device}`, { skip: missing }, async () => {
      const { page, close } = await visit(browser, mock.url, { colorScheme, viewport });
      await page.goto('/');
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      await looks(page, 'sign-in');
      await signIn(page, 'admin', password);
      await page.getByRole('heading', { name: 'Unikernels', level: 1 }).waitFor();
      for (const [address, heading, there] of pages) {
        await page.goto(address);
        await page.getByRole('heading', { name: heading, level: 1, exact: true }).waitFor();
        await page.locator(there).first().waitFor();
        await looks(page, address);
      }
      await close();
    });

    test(`menus, dialogs and the palette are sound in ${colorScheme} on ${device}`, { skip: missing },
      async () => {
        const { page, close } =
          await visit(browser, mock.url, { colorScheme, viewport, reducedMotion: 'reduce' });
        await page.goto('/unikernels');
        await signIn(page, 'admin', password);
        await page.getByRole('button', { name: 'Actions for web', exact: true }).click();
        await looks(page, 'row menu');
        await page.getByRole('menuitem', { name: 'Destroy' }).click();
        await page.getByRole('dialog').waitFor();
        await looks(page, 'destroy dialog');
        await page.keyboard.press('Escape');
        await page.keyboard.press('Control+k');
        await page.getByRole('option').first().waitFor();
        await looks(page, 'palette');
        await page.keyboard.press('Escape');
        await page.goto('/deploy');
        await page.getByText('More', { exact: true }).click();
        await page.getByRole('button', { name: 'Deploy' }).click();
        await page.getByText('An image is missing.').waitFor();
        await looks(page, 'deploy with an error');
        await close();
      });

    test(`setting up and the empty pages are sound in ${colorScheme} on ${device}`, { skip: missing },
      async () => {
        fresh.setup = true;
        const { page, close } = await visit(browser, fresh.url, { colorScheme, viewport });
        await page.goto('/');
        await page.getByRole('heading', { name: 'Set up this host' }).waitFor();
        await looks(page, 'setup');
        await page.getByLabel('Setup code').fill('ABCD-1234');
        await page.getByLabel('Password').fill('a long password');
        await page.getByRole('button', { name: 'Create administrator' }).click();
        for (const [address, words] of [['/unikernels', 'No unikernels yet'], ['/images', 'No images yet'],
               ['/usage', 'Nothing runs']]) {
          await page.goto(address);
          await page.getByText(words).waitFor();
          await looks(page, `empty ${address}`);
        }
        await close();
      });
  }
}

test('the theme that is chosen stays after a reload', { skip: missing }, async () => {
  const { page, close } = await visit(browser, mock.url, { colorScheme: 'light' });
  await page.goto('/settings');
  await signIn(page, 'admin', password);
  await page.getByLabel('Dark').check();
  await page.reload();
  await page.getByRole('heading', { name: 'Settings' }).waitFor();
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(20, 24, 28)');
  await close();
});
