// The frame around every page: the bar (host, search, connection) and the rail.

import {fill, h, setText} from '../dom';
import type {Page} from '../router';
import {known, subscribe} from '../store';
import {icon, mark, type IconName} from './icon';
import {openPalette} from './palette';

const rail: [address: string, word: string, drawing: IconName][] = [
  ['/unikernels', 'Unikernels', 'unikernels'],
  ['/images', 'Images', 'images'],
  ['/usage', 'Usage', 'usage'],
  ['/settings', 'Settings', 'settings'],
];

export class Shell {
  readonly element: HTMLElement;
  private readonly main = h('main', { id: 'content', tabindex: -1 });
  private readonly link = h('span', { class: 'link', role: 'status' });
  private readonly links =
    rail.map(([href, word, drawing]) => h('a', { href }, icon(drawing), h('span', {}, word)));

  constructor() {
    const search = h('button', { type: 'button', class: 'search', onclick: () => openPalette() },
      icon('search'), h('span', {}, 'Search'),
      h('kbd', { 'aria-hidden': 'true' }, /Mac/.test(navigator.platform) ? '⌘ K' : 'Ctrl K'));
    this.element = h('div', { class: 'frame' },
      h('a', { class: 'skip', href: '#content', onclick: (event: Event) => this.skip(event) },
        'Skip to the content'),
      h('header', { class: 'top' },
        h('a', { class: 'brand', href: '/unikernels', 'aria-label': 'Bivy, unikernels' }, mark(),
          h('b', {}, 'Bivy')),
        h('span', { class: 'host mono', title: 'This host' }, location.host), search, this.link),
      h('nav', { class: 'rail', 'aria-label': 'Console' }, this.links), this.main);
    subscribe(() => this.showLink());
    this.showLink();
  }

  show(page: Page): void {
    fill(this.main, page.element);
    const at =
      location.pathname === '/' || location.pathname === '/deploy' ? '/unikernels' : location.pathname;
    for (const link of this.links) {
      if (at.startsWith(link.getAttribute('href') ?? ''))
        link.setAttribute('aria-current', 'page');
      else
        link.removeAttribute('aria-current');
    }
  }

  private skip(event: Event): void {
    event.preventDefault();
    this.main.focus();
  }

  /** The link's state in a word: does the server answer, and the daemon behind it. */
  private showLink(): void {
    const down = known.problem !== null && known.problem.status >= 500;
    const state = known.link === 'live' && !known.problem ? 'live' :
      known.link === 'connecting'                         ? 'connecting' :
                                                            'lost';
    const word =
      down ? 'Daemon away' : { live: 'Live', connecting: 'Connecting', lost: 'Reconnecting' }[state];
    this.link.className = `link ${down ? 'lost' : state}`;
    this.link.title =
      known.problem ? `${known.problem.what} ${known.problem.hint}` : 'Changes are shown as they happen';
    setText(this.link, word);
  }
}
