// The whole road in a browser, with nothing standing in for anything: a setup code becomes an administrator,
// a file becomes a unikernel, its console is live, its site answers, and it can be destroyed.

import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';

import {accessible, launch, missing, visit} from './browser.mjs';
import {demo_image, not_installed, Programs} from './programs.mjs';

const skip = missing || not_installed;

let browser;
let programs;
let visitor;
let page;
let web;

before(async () => {
  if (skip) return;
  programs = new Programs();
  web = await programs.up();
  browser = await launch();
  visitor = await visit(browser, new URL(web.url).origin, { elsewhere: ['http://127.0.0.1:'] });
  page = visitor.page;
});

after(async () => {
  await browser?.close();
  await programs?.down();
});

const heading = (name) => page.getByRole('heading', { name, level: 1, exact: true }).waitFor();

// Each step goes on from the one before it: they are one visit.
test('the setup code makes the first administrator', { skip }, async () => {
  await page.goto('/');
  await heading('Set up this host');
  await page.getByLabel('Setup code').fill(web.setup_code);
  await page.getByLabel('Your name').fill('operator');
  await page.getByLabel('Password').fill('a password of some length');
  await page.getByRole('button', { name: 'Create administrator' }).click();
  await page.getByText('No unikernels yet').waitFor();
  await page.getByText('Live', { exact: true }).waitFor();
});

test('a file is sent, and what it needs is shown', { skip }, async () => {
  await page.getByRole('link', { name: 'Deploy' }).click();
  await page.getByLabel('Choose a file').setInputFiles(demo_image);
  await page.getByText(/It needs one network device: /).waitFor();
  assert.equal(await page.getByLabel('Name', { exact: true }).inputValue(), 'web');
  await accessible(page, 'deploy');
});

test('it is deployed, and its console is live', { skip }, async () => {
  await page.getByLabel('Memory, MB').fill('16');
  await page.getByRole('button', { name: 'Deploy' }).click();
  await heading('web');
  await page.getByText(/^running( for .*)?, 16 MB$/).waitFor();
  await page.locator('.log .text').first().waitFor();
  await accessible(page, 'unikernel');
});

test('its site answers where the console says', { skip }, async () => {
  const link = page.locator('.where a');
  await link.waitFor();
  const [site] = await Promise.all([visitor.context.waitForEvent('page'), link.click()]);
  await site.waitForLoadState();
  assert.match(await site.title(), /\S/);
  assert.match(await site.locator('body').innerText(), /Bivy/i);
  await site.close();
});

test('it stops and starts again', { skip }, async () => {
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByText(/^stopped/).waitFor();
  await page.getByRole('button', { name: 'Start' }).click();
  await page.getByText(/^running/).waitFor();
});

test('the image is in the library, and used', { skip }, async () => {
  await page.getByRole('link', { name: 'Images' }).click();
  await page.getByRole('row').filter({ has: page.getByRole('link', { name: 'web', exact: true }) }).waitFor();
});

test('it is destroyed after its name was typed', { skip }, async () => {
  await page.goto('/unikernels/web');
  await page.getByRole('button', { name: 'Destroy' }).click();
  await page.getByRole('dialog').getByRole('textbox').fill('web');
  await page.getByRole('dialog').getByRole('button', { name: 'Destroy' }).click();
  await page.getByText('No unikernels yet').waitFor();
});

test('no page left the origin or broke its policy', { skip }, async () => {
  await visitor.close();
});
