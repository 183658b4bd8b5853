// The console's beginning: who is here, and which page the address names.

import {api, asApiError, onSignedOut} from './api';
import {placeNotices} from './components/notice';
import {startPalette} from './components/palette';
import {problemPanel} from './components/problem';
import {Shell} from './components/shell';
import {fill, h} from './dom';
import {deployPage} from './pages/deploy';
import {imagesPage} from './pages/images';
import {missingPage} from './pages/missing';
import {settingsPage} from './pages/settings';
import {setupPage} from './pages/setup';
import {signInPage} from './pages/signin';
import {unikernelPage} from './pages/unikernel';
import {unikernelsPage} from './pages/unikernels';
import {usagePage} from './pages/usage';
import {go, here, localTarget, route, startRouter, type Page} from './router';
import {start, stop} from './store';
import {applyTheme} from './theme';

const shell = new Shell();

function display(page: Page, framed: boolean): void {
  if (framed) {
    shell.show(page);
    if (!shell.element.isConnected) fill(document.body, shell.element);
  } else {
    fill(document.body, page.element);
  }
  placeNotices();
}

function enter(name: string): void {
  start(name, leave);
  go(localTarget(new URLSearchParams(location.search).get('to')), true);
}

/** The session has ended: sign in, then come back to where this was. */
function leave(): void {
  stop(false);
  for (const dialog of document.querySelectorAll('dialog')) dialog.remove();
  if (/^\/(sign-in|setup)$/.test(location.pathname)) return;
  go(`/sign-in?to=${encodeURIComponent(here())}`, true);
}

function routes(): void {
  route(/^\/(?:unikernels)?$/, unikernelsPage);
  route(/^\/unikernels\/([^/]+)$/, unikernelPage);
  route(/^\/deploy$/, deployPage);
  route(/^\/images$/, imagesPage);
  route(/^\/usage$/, usagePage);
  route(/^\/settings$/, settingsPage);
  route(/^\/sign-in$/, () => signInPage(enter), false);
  route(/^\/setup$/, () => setupPage(enter), false);
}

async function signedOutAddress(): Promise<string> {
  if (await api.setupNeeded()) return `/setup${location.hash}`;
  const wanted =
    location.pathname === '/sign-in' ? new URLSearchParams(location.search).get('to') ?? '/' : here();
  return wanted === '/' || wanted === '/setup' ? '/sign-in' : `/sign-in?to=${encodeURIComponent(wanted)}`;
}

async function boot(): Promise<void> {
  let address = '';
  try {
    const { name } = await api.session();
    start(name, leave);
    if (/^\/(sign-in|setup)$/.test(location.pathname))
      address = localTarget(new URLSearchParams(location.search).get('to'));
  } catch (problem) {
    if (asApiError(problem).status !== 401) throw problem;
    address = await signedOutAddress();
  }
  if (address) history.replaceState(null, '', address);
  onSignedOut(leave);
  startRouter(display, missingPage);
}

async function bootOrExplain(): Promise<void> {
  try {
    await boot();
  } catch (problem) {
    fill(document.body,
      h('main', { class: 'alone' }, problemPanel(asApiError(problem), () => location.reload())));
  }
}

applyTheme();
routes();
startPalette();
void bootOrExplain();
