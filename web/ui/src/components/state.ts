// A unikernel's state, its times and its addresses, as shapes, words and links.

import {h} from '../dom';
import {ago, list, memory, moment, span} from '../format';
import type {Port, Unikernel} from '../types';
import {icon, shape} from './icon';

/** What its checks say; nothing while nobody asks. */
function healthBadge({ health, state }: Unikernel): HTMLElement|null {
  if (state !== 'running' || !health || health === 'none') return null;
  const title = health === 'passing' ? 'It answers its checks' : 'It does not answer its checks';
  return h('span', { class: `health ${health}`, title }, health);
}

/** The shape and the word; an end with a status says which. */
export function stateWord(unikernel: Unikernel): HTMLElement {
  const { state, exit_status: status } = unikernel;
  const word = state === 'exited' && status !== undefined ? `exited ${status}` : state;
  return h('span', { class: `state ${state}`, title: unikernel.reason || null }, shape(state),
    h('span', {}, word), healthBadge(unikernel));
}

export const settled = (unikernel: Unikernel) => ['stopped', 'exited', 'failed'].includes(unikernel.state);

/** "running for 3 h on cpu 1, 32 MB", "failed: out of memory". */
export function stateSentence(unikernel: Unikernel, now = Date.now()): string {
  const { state, started, cpus, reason } = unikernel;
  const where = cpus.length ? ` on cpu ${list(cpus.map(String))}` : '';
  const size = `, ${memory(unikernel.memory_mib)}`;
  switch (state) {
    case 'running':
      return `running${started ? ` for ${span(now - Date.parse(started))}` : ''}${where}${size}`;
    case 'exited':
      return `exited with status ${unikernel.exit_status ?? 'unknown'}${reason ? `: ${reason}` : ''}`;
    case 'failed':
      return `failed: ${reason || `exit status ${unikernel.exit_status ?? 'unknown'}`}`;
    case 'crash-loop':
      return `ends again and again, waiting to be restarted${reason ? `: ${reason}` : ''}`;
    case 'waiting':
      return `waiting to be restarted${reason ? `: ${reason}` : ''}`;
    default:
      return `${state}${size}`;
  }
}

export function portAddress(port: Port): string {
  const address = port.address || '127.0.0.1';
  return `${address.includes(':') ? `[${address}]` : address}:${port.host}${
    port.protocol === 'udp' ? '/udp' : ''}`;
}

/** Where a unikernel answers: a link while it can answer, text otherwise. */
export function portLink(port: Port, alive: boolean): HTMLElement {
  const text =
    port.url && alive ? port.url.replace(/^https?:\/\//, '').replace(/\/$/, '') : portAddress(port);
  if (!alive || port.protocol === 'udp') return h('span', { class: 'mono quiet' }, text);
  return h('a', {
    class: 'mono answer',
    href: port.url ?? `http://${portAddress(port)}/`,
    target: '_blank',
    rel: 'noreferrer noopener'
  },
    text, icon('out'));
}

export function portLinks(unikernel: Unikernel): HTMLElement {
  const alive = unikernel.state === 'running' || unikernel.state === 'starting';
  return h('span', { class: 'answers' }, unikernel.ports.map((port) => portLink(port, alive)));
}

/** A time that keeps telling how long ago it was. */
export function timeAgo(time: string|undefined): HTMLElement {
  if (!time) return h('span', { class: 'quiet' }, 'never');
  return h('time', { datetime: time, title: moment(time), 'data-ago': true }, ago(time));
}

setInterval(() => {
  for (const element of document.querySelectorAll<HTMLTimeElement>('time[data-ago]'))
    element.textContent = ago(element.dateTime);
}, 5000);
