// Deploying: what, how big, where it answers. Everything else has a default under "More".

import {pageOf} from '../actions';
import {api, asApiError, type ApiError} from '../api';
import {deployCommand, specOf} from '../command';
import {copyButton} from '../components/copy';
import {field, textInput} from '../components/field';
import {MemoryChoice} from '../components/memory';
import {More} from '../components/more';
import {say} from '../components/notice';
import {Picker, type Chosen} from '../components/picker';
import {PortsChoice} from '../components/ports';
import {settled} from '../components/state';
import {fill, h, setText} from '../dom';
import {go, type Page} from '../router';
import {known, learn, subscribe} from '../store';
import type {DeploySpec, Unikernel} from '../types';

/** "My Site.v2.uk" becomes a name that is valid and free. */
export function nameFor(file: string, taken: (name: string) => boolean): string {
  const stem = file.replace(/\.(uk|spt|hvt|bin)$/i, '')
                 .replace(/[^A-Za-z0-9.-]+/g, '-')
                 .replace(/^[-.]+|[-.]+$/g, '')
                 .slice(0, 60) ||
    'unikernel';
  for (let n = 2, name = stem;; name = `${stem}-${n++}`)
    if (!taken(name)) return name;
}

class DeployForm {
  readonly element: HTMLElement;
  private chosen: Chosen|null = null;
  private named = false;
  private sending = false;
  private readonly from: string;
  private readonly name =
    field('Name', textInput({ class: 'mono', maxlength: 128, oninput: () => this.rename() }));
  private readonly picker = new Picker(() => known.host, (chosen) => this.choose(chosen));
  private readonly memory = new MemoryChoice(() => this.draw());
  private readonly ports = new PortsChoice(() => this.draw());
  private readonly more = new More(() => {
    this.rebound();
    this.draw();
  });
  private readonly line = h('code', {});
  private readonly button = h('button', { type: 'submit', class: 'primary' }, 'Deploy');
  private readonly error = h('div', { class: 'problem', role: 'alert' });

  constructor(query: URLSearchParams) {
    this.from = query.get('from') ?? '';
    const part = (title: string, ...content: Node[]) =>
      h('section', { class: 'decision' }, h('h2', {}, title), content);
    this.element =
      h('form', { class: 'deploy', novalidate: true, onsubmit: (event: Event) => void this.submit(event) },
        h('div', { class: 'decisions' }, part('What', this.picker.element, this.name.element),
          part('How big', this.memory.element), part('Where it answers', this.ports.element),
          this.more.element),
        h('aside', { class: 'summary', 'aria-label': 'This deployment' },
          h('div', { class: 'panel' },
            h('div', { class: 'linehead' }, h('h2', {}, 'As a command line'),
              copyButton(() => this.command(), 'Command line')),
            h('pre', {}, this.line)),
          this.error, this.button));
    const image = query.get('image');
    if (image) void this.picker.take(image);
    this.draw();
  }

  stop(): void {
    this.picker.stop();
  }

  /** Follows the host's budget; takes over the unikernel that is to be changed once it is known. */
  follow(): void {
    const base = this.from && !this.named ? known.unikernels.get(this.from) : undefined;
    if (base) this.takeOver(base);
    this.rebound();
    this.draw();
  }

  private takeOver(base: Unikernel): void {
    this.named = true;
    this.name.control.value = base.name;
    this.memory.value = base.memory_mib;
    this.ports.set(base.ports);
    this.more.set({...specOf(base), force: true });
    void this.picker.take(base.digest);
  }

  private rebound(): void {
    const image = this.chosen?.image ?? null;
    const replaced = this.more.force.checked ? known.unikernels.get(this.name.control.value) : undefined;
    this.memory.bound(
      image?.min_memory_mib ?? 1, known.host, replaced && !settled(replaced) ? replaced.memory_mib : 0);
    this.more.offer(known.host, image);
    this.ports.allow(!image || image.devices.some((device) => device.type === 'net'));
  }

