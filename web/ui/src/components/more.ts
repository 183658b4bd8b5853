// Everything else of a deployment, with defaults that need no thought.

import {fill, h} from '../dom';
import type {DeploySpec, Host, Image, Restart} from '../types';
import {field, select, textInput} from './field';

type Rest = Pick<DeploySpec, 'cpus'|'networks'|'arguments'|'restart'|'startup'|'tender'|'force'>;

export class More {
  readonly element: HTMLDetailsElement;
  private cpus: number[] = [];
  private networks = new Map<string, string>();
  private offered = '';
  private readonly words =
    field('Arguments', h('textarea', { rows: 3, class: 'mono', spellcheck: 'false', autocapitalize: 'off' }),
      'One a line, as the program gets them.');
  private readonly known = h('p', { class: 'hint mono' });
  private readonly restart = field('When it ends',
    select(
      [
        ['on-failure', 'restart after a failure'], ['always', 'restart always'], ['never', 'leave it'],
        ['codes', 'restart after these exit codes']
      ],
      'on-failure'));
  private readonly codes = field('Exit codes', textInput({ class: 'mono', placeholder: '1, 2' }));
  private readonly order = field('Start order',
    h('input', { type: 'number', min: 0, max: 1000, step: 1, class: 'short', placeholder: '50' }),
    'Smaller numbers start first when the host starts.');
  private readonly tender = field('Sandbox',
    select([['any', 'as the image wants'], ['process', 'process'], ['vm', 'virtual machine']], 'any'));
  readonly force = h('input', { type: 'checkbox', onchange: () => this.changed() });
  private readonly cpuPlace = h('div', {});
  private readonly netPlace = h('div', { class: 'grid' });

  constructor(private readonly changed: () => void) {
    for (const { control } of [this.words, this.restart, this.codes, this.order, this.tender])
      control.addEventListener('input', () => this.change());
    this.codes.element.hidden = true;
    this.element = h('details', { class: 'more' }, h('summary', {}, 'More'),
      h('div', { class: 'grid' }, this.words.element, this.restart.element, this.codes.element,
        this.order.element, this.tender.element),
      this.known, this.cpuPlace, this.netPlace,
      h('label', { class: 'check' }, this.force, h('span', {}, 'Replace a unikernel of this name')));
    this.words.element.append(this.known);
  }

  /** Offers what HOST has for what IMAGE needs. */
  offer(host: Host|null, image: Image|null): void {
    const now = JSON.stringify([host?.vm, host?.cpuids, host?.networks, image?.digest]);
    if (now === this.offered) return; // what is being filled in stays as it is
    this.offered = now;
    this.tender.element.hidden = !host?.vm;
    const ids = host?.cpuids ?? [];
    this.cpus = this.cpus.filter((id) => ids.includes(id));
    fill(this.cpuPlace,
      ids.length > 1 &&
        h('fieldset', { class: 'checks' }, h('legend', {}, 'Processors'), ids.map((id) => this.cpuBox(id)),
          h('p', { class: 'hint' }, 'None chosen: any of them.')));
    const names = host?.networks.length ? host.networks : ['user'];
    const devices =
      image?.devices.filter((device) => device.type === 'net').map((device) => device.name) ?? [];
    for (const name of [...this.networks.keys()])
      if (!devices.includes(name)) this.networks.delete(name);
    fill(this.netPlace, devices.map((device) => this.network(device, names)));
    const takes = image?.arguments ?? [];
    this.known.textContent = takes.length ? `The image knows: ${takes.join(' ')}` : '';
  }

  set(rest: Rest): void {
    this.cpus = [...rest.cpus];
    this.networks = new Map(rest.networks.map(({ device, network }) => [device, network]));
    this.words.control.value = rest.arguments.join('\n');
    this.restart.control.value = Array.isArray(rest.restart) ? 'codes' : rest.restart;
    this.codes.control.value = Array.isArray(rest.restart) ? rest.restart.join(', ') : '';
    this.codes.element.hidden = !Array.isArray(rest.restart);
    this.order.control.value = rest.startup === undefined ? '' : String(rest.startup);
    this.force.checked = rest.force;
    this.offered = '';
  }

  rest(): Rest {
    const startup = this.order.control.value;
    return {
      cpus: [...this.cpus].sort((a, b) => a - b),
      networks: [...this.networks].map(([device, network]) => ({ device, network })),
      arguments: this.words.control.value.split('\n').map((line) => line.trim()).filter(Boolean),
      restart: this.restartValue(),
      ...(startup === '' ? {} : { startup: Number(startup) }),
      tender: this.tender.control.value as DeploySpec['tender'],
      force: this.force.checked,
    };
  }

  check(): string {
    const codes = this.codes.control.value.trim();
    const wrong = this.restart.control.value === 'codes' && !/^\d{1,3}(\s*,\s*\d{1,3})*$/.test(codes);
    this.codes.problem(wrong ? 'Exit codes: numbers with commas between them are needed.' : '');
    const order = this.order.control.value;
    const late = order !== '' && !(Number(order) >= 0 && Number(order) <= 1000);
    this.order.problem(late ? 'Start order: a number from 0 to 1000 is needed.' : '');
    if (wrong || late) this.element.open = true;
    return wrong || late ? 'See “More”.' : '';
  }

  cpuProblem(what: string, hint: string): void {
    this.element.open = true;
    fill(this.cpuPlace, [...this.cpuPlace.childNodes].slice(0, 1),
      h('p', { class: 'problem', role: 'alert' }, what, hint && h('span', {}, hint)));
  }

  private restartValue(): Restart {
    const choice = this.restart.control.value;
    if (choice !== 'codes') return choice as Restart;
    return this.codes.control.value.split(',')
      .map((code) => Number(code.trim()))
      .filter((code) => Number.isInteger(code));
  }

  private change(): void {
    this.codes.element.hidden = this.restart.control.value !== 'codes';
    this.changed();
  }

  private cpuBox(id: number): HTMLElement {
    const box = h('input', {
      type: 'checkbox',
      checked: this.cpus.includes(id),
      onchange: () => {
        this.cpus = this.cpus.filter((other) => other !== id);
        if (box.checked) this.cpus.push(id);
        this.changed();
      },
    });
    return h('label', { class: 'check' }, box, h('span', { class: 'mono' }, `cpu ${id}`));
  }

  private network(device: string, names: string[]): HTMLElement {
    const kept = this.networks.get(device) ?? '';
    const chosen = names.includes(kept) ? kept : names.includes('user') ? 'user' : names[0];
    this.networks.set(device, chosen);
    const control = select(names.map((name) => [name, name]), chosen);
    control.addEventListener('change', () => {
      this.networks.set(device, control.value);
      this.changed();
    });
    return field(`Network of ${device}`, control).element;
  }
}
