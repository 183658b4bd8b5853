// This browser's settings, the session, and where the programmable side is described.

import {api, asApiError} from '../api';
import {sayFailure} from '../components/notice';
import {fill, h, type Child} from '../dom';
import {plural} from '../format';
import {go, type Page} from '../router';
import {known, stop, subscribe} from '../store';
import {setTheme, theme, type Theme} from '../theme';

function row(label: string, ...content: Child[]): Child {
  return [h('dt', {}, label), h('dd', {}, content)];
}

function themeChoice(): HTMLElement {
  const words: [Theme, string][] = [['system', 'As the system'], ['light', 'Light'], ['dark', 'Dark']];
  return h('fieldset', { class: 'choice' }, h('legend', { class: 'unseen' }, 'Theme'),
    words.map(([value, word]) => h('label', {}, h('input', {
      type: 'radio',
      name: 'theme',
      value,
      checked: theme() === value,
      onchange: () => setTheme(value)
    }),
                h('span', {}, word))));
}

async function signOut(): Promise<void> {
  try {
    await api.signOut();
    stop(true);
    go('/sign-in');
  } catch (problem) {
    sayFailure(asApiError(problem));
  }
}

function hostRows(): Child {
  const { host } = known;
  if (!host) return row('Daemon', 'does not answer');
  return [
    row('Bivy', host.version),
    row('Runs as', host.rootless ? 'an ordinary user' : 'the system'),
    row('Sandboxes', host.vm ? 'processes and virtual machines' : 'processes'),
    row('Processors', plural(host.cpus, 'processor')),
    row('Networks', h('span', { class: 'mono' }, host.networks.join(', ') || 'user')),
  ];
}

export function settingsPage(): Page {
  const host = h('dl', { class: 'facts' });
  const draw = () => fill(host, hostRows());
  draw();
  const element =
    h('div', { class: 'page narrow' }, h('div', { class: 'head' }, h('h1', { tabindex: -1 }, 'Settings')),
      h('section', {}, h('h2', {}, 'Look'), themeChoice()),
      h('section', {}, h('h2', {}, 'Session'),
        h('p', {}, 'Signed in as ', h('b', { class: 'mono' }, known.session), '.'),
        h('button', { type: 'button', onclick: () => void signOut() }, 'Sign out')),
      h('section', {}, h('h2', {}, 'This host'), host),
      h('section', {}, h('h2', {}, 'Automation'),
        h('p', {}, 'What this console does, the REST API and the ', h('span', { class: 'mono' }, 'bivy'),
          ' command do too.'),
        h('p', {}, h('a', { href: '/api/v1/openapi.json', target: '_blank' }, 'OpenAPI description'))),
      h('section', {}, h('h2', {}, 'Keys'),
        h('dl', { class: 'facts' }, row('Find anything', h('kbd', {}, 'Ctrl K')),
          row('Close a menu or dialog', h('kbd', {}, 'Esc')))));
  return { title: 'Settings', element, stop: subscribe(draw) };
}
