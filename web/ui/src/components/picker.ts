// Decision one of a deployment: a file that is dropped or chosen, or an image of the library.

import {api, asApiError} from '../api';
import {fill, freshId, h} from '../dom';
import {bytes, short, span} from '../format';
import type {Host, Image} from '../types';
import {Upload, type Progress} from '../upload';
import {icon} from './icon';
import {manifest, needs, obstacle} from './manifest';
import {announce} from './notice';

export interface Chosen {
  image: Image;
  /** The file it came from, or '' for one of the library. */
  file: string;
}

export class Picker {
  readonly element = h('div', { class: 'picker' });
  private upload: Upload|null = null;
  private library: Image[] = [];
  private readonly input: HTMLInputElement = h('input',
    { type: 'file', class: 'unseen', id: freshId('file'), onchange: () => this.send(this.input.files?.[0]) });

  constructor(
    private readonly host: () => Host | null, private readonly choose: (chosen: Chosen|null) => void) {
    this.offer();
    void this.loadLibrary();
  }

  /** Takes an image of the library by its digest. */
  async take(digest: string): Promise<void> {
    try {
      this.chosen({ image: await api.image(digest), file: '' });
    } catch (problem) {
      const { what, hint } = asApiError(problem);
      this.offer(what, hint);
    }
  }

  stop(): void {
    this.upload?.cancel();
  }

  /** Says that an image is missing, or why the chosen one will not do; false while one is being sent. */
  missing(): boolean {
    const place = this.element.querySelector('.problem');
    if (place && !place.textContent)
      this.problem('An image is missing.', 'Choose a file, or one of the library.');
    return place !== null;
  }

  problem(what: string, hint = ''): void {
    const place = this.element.querySelector('.problem');
    if (place) fill(place, what, hint && h('span', {}, hint));
  }

  private async loadLibrary(): Promise<void> {
    try {
      this.library = await api.images();
    } catch {
      return; // the page says that the daemon does not answer
    }
    const place = this.element.querySelector('.library');
    if (place) fill(place, this.libraryChoice());
  }

  private libraryChoice(): HTMLElement|null {
    if (this.library.length === 0) return null;
    const id = freshId('library');
    const newest = [...this.library].sort((a, b) => Date.parse(b.added) - Date.parse(a.added));
    const words = (i: Image) => [short(i.digest), bytes(i.size_bytes), needs(i),
      i.used_by.length ? `used by ${i.used_by.slice(0, 2).join(', ')}` : ''];
    const choice: HTMLSelectElement =
      h('select', { id, onchange: () => choice.value && void this.take(choice.value) },
        h('option', { value: '' }, 'choose an image'),
        newest.map((i) => h('option', { value: i.digest }, words(i).filter(Boolean).join(' · '))));
    return h('div', { class: 'field' }, h('label', { 'for': id }, 'Or from the library'), choice);
  }

  private offer(what = '', hint = ''): void {
    const zone = h('div', { class: 'drop' }, icon('up'),
      h('p', {}, h('label', { class: 'button', 'for': this.input.id }, 'Choose a file'), this.input,
        h('span', { class: 'dropword' }, ' or drop it here')),
      h('p', { class: 'quiet' }, 'One image, as “bivy build” makes it (.uk, .spt or .hvt).'));
    zone.addEventListener('dragover', (event) => {
      event.preventDefault();
      zone.classList.add('over');
    });
    zone.addEventListener('dragleave', () => zone.classList.remove('over'));
    zone.addEventListener('drop', (event) => {
      event.preventDefault();
      this.send(event.dataTransfer?.files[0]);
    });
    this.input.value = '';
    fill(this.element, zone, h('p', { class: 'problem', role: 'alert' }, what, hint && h('span', {}, hint)),
      h('div', { class: 'library' }, this.libraryChoice()));
  }

  private send(file: File|undefined): void {
    if (!file) return;
    this.upload?.cancel();
    const view = new ProgressView(file, () => this.upload?.resume(), () => this.cancel());
    fill(this.element, view.element);
    view.element.querySelector<HTMLElement>('button')?.focus();
    this.upload = new Upload(file, (progress) => {
      view.show(progress);
      if (progress.phase === 'done' && progress.image)
        this.chosen({ image: progress.image, file: file.name }, progress.known);
      if (progress.phase === 'failed') this.offer(progress.problem?.what, progress.problem?.hint);
    });
  }

  private cancel(): void {
    this.upload?.cancel();
    this.upload = null;
    this.offer();
    this.element.querySelector<HTMLElement>('input')?.focus();
    announce('Upload cancelled');
  }

  private chosen(chosen: Chosen, known = false): void {
    const focused = document.activeElement === document.body || this.element.contains(document.activeElement);
    const blocked = obstacle(chosen.image, this.host());
    const another = () => {
      this.choose(null);
      this.offer();
      this.element.querySelector<HTMLElement>('input')?.focus();
    };
    const change = h('button', { type: 'button', onclick: another }, 'Choose another');
    fill(this.element,
      h('div', { class: 'picked' },
        h('div', { class: 'pickedhead' },
          h('b', { class: 'mono' }, chosen.file || short(chosen.image.digest)), change),
        known && h('p', { class: 'quiet' }, 'The library had this file already; nothing was sent.'),
        manifest(chosen.image)),
      h('p', { class: 'problem', role: 'alert' }, blocked?.what, blocked && h('span', {}, blocked.hint)));
    announce(`${chosen.file || 'The image'} needs ${needs(chosen.image)}`);
    this.choose(blocked ? null : chosen);
    if (focused) change.focus();
  }
}

/** An upload under way: bytes, rate, time left, and what can be done about it. */
class ProgressView {
  readonly element: HTMLElement;
  private readonly bar: HTMLProgressElement;
  private readonly words = h('p', { class: 'quiet', role: 'status' });
  private readonly again: HTMLButtonElement;

  constructor(file: File, resume: () => void, cancel: () => void) {
    this.bar = h('progress', { max: file.size, value: 0, 'aria-label': `Sending ${file.name}` });
    this.again = h('button', { type: 'button', hidden: true, onclick: resume }, 'Resume now');
    this.element = h('div', { class: 'picked' },
      h('div', { class: 'pickedhead' }, h('b', { class: 'mono' }, file.name),
        h('span', { class: 'buttons' }, h('button', { type: 'button', onclick: cancel }, 'Cancel'),
          this.again)),
      this.bar, this.words);
  }

  show(progress: Progress): void {
    const { phase, sent, total, bytes_per_second: rate } = progress;
    this.bar.value = sent;
    this.again.hidden = phase !== 'cut';
    this.element.classList.toggle('cut', phase === 'cut');
    const amount = `${bytes(sent)} of ${bytes(total)}`;
    if (phase === 'looking')
      this.words.textContent = 'Looking whether the library has it';
    else if (phase === 'cut')
      this.words.textContent = `Cut off at ${amount}${
        progress.problem && progress.problem.status > 0 ? ` (${progress.problem.what})` :
                                                          ''}. It goes on from there by itself.`;
    else if (sent === 0 || rate === 0)
      this.words.textContent = amount;
    else if (sent >= total)
      this.words.textContent = `${amount}, being checked`;
    else
      this.words.textContent =
        `${amount}, ${bytes(rate)}/s, ${span(((total - sent) / rate) * 1000 + 999)} left`;
  }
}
