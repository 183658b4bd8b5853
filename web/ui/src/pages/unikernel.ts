// One unikernel: its state in words, where it answers, what can be done, and its console.

import {act, destroy, unikernelItems} from '../actions';
import {api, asApiError} from '../api';
import {ConsoleView} from '../components/console';
import {copyButton} from '../components/copy';
import {shape} from '../components/icon';
import {menuButton} from '../components/menu';
import {problemPanel} from '../components/problem';
import {portAddress, portLinks, settled, stateSentence, timeAgo} from '../components/state';
import {fill, h, setText, type Child} from '../dom';
import {count, memory, short} from '../format';
import {go, here, type Page} from '../router';
import {known, learn, subscribe} from '../store';
import type {Restart, Unikernel} from '../types';

const restarts = {
  never: 'left as it is',
  always: 'restarted always',
  'on-failure': 'restarted after a failure',
};

function restartWords(restart: Restart): string {
  if (Array.isArray(restart)) return `restarted after exit codes ${restart.join(', ')}`;
  return restarts[restart];
}

function row(label: string, ...content: Child[]): Child {
  return [h('dt', {}, label), h('dd', {}, content)];
}

function devices(u: Unikernel): HTMLElement|null {
  if (u.networks.length + u.blocks.length === 0) return null;
  return h('section', {}, h('h2', {}, 'Devices'),
    u.networks.map((net) => h('dl', { class: 'facts' },
                     row('Network', h('b', { class: 'mono' }, net.device), ` on ${net.network}`),
                     net.ipv4 && row('Address', h('span', { class: 'mono' }, net.ipv4)),
                     net.mac && row('MAC', h('span', { class: 'mono' }, net.mac)))),
    u.blocks.map(
      (block) => h('dl', { class: 'facts' },
        row('Block', h('b', { class: 'mono' }, block.device), block.volume && ` on ${block.volume}`))));
}

function configuration(u: Unikernel): HTMLElement {
  return h('section', {}, h('h2', {}, 'Configuration'),
    h('dl', { class: 'facts' },
      row('Image',
        h('span', { class: 'digest' }, h('span', { class: 'mono', title: u.digest }, short(u.digest)),
          copyButton(() => u.digest, 'digest'))),
      row('Memory', memory(u.memory_mib)), row('Processors', u.cpus.length ? u.cpus.join(', ') : 'any'),
      row('Sandbox', u.tender === 'vm' ? 'virtual machine' : 'process',
        u.pid ? h('span', { class: 'quiet' }, ` pid ${u.pid}`) : null),
      row('When it ends', restartWords(u.restart),
        u.restarts > 0 && h('span', { class: 'quiet' }, `, ${count(u.restarts)} so far`)),
      u.ports.length > 0 &&
        row('Ports',
          u.ports.map((port) => h('span', { class: 'mono line' }, `${portAddress(port)} → ${port.guest}`))),
      u.arguments.length > 0 &&
        row('Arguments', u.arguments.map((argument) => h('span', { class: 'mono line' }, argument))),
      row('Created', timeAgo(u.created))));
}

function buttons(u: Unikernel): Child {
  const { name } = u;
  const gone = () => go('/unikernels', true);
  const here = ['Start', 'Stop', 'Restart', 'Destroy'];
  const others = () =>
    unikernelItems(known.unikernels.get(name) ?? u).filter(({ label }) => !here.includes(label));
  const menu = menuButton(`More for ${name}`, others);
  const press = (word: string, verb: 'start'|'stop'|'restart') =>
    h('button', { type: 'button', 'data-keep': verb, onclick: () => void act(name, verb) }, word);
  return [
    settled(u) ? press('Start', 'start') : [press('Restart', 'restart'), press('Stop', 'stop')],
    h('button', { type: 'button', class: 'dangerous', onclick: () => destroy(name, gone) }, 'Destroy'),
    menu,
  ];
}