  private choose(chosen: Chosen|null): void {
    this.chosen = chosen;
    if (chosen && !this.named && !this.from) {
      this.name.control.value = nameFor(chosen.file || 'unikernel', (name) => known.unikernels.has(name));
    }
    this.rebound();
    this.draw();
  }

  private rename(): void {
    this.named = true;
    this.checkName();
    this.draw();
  }

  private checkName(): boolean {
    const name = this.name.control.value;
    const force = this.more.force.checked;
    if (!name)
      this.name.problem('Name: it is empty.', 'Letters, digits, dots and dashes.');
    else if (!/^[A-Za-z0-9:][A-Za-z0-9.:-]*$/.test(name))
      this.name.problem(`Name: “${name}”: letters, digits, dots and dashes only, no dash at the start.`);
    else if (known.unikernels.has(name) && !force)
      this.name.problem(`${name} exists already.`, 'Take another name, or tick “Replace” under More.');
    else {
      this.name.problem('');
      return true;
    }
    return false;
  }

  private spec(): DeploySpec {
    return {
      name: this.name.control.value,
      image: this.chosen?.image.digest ?? '',
      memory_mib: this.memory.value,
      blocks: [],
      ports: this.ports.ports(),
      ...this.more.rest(),
    };
  }

  private command(): string {
    return deployCommand(this.spec(), this.chosen?.file || undefined);
  }

  private draw(): void {
    setText(this.line, this.command());
    if (this.named && this.name.control.value) this.checkName(); // the list of names may come after the name
  }

  /** Where the first problem is, it is shown and the focus goes there. */
  private complete(): boolean {
    fill(this.error);
    if (!this.chosen) {
      if (!this.picker.missing()) fill(this.error, 'The file is still on its way.');
      this.picker.element.querySelector<HTMLElement>('input, button')?.focus();
      return false;
    }
    const places: [boolean, () => void][] = [
      [this.checkName(), () => this.name.control.focus()],
      [!this.memory.check(), () => this.memory.focus()],
      [!this.ports.check(), () => this.ports.focus()],
      [!this.more.check(), () => this.more.element.querySelector<HTMLElement>('[aria-invalid]')?.focus()],
    ];
    const wrong = places.find(([fine]) => !fine);
    wrong?.[1]();
    return !wrong;
  }

  private async submit(event: Event): Promise<void> {
    event.preventDefault();
    if (this.sending || !this.complete()) return;
    this.busy(true);
    try {
      const unikernel = await api.deploy(this.spec());
      learn(unikernel);
      say(`${unikernel.name} is deployed`);
      go(pageOf(unikernel.name));
    } catch (problem) {
      this.refuse(asApiError(problem));
    }
    this.busy(false);
  }

  private busy(sending: boolean): void {
    this.sending = sending;
    this.button.setAttribute('aria-disabled', String(sending));
    setText(this.button, sending ? 'Deploying' : 'Deploy');
  }

  /** The server names in its sentence what it refused; the sentence is shown beside that decision. */
  private refuse({ what, hint, status }: ApiError): void {
    const says = (word: RegExp) => status >= 400 && status < 500 && word.test(what);
    if (says(/memory/i))
      this.memory.problem(what, hint);
    else if (says(/\bport\b/i))
      this.ports.problem(what, hint);
    else if (says(/cpu/i))
      this.more.cpuProblem(what, hint);
    else if (says(/\bname\b|exists/i))
      this.name.problem(what, hint);
    else if (says(/manifest|device|image/i))
      this.picker.problem(what, hint);
    else
      fill(this.error, what, hint && h('span', {}, hint));
    this.element.querySelector('.problem:not(:empty)')?.scrollIntoView({ block: 'center' });
  }
}

export function deployPage(_match: string[], query: URLSearchParams): Page {
  const form = new DeployForm(query);
  form.follow();
  const unsubscribe = subscribe(() => form.follow());
  const from = query.get('from');
  const title = from ? `Deploy ${from} again` : 'Deploy';
  const element =
    h('div', { class: 'page' }, h('div', { class: 'head' }, h('h1', { tabindex: -1 }, title)), form.element);
  return {
    title,
    element,
    stop() {
      unsubscribe();
      form.stop();
    },
  };
}
