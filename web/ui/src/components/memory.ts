// Decision two of a deployment: how much memory, between what the image needs and what the host has left.

import {fill, freshId, h, setText} from '../dom';
import {count, memory} from '../format';
import type {Host} from '../types';
import {bar} from './bar';

/** The sizes a slider stops at: the least, then round numbers, then all that is left. */
export function stops(least: number, most: number): number[] {
  const all = [least];
  for (let size = 1; size < most; size *= 2) {
    for (const step of [size, size * 1.5])
      if (Number.isInteger(step) && step > least && step < most) all.push(step);
  }
  if (most > least) all.push(most);
  return all;
}

export class MemoryChoice {
  readonly element: HTMLElement;
  value = 32;
  private least = 1;
  private most = 1024;
  /** What a unikernel that is replaced gives back. */
  private returned = 0;
  private host: Host|null = null;
  private sizes: number[] = [];
  private readonly slider: HTMLInputElement;
  private readonly number: HTMLInputElement;
  private readonly picture = h('div', {});
  private readonly words = h('p', { class: 'quiet', 'aria-live': 'polite' });
  private readonly error = h('p', { class: 'problem', role: 'alert' });

  constructor(private readonly changed: () => void) {
    const id = freshId('memory');
    this.number = h('input', {
      type: 'number',
      id,
      min: 1,
      step: 1,
      class: 'short',
      'aria-describedby': `${id}-error`,
      oninput: () => this.set(Number(this.number.value))
    });
    this.slider = h('input', {
      type: 'range',
      min: 0,
      step: 1,
      'aria-label': 'Memory',
      oninput: () => this.set(this.sizes[Number(this.slider.value)])
    });
    this.error.id = `${id}-error`;
    this.element = h('div', { class: 'memory' },
      h('div', { class: 'field row' }, h('label', { 'for': id }, 'Memory, MB'), this.number), this.slider,
      this.picture, this.words, this.error);
    this.bound(1, null, 0);
  }

  /** Sets the bounds; a value that was not chosen by hand moves into them. */
  bound(least: number, host: Host|null, returned: number): void {
    this.host = host;
    this.least = least;
    this.returned = returned;
    this.most = host ? Math.max(0, host.memory_mib - host.memory_used_mib + returned) : Math.max(1024, least);
    this.sizes = stops(least, Math.max(this.most, least));
    this.slider.max = String(this.sizes.length - 1);
    if (this.value < least) this.value = least;
    this.draw();
  }

  set(value: number): void {
    this.value = Number.isFinite(value) ? Math.round(value) : 0;
    this.draw();
    this.changed();
  }

  /** What is wrong with the value, or ''. */
  check(): string {
    if (this.value < this.least) return `The image needs ${memory(this.least)} at least.`;
    if (this.value > this.most) return `The host has ${memory(this.most)} left.`;
    return '';
  }

  problem(what: string, hint = ''): void {
    fill(this.error, what, hint && h('span', {}, hint));
    if (what)
      this.number.setAttribute('aria-invalid', 'true');
    else
      this.number.removeAttribute('aria-invalid');
  }

  focus(): void {
    this.number.focus();
  }

  private draw(): void {
    if (document.activeElement !== this.number || Number(this.number.value) !== this.value)
      this.number.value = String(this.value);
    let nearest = 0;
    this.sizes.forEach((size, index) => {
      if (Math.abs(size - this.value) < Math.abs(this.sizes[nearest] - this.value)) nearest = index;
    });
    this.slider.value = String(nearest);
    this.slider.setAttribute('aria-valuetext', memory(this.value));
    this.problem(this.check());
    if (!this.host) return;
    const used = this.host.memory_used_mib - this.returned;
    const left = this.host.memory_mib - used - this.value;
    const words = left >= 0 ?
      `${memory(used)} in use, ${count(this.value)} for this one, ${memory(left)} left` :
      `${memory(used)} in use of ${memory(this.host.memory_mib)}`;
    fill(this.picture,
      bar(
        [
          { amount: used, kind: 'used' },
          { amount: Math.max(0, Math.min(this.value, this.most)), kind: 'new' }
        ],
        this.host.memory_mib, words));
    setText(this.words, words);
  }
}
