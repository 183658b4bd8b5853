// Every unikernel of this host, and what the host has left.

import {pageOf, unikernelItems} from '../actions';
import {bar} from '../components/bar';
import {icon} from '../components/icon';
import {menuButton} from '../components/menu';
import {problemPanel} from '../components/problem';
import {portLinks, stateWord, timeAgo} from '../components/state';
import {table, type Column} from '../components/table';
import {fill, h, setText} from '../dom';
import {count, memory, plural, short} from '../format';
import {keepInAddress, type Page} from '../router';
import {known, refresh, subscribe} from '../store';
import type {Unikernel} from '../types';

const columns: Column<Unikernel>[] = [
  {
    id: 'name',
    label: 'Name',
    order: (u) => u.name,
    cell: (u) => h('a', { class: 'mono name', href: pageOf(u.name), 'data-keep': 'name' }, u.name)
  },
  { id: 'state', label: 'State', order: (u) => u.state, cell: stateWord },
  {
    id: 'memory',
    label: 'Memory',
    numeric: true,
    order: (u) => u.memory_mib,
    cell: (u) => memory(u.memory_mib)
  },
  {
    id: 'ports',
    label: 'Answers at',
    cell: (u) => (u.ports.length ? portLinks(u) : h('span', { class: 'quiet' }, 'nowhere'))
  },
  {
    id: 'image',
    label: 'Image',
    order: (u) => u.digest,
    wide: true,
    cell: (u) => h('span', { class: 'mono quiet', title: u.digest }, short(u.digest))
  },
  {
    id: 'started',
    label: 'Started',
    order: (u) => -Date.parse(u.started ?? u.created),
    cell: (u) => timeAgo(u.started)
  },
  {
    id: 'restarts',
    label: 'Restarts',
    numeric: true,
    order: (u) => u.restarts,
    cell: (u) => count(u.restarts)
  },
  {
    id: 'menu',
    label: 'Actions',
    unlabelled: true,
    cell: (u) => menuButton(`Actions for ${u.name}`, () => unikernelItems(u))
  },
];

type Group = ''|'up'|'down'|'failed';
const groups: [Group, string, (u: Unikernel) => boolean][] = [
  ['', 'All', () => true],
  ['up', 'Up', (u) => ['running', 'starting', 'stopping', 'waiting', 'crash-loop'].includes(u.state)],
  ['down', 'Down', (u) => ['stopped', 'exited'].includes(u.state)],
  ['failed', 'Failed', (u) => u.state === 'failed'],
];

function budget(): HTMLElement|null {
  const { host } = known;
  if (!host) return null;
  const used = `${count(host.memory_used_mib)} of ${memory(host.memory_mib)}`;
  const number = `${count(host.unikernels_used)} of ${plural(host.unikernels, 'unikernel')}`;
  return h('a', { class: 'budget', href: '/usage' },
    h('span', {}, used,
      bar([{ amount: host.memory_used_mib, kind: 'used' }], host.memory_mib, `Memory: ${used}`)),
    h('span', {}, number, bar([{ amount: host.unikernels_used, kind: 'used' }], host.unikernels, number)));
}

function emptyState(): HTMLElement {
  return h('div', { class: 'empty' }, h('div', { class: 'terrain', 'aria-hidden': 'true' }),
    h('h2', {}, 'No unikernels yet'),
    h('p', {},
      'A unikernel is one program with just the system it needs, in a sandbox of its own. ' +
        'It starts in milliseconds, and there is no shell and no second program in it.'),
    h('a', { class: 'button primary', href: '/deploy' }, 'Deploy'));
}

export function unikernelsPage(_match: string[], query: URLSearchParams): Page {
  let group = (groups.find(([id]) => id === query.get('show'))?.[0] ?? '') as Group;
  let text = query.get('q') ?? '';
  const rows = table('Unikernels', columns, (u) => u.name, query);
  const deploy = h('a', { class: 'button primary', href: '/deploy' }, icon('plus'), 'Deploy');
  const summary = h('div', { class: 'budget-place' });
  const place = h('div', {});
  const nothing = h('p', { class: 'quiet pad', role: 'status' });
  const filter = h('input', {
    type: 'search',
    placeholder: 'Filter by name, image or argument',
    'aria-label': 'Filter unikernels',
    value: text,
    autocomplete: 'off',
    spellcheck: 'false',
    oninput: () => {
      text = filter.value;
      keepInAddress({ q: text });
      draw();
    },
  });
  const buttons = groups.map(([id, word]) => h('button', {
    type: 'button',
    onclick: () => {
      group = id;
      keepInAddress({ show: id });
      draw();
    },
  },
                               word, h('small', {})));
  const tools = h('div', { class: 'tools' },
    h('div', { class: 'groups', role: 'group', 'aria-label': 'Show' }, buttons), filter);
  const list = h('div', {}, tools, rows.element, nothing);

  function matches(u: Unikernel): boolean {
    const needle = text.trim().toLowerCase();
    return !needle || [u.name, u.digest, ...u.arguments].some((part) => part.toLowerCase().includes(needle));
  }

  function drawList(): void {
    const all = [...known.unikernels.values()].filter(matches);
    groups.forEach(([id, , test], index) => {
      buttons[index].setAttribute('aria-pressed', String(id === group));
      setText(buttons[index].lastElementChild as Element, count(all.filter(test).length));
    });
    const shown = all.filter(groups.find(([id]) => id === group)?.[2] ?? (() => true));
    rows.update(shown);
    rows.element.hidden = shown.length === 0;
    setText(nothing, shown.length ? '' : 'None of the unikernels match.');
  }

  function draw(): void {
    const empty = known.loaded && known.unikernels.size === 0;
    deploy.hidden = known.unikernels.size === 0; // the empty page holds the one button
    fill(summary, !empty && budget());
    if (known.problem && !known.loaded) return fill(place, problemPanel(known.problem, () => void refresh()));
    if (!known.loaded) return fill(place, h('p', { class: 'quiet late' }, 'Asking the daemon'));
    if (empty) return fill(place, emptyState());
    drawList();
    if (list.parentElement !== place) fill(place, list);
  }

  const element = h('div', { class: 'page' },
    h('div', { class: 'head' }, h('h1', { tabindex: -1 }, 'Unikernels'), deploy), summary, place);
  draw();
  return { title: 'Unikernels', element, stop: subscribe(draw) };
}
