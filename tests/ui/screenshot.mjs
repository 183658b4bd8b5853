// The picture that scripts/screenshot makes: one unikernel's page, with its console live and its site
// visited.

import {launch, missing, visit} from './browser.mjs';
import {demo_image, Programs} from './programs.mjs';

const [file, colorScheme] = process.argv.slice(2);

async function deploy(page) {
  await page.getByRole('link', { name: 'Deploy' }).click();
  await page.getByLabel('Choose a file').setInputFiles(demo_image);
  await page.getByText(/It needs /).waitFor();
  await page.getByText('More', { exact: true }).click();
  await page.getByLabel(/arguments/i).fill('--log=info');
  await page.getByRole('button', { name: 'Deploy' }).click();
  await page.getByText(/^running for/).waitFor();
  await page.locator('.log .text').first().waitFor();
}

async function picture(page, web) {
  await page.goto('/');
  await page.getByLabel('Setup code').fill(web.setup_code);
  await page.getByLabel('Password').fill('only for the picture');
  await page.getByRole('button', { name: 'Create administrator' }).click();
  await deploy(page);
  const site = await page.locator('.where a').first().getAttribute('href');
  for (const path of ['', 'style.css', 'favicon.svg', 'missing', '']) await fetch(new URL(path, site));
  await page.locator('.notice button').click();
  await page.waitForTimeout(2000); // the unikernel has run for a moment, the console has shown its lines
  await page.screenshot({ path: file });
}

if (missing) throw new Error(missing);
const programs = new Programs();
const web = await programs.up();
const browser = await launch();
try {
  const visitor = await visit(browser, new URL(web.url).origin, { colorScheme });
  await picture(visitor.page, web);
  await visitor.close();
} finally {
  await browser.close();
  await programs.down();
}
