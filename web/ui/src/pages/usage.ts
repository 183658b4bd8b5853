// Who holds what of the host's budget.

import {pageOf} from '../actions';
import {bar} from '../components/bar';
import {problemPanel} from '../components/problem';
import {settled, stateWord} from '../components/state';
import {table, type Column} from '../components/table';
import {fill, h, type Child} from '../dom';
import {count, memory, plural} from '../format';
import type {Page} from '../router';
import {known, refresh, subscribe} from '../store';
import type {Host, Unikernel} from '../types';

function meter(title: string, used: number, limit: number, left: string, words: string): HTMLElement {
  return h('section', { class: 'meter' }, h('h2', {}, title),
    h('p', { class: 'big' }, count(used), h('span', { class: 'quiet' }, ` of ${count(limit)}`)),
    bar([{ amount: used, kind: 'used' }], limit, words), h('p', { class: 'quiet' }, left));
}

function meters(host: Host): Child {
  const memoryLeft = Math.max(0, host.memory_mib - host.memory_used_mib);
  const countLeft = Math.max(0, host.unikernels - host.unikernels_used);
  return [
    meter('Memory, MB', host.memory_used_mib, host.memory_mib, `${memory(memoryLeft)} left`,
      `${count(host.memory_used_mib)} of ${memory(host.memory_mib)} used`),
    meter('Unikernels', host.unikernels_used, host.unikernels, `${count(countLeft)} left`,
      `${count(host.unikernels_used)} of ${plural(host.unikernels, 'unikernel')}`),
  ];
}

function processors(host: Host): HTMLElement {
  const live = [...known.unikernels.values()].filter((u) => !settled(u));
  const free = live.filter((u) => u.cpus.length === 0).length;
  const rows = host.cpuids.map((id) => h('li', {}, h('span', { class: 'mono' }, `cpu ${id}`),
                                 plural(live.filter((u) => u.cpus.includes(id)).length, 'unikernel')));
  return h('section', { class: 'meter' }, h('h2', {}, 'Processors'), h('ul', { class: 'cpus' }, rows),
    h('p', { class: 'quiet' }, `${plural(free, 'unikernel')} on any processor`));
}

export function usagePage(_match: string[], query: URLSearchParams): Page {
  const top = h('div', { class: 'meters' });
  const place = h('div', {});
  const share = (u: Unikernel) =>
    bar([{ amount: u.memory_mib, kind: 'used' }], known.host?.memory_mib ?? 0, `${memory(u.memory_mib)}`);
  const columns: Column<Unikernel>[] = [
    {
      id: 'name',
      label: 'Name',
      order: (u) => u.name,
      cell: (u) => h('a', { class: 'mono name', href: pageOf(u.name), 'data-keep': 'name' }, u.name)
    },
    {
      id: 'memory',
      label: 'Memory',
      numeric: true,
      order: (u) => -u.memory_mib,
      cell: (u) => memory(u.memory_mib)
    },
    { id: 'share', label: 'Share of the host', cell: share },
    { id: 'state', label: 'State', order: (u) => u.state, cell: stateWord },
    {
      id: 'cpus',
      label: 'Processors',
      cell: (u) => (u.cpus.length ? u.cpus.join(', ') : h('span', { class: 'quiet' }, 'any'))
    },
  ];
  const rows = table('Memory by unikernel', columns, (u) => u.name, query, columns[1]);

  function draw(): void {
    if (!known.host)
      return fill(place,
        known.problem ? problemPanel(known.problem, () => void refresh()) :
                        h('p', { class: 'quiet late' }, 'Asking the daemon'));
    fill(top, meters(known.host), processors(known.host));
    const holders = [...known.unikernels.values()].filter((u) => !settled(u));
    rows.update(holders);
    if (holders.length === 0)
      fill(place, h('p', { class: 'quiet' }, 'Nothing runs, so nothing holds memory.'));
    else if (rows.element.parentElement !== place)
      fill(place, rows.element);
  }

  draw();
  const element =
    h('div', { class: 'page' }, h('div', { class: 'head' }, h('h1', { tabindex: -1 }, 'Usage')), top, place);
  return { title: 'Usage', element, stop: subscribe(draw) };
}