class UnikernelView {
  readonly element = h('div', { class: 'page' });
  private readonly sentence = h('p', { class: 'sentence' });
  private readonly links = h('p', { class: 'where' });
  private readonly actions = h('div', { class: 'actions', role: 'group', 'aria-label': 'Actions' });
  private readonly side = h('div', { class: 'side' });
  private readonly timer = setInterval(() => this.tick(), 1000);
  private console: ConsoleView|null = null;
  private drawn = '';
  private seen = false;
  private looking = false;

  constructor(private readonly name: string) {
    fill(this.element, this.head(), h('p', { class: 'quiet late' }, 'Asking the daemon'));
    this.draw();
  }

  stop(): void {
    clearInterval(this.timer);
    this.console?.close();
  }

  private head(): HTMLElement {
    return h('div', { class: 'head unikernel' },
      h('div', {}, h('p', { class: 'quiet crumb' }, h('a', { href: '/unikernels' }, 'Unikernels')),
        h('h1', { class: 'mono', tabindex: -1 }, this.name), this.sentence, this.links),
      this.actions);
  }

  private tick(): void {
    const unikernel = known.unikernels.get(this.name);
    const text = this.sentence.lastElementChild;
    if (unikernel && text) setText(text, stateSentence(unikernel));
  }

  draw(): void {
    const unikernel = known.unikernels.get(this.name);
    if (!unikernel) return this.absent();
    const now = JSON.stringify(unikernel);
    if (now === this.drawn) return;
    this.drawn = now;
    if (!this.console) {
      this.console = new ConsoleView(this.name, () => go(`/sign-in?to=${encodeURIComponent(here())}`, true));
      fill(this.element, this.head(), h('div', { class: 'work' }, this.console.element, this.side));
    }
    this.seen = true;
    fill(this.sentence, h('span', { class: `state ${unikernel.state}` }, shape(unikernel.state)),
      h('span', {}, stateSentence(unikernel)));
    fill(this.links, unikernel.ports.length > 0 && portLinks(unikernel));
    this.drawActions(unikernel);
    fill(this.side, configuration(unikernel), devices(unikernel));
  }

  /**
   * The buttons change with the state; the one that was pressed keeps the focus, or its successor gets it.
   */
  private drawActions(unikernel: Unikernel): void {
    const focused = this.actions.contains(document.activeElement);
    const kept = focused ? (document.activeElement as HTMLElement).dataset.keep : undefined;
    fill(this.actions, buttons(unikernel));
    if (focused)
      (this.actions.querySelector<HTMLElement>(`[data-keep="${kept}"]`) ??
        this.actions.querySelector<HTMLElement>('button'))
        ?.focus();
  }

  private absent(): void {
    if (this.seen)
      this.leave('It was destroyed.');
    else if (known.loaded)
      void this.look();
    else if (known.problem)
      fill(this.element, this.head(), problemPanel(known.problem, () => void this.look()));
  }

  /** Not in the list: the daemon may still know the name, or say why not. */
  private async look(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    try {
      learn(await api.unikernel(this.name));
    } catch (problem) {
      const error = asApiError(problem);
      if (error.status === 404)
        this.leave('No unikernel has this name.');
      else
        fill(this.element, this.head(), problemPanel(error, () => void this.look()));
    }
    this.looking = false;
  }

  private leave(why: string): void {
    this.console?.close();
    this.console = null;
    this.drawn = '';
    fill(this.element,
      h('div', { class: 'empty' }, h('h1', { class: 'mono', tabindex: -1 }, this.name), h('p', {}, why),
        h('a', { class: 'button', href: '/unikernels' }, 'Unikernels')));
  }
}

export function unikernelPage([name]: string[]): Page {
  const view = new UnikernelView(name);
  const unsubscribe = subscribe(() => view.draw());
  return {
    title: name,
    element: view.element,
    stop() {
      unsubscribe();
      view.stop();
    },
  };
}
