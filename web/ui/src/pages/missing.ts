// An address that names nothing.

import {h} from '../dom';
import type {Page} from '../router';

export function missingPage(): Page {
  return {
    title: 'Nothing here',
    element: h('div', { class: 'empty' }, h('h1', { tabindex: -1 }, 'Nothing here'),
      h('p', {}, 'No page has the address ', h('span', { class: 'mono' }, location.pathname), '.'),
      h('a', { class: 'button', href: '/unikernels' }, 'Unikernels')),
  };
}
