// The library: every image the host keeps, what it needs, who uses it.

import {imageItems, pageOf} from '../actions';
import {api, asApiError, type ApiError} from '../api';
import {needs} from '../components/manifest';
import {copyButton} from '../components/copy';
import {icon} from '../components/icon';
import {menuButton} from '../components/menu';
import {problemPanel} from '../components/problem';
import {timeAgo} from '../components/state';
import {table, type Column} from '../components/table';
import {fill, h} from '../dom';
import {bytes, memory, short} from '../format';
import type {Page} from '../router';
import {known, subscribe} from '../store';
import type {Image} from '../types';

function emptyState(): HTMLElement {
  return h('div', { class: 'empty' }, h('div', { class: 'terrain', 'aria-hidden': 'true' }),
    h('h2', {}, 'No images yet'),
    h('p', {},
      'An image is one file: a program, the system it needs, and a manifest of the devices it asks for. ' +
        'It is kept under its digest, so the same file is kept once.'),
    h('a', { class: 'button primary', href: '/deploy' }, 'Deploy one'));
}

function columns(again: () => void): Column<Image>[] {
  return [
    {
      id: 'digest',
      label: 'Digest',
      order: (i) => i.digest,
      cell: (i) => h('span', { class: 'digest' },
        h('a', { class: 'mono name', href: `/deploy?image=${i.digest}`, title: `Deploy ${i.digest}` },
          short(i.digest)),
        copyButton(() => i.digest, 'digest')),
    },
    {
      id: 'size',
      label: 'Size',
      numeric: true,
      order: (i) => i.size_bytes,
      cell: (i) => bytes(i.size_bytes)
    },
    {
      id: 'target',
      label: 'Target',
      order: (i) => i.target,
      cell: (i) => h('span', { class: 'mono' }, i.target)
    },
    { id: 'needs', label: 'Needs', cell: (i) => needs(i) },
    {
      id: 'memory',
      label: 'Least memory',
      numeric: true,
      order: (i) => i.min_memory_mib,
      cell: (i) => memory(i.min_memory_mib)
    },
    { id: 'added', label: 'Added', order: (i) => -Date.parse(i.added), cell: (i) => timeAgo(i.added) },
    {
      id: 'used',
      label: 'Used by',
      order: (i) => -i.used_by.length,
      cell: (i) =>
        (i.used_by.length ? h('span', { class: 'answers' },
                              i.used_by.map((name) => h('a', { class: 'mono', href: pageOf(name) }, name))) :
                            h('span', { class: 'quiet' }, 'nothing')),
    },
    {
      id: 'menu',
      label: 'Actions',
      unlabelled: true,
      cell: (i) => menuButton(`Actions for ${short(i.digest)}`, () => imageItems(i, again))
    },
  ];
}

export function imagesPage(_match: string[], query: URLSearchParams): Page {
  const place = h('div', {}, h('p', { class: 'quiet late' }, 'Asking the daemon'));
  const rows = table('Images', columns(() => void load()), (i) => i.digest, query);
  let seen = '';

  async function load(): Promise<void> {
    try {
      const images = await api.images();
      rows.update(images);
      if (images.length === 0)
        fill(place, emptyState());
      else if (rows.element.parentElement !== place)
        fill(place, rows.element);
    } catch (problem) {
      const error: ApiError = asApiError(problem);
      fill(place, problemPanel(error, () => void load()));
    }
  }

  /** What uses an image changes when unikernels come and go, and when the daemon comes back. */
  const follow = () => {
    const now = [known.link, ...[...known.unikernels.values()].map((u) => u.name + u.digest)].join();
    if (now !== seen) void load();
    seen = now;
  };
  follow();
  const element = h('div', { class: 'page' },
    h('div', { class: 'head' }, h('h1', { tabindex: -1 }, 'Images'),
      h('a', { class: 'button primary', href: '/deploy' }, icon('up'), 'Send a file')),
    place);
  return { title: 'Images', element, stop: subscribe(follow) };
}
