// Decision three of a deployment: which ports of the host lead to which ports of the unikernel.

import {askedPort} from '../command';
import {fill, h} from '../dom';
import type {DeployPort, Protocol} from '../types';
import {select, textInput} from './field';
import {icon} from './icon';

export interface PortRow {
  /** '' stands for a free one, chosen by the host. */
  host: string;
  guest: string;
  protocol: Protocol;
  /** Not chosen here, but kept when a unikernel is deployed again. */
  address?: string;
  device?: string;
}

const isPort = (text: string) => /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65535;

export class PortsChoice {
  readonly element = h('div', { class: 'ports' });
  rows: PortRow[] = [{ host: '', guest: '80', protocol: 'tcp' }];
  private reachable = true;
  private readonly list = h('div', { class: 'portrows' });
  private readonly error = h('p', { class: 'problem', role: 'alert' });

  constructor(private readonly changed: () => void) {
    this.draw();
  }

  /** An image without a network device answers nowhere. */
  allow(reachable: boolean): void {
    if (this.reachable === reachable) return;
    this.reachable = reachable;
    this.draw();
  }

  set(ports: DeployPort[]): void {
    this.rows =
      ports.map((port) => ({...askedPort(port), host: String(port.host), guest: String(port.guest) }));
    this.draw();
  }

  ports(): DeployPort[] {
    if (!this.reachable) return [];
    return this.rows.map((row) => ({...row, host: Number(row.host || 0), guest: Number(row.guest) }));
  }

  check(): string {
    if (!this.reachable) return '';
    for (const { host, guest } of this.rows) {
      if (!isPort(guest)) return `Port of the unikernel: “${guest}”: a number from 1 to 65535 is needed.`;
      if (host && host !== '0' && !isPort(host))
        return `Port of the host: “${host}”: a number from 1 to 65535, or nothing for a free one.`;
    }
    const taken =
      this.rows.filter(({ host }) => host && host !== '0').map(({ host, protocol }) => `${host} ${protocol}`);
    const twice = taken.find((port, index) => taken.indexOf(port) !== index);
    return twice ? `Port of the host: ${twice.split(' ')[0]}: it is given twice.` : '';
  }

  problem(what: string, hint = ''): void {
    fill(this.error, what, hint && h('span', {}, hint));
  }

  focus(): void {
    this.list.querySelector<HTMLElement>('input')?.focus();
  }

  private change(): void {
    this.problem(this.check());
    this.changed();
  }

  private row(row: PortRow, index: number): HTMLElement {
    const n = index + 1;
    const host = textInput({
      inputmode: 'numeric',
      class: 'short mono',
      value: row.host === '0' ? '' : row.host,
      placeholder: 'free',
      'aria-label': `Host port ${n}, empty for a free one`
    });
    const guest = textInput(
      { inputmode: 'numeric', class: 'short mono', value: row.guest, 'aria-label': `Unikernel port ${n}` });
    const protocol = select([['tcp', 'tcp'], ['udp', 'udp']], row.protocol);
    protocol.setAttribute('aria-label', `Protocol ${n}`);
    host.addEventListener('input', () => this.edit(row, 'host', host.value.trim()));
    guest.addEventListener('input', () => this.edit(row, 'guest', guest.value.trim()));
    protocol.addEventListener('change', () => this.edit(row, 'protocol', protocol.value));
    const remove = h('button',
      { type: 'button', class: 'bare', 'aria-label': `Remove port ${n}`, onclick: () => this.remove(index) },
      icon('close'));
    return h('div', { class: 'portrow' }, host, h('span', { class: 'quiet', 'aria-hidden': 'true' }, '→'),
      guest, protocol, remove);
  }

  private edit(row: PortRow, key: keyof PortRow, value: string): void {
    Object.assign(row, { [key]: value });
    this.change();
  }

  private remove(index: number): void {
    this.rows.splice(index, 1);
    this.draw();
    this.change();
    this.element.querySelector<HTMLElement>('.add')?.focus();
  }

  private add(): void {
    this.rows.push({ host: '', guest: this.rows.length ? '' : '80', protocol: 'tcp' });
    this.draw();
    this.change();
    this.list.lastElementChild?.querySelectorAll<HTMLElement>('input')[1]?.focus();
  }

  private draw(): void {
    if (!this.reachable)
      return fill(
        this.element, h('p', { class: 'quiet' }, 'The image has no network device, so it answers nowhere.'));
    fill(this.list,
      this.rows.length ?
        h('div', { class: 'portrow quiet small', 'aria-hidden': 'true' }, h('span', {}, 'Host port'),
          h('span', {}), h('span', {}, 'Unikernel port')) :
        h('p', { class: 'quiet' }, 'No port leads to it; other unikernels on its network still reach it.'),
      this.rows.map((row, index) => this.row(row, index)));
    fill(this.element, this.list,
      h('button', { type: 'button', class: 'add', onclick: () => this.add() }, icon('plus'), 'Add a port'),
      this.error);
  }
}
