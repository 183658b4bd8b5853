// A unikernel's console: its lines as they come, to follow, pause, search and keep.
//
// A guest may write anything, at any rate. Lines are made harmless before they are shown and only ever become
// text; they reach the page at most once a frame; memory holds the last 10,000 and the page the last 2,000,
// and what was left out is said. While the tab is hidden the stream is closed, because a browser has only six
// connections a host; it goes on by the id of the last line.

import {api} from '../api';
import {fill, h, setText} from '../dom';
import {clock, count, moment, plain, plural} from '../format';
import {Stream, type LinkState} from '../stream';
import {icon} from './icon';

const kept = 10000;
const drawn = 2000;
const asked = 1000;

interface Written {
  time: string;
  line: string;
}

interface Line {
  id: number;
  time: string;
  text: string;
}

export class ConsoleView {
  readonly element: HTMLElement;
  private lines: Line[] = [];
  private fresh: Line[] = [];
  private last = -1;
  private dropped = 0;
  private cleared = 0;
  private held = 0;
  private following = true;
  private touched = -Infinity;
  private needle = '';
  private frame = 0;
  private stream: Stream|null = null;
  private ended = false;
  private readonly log =
    h('div', { class: 'log', role: 'log', 'aria-live': 'off', 'aria-label': 'Console', tabindex: 0 });
  private readonly marker = h('p', { class: 'quiet marker' });
  private readonly status = h('span', { class: 'quiet', role: 'status' });
  private readonly pause =
    h('button', { type: 'button', onclick: () => this.follow(!this.following) }, 'Pause');
  private readonly search = h('input', {
    type: 'search',
    placeholder: 'Search',
    'aria-label': 'Search the console',
    autocomplete: 'off',
    spellcheck: 'false',
    oninput: () => this.find()
  });

  constructor(private readonly name: string, private readonly signedOut: () => void) {
    const save = h(
      'button', { type: 'button', onclick: () => this.download() }, icon('down'), h('span', {}, 'Download'));
    this.element = h('section', { class: 'console', 'aria-label': 'Console' },
      h('div', { class: 'consolebar' }, h('h2', {}, 'Console'), this.status, this.search, this.pause, save),
      this.log);
    this.log.append(this.marker);
    this.log.addEventListener('scroll', () => this.scrolled());
    for (const hand of ['wheel', 'touchmove', 'pointerdown', 'keydown']) {
      this.log.addEventListener(hand, () => (this.touched = performance.now()), { passive: true });
    }
    document.addEventListener('visibilitychange', this.visible);
    this.visible();
  }

  close(): void {
    document.removeEventListener('visibilitychange', this.visible);
    cancelAnimationFrame(this.frame);
    this.stream?.close();
  }

  private readonly visible = () => {
    this.stream?.close();
    this.stream = null;
    if (document.hidden || this.ended) return;
    this.stream = new Stream({
      url: () => api.consoleUrl(this.name, this.last >= 0 ? `after=${this.last}` : `tail=${asked}`),
      events: {
        message: (data, id) => this.receive(data as Written, Number(id)),
        end: () => this.end(),
      },
      state: (state) => this.linked(state),
      signedOut: this.signedOut,
    });
  };

  private linked(state: LinkState): void {
    if (!this.ended)
      setText(this.status, { live: 'live', connecting: 'connecting', lost: 'cut off, reconnecting' }[state]);
  }

  private end(): void {
    this.ended = true;
    this.stream?.close();
    setText(this.status, 'ended');
  }

  /** A line that came before, as after a reconnection, is not shown twice. */
  private receive({ time, line }: Written, id: number): void {
    if (Number.isFinite(id)) {
      if (id <= this.last) return;
      this.last = id;
    }
    this.fresh.push({ id, time, text: plain(String(line)) });
    if (!this.frame) this.frame = requestAnimationFrame(() => this.flush());
  }

  private flush(): void {
    this.frame = 0;
    const batch = this.fresh.splice(0);
    this.lines.push(...batch);
    const over = this.lines.length - kept;
    if (over > 0) {
      this.lines.splice(0, over);
      this.dropped += over;
    }
    if (this.following)
      this.draw(batch);
    else
      this.hold(batch.length);
  }

  private hold(more: number): void {
    this.held += more;
    setText(this.pause, this.held ? `Follow, ${plural(this.held, 'new line')}` : 'Follow');
  }

  private row(line: Line): HTMLElement {
    const text = h('span', { class: 'text' });
    if (this.needle)
      highlight(text, line.text, this.needle);
    else
      text.textContent = line.text;
    return h('p', {}, h('time', { title: moment(line.time) }, clock(line.time)), text);
  }

  private wanted(lines: Line[]): Line[] {
    return this.needle ? lines.filter((line) => line.text.toLowerCase().includes(this.needle)) : lines;
  }

  private draw(batch: Line[]): void {
    const all = this.wanted(batch);
    const fresh = all.slice(-drawn);
    this.cleared += all.length - fresh.length;
    this.log.append(...fresh.map((line) => this.row(line)));
    let over = this.log.childElementCount - 1 - drawn;
    this.cleared += Math.max(0, over);
    for (; over > 0; over--) this.marker.nextElementSibling?.remove();
    this.mark();
    if (this.following) this.log.scrollTop = this.log.scrollHeight;
  }

  private mark(): void {
    const shown = this.log.childElementCount - 1;
    const earlier = this.needle ? 0 : this.cleared;
    let words = '';
    if (this.needle)
      words = `${count(this.wanted(this.lines).length)} of ${plural(this.lines.length, 'line')}`;
    else if (earlier)
      words = `${plural(earlier, 'earlier line')} left out here`;
    else if (shown === 0)
      words = 'It has written nothing yet.';
    setText(this.marker, words);
  }

  private redraw(): void {
    fill(this.log, this.marker);
    if (!this.following) this.hold(-this.held);
    const all = this.wanted(this.lines);
    this.cleared = Math.max(0, all.length - drawn) + this.dropped;
    this.log.append(...all.slice(-drawn).map((line) => this.row(line)));
    this.mark();
    this.log.scrollTop = this.log.scrollHeight;
  }

  private find(): void {
    this.needle = this.search.value.trim().toLowerCase();
    this.redraw();
  }

  private follow(on: boolean): void {
    this.following = on;
    this.held = 0;
    this.pause.classList.toggle('paused', !on);
    setText(this.pause, on ? 'Pause' : 'Follow');
    if (on) this.redraw();
  }

  /** Reading back pauses; returning to the end follows again. Scrolling that no hand did is no reading. */
  private scrolled(): void {
    const end = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 24;
    const byHand = performance.now() - this.touched < 1000;
    if (this.following && !end && byHand)
      this.follow(false);
    else if (!this.following && end && this.held > 0)
      this.follow(true);
  }

  private download(): void {
    const text = this.lines.map((line) => `${line.time} ${line.text}\n`).join('');
    const address = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
    const link = h('a', { href: address, download: `${this.name.replace(/[^A-Za-z0-9.-]/g, '_')}.log` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }
}

function highlight(into: HTMLElement, text: string, needle: string): void {
  const lower = text.toLowerCase();
  let from = 0;
  for (let at = lower.indexOf(needle); at >= 0; at = lower.indexOf(needle, from)) {
    into.append(text.slice(from, at), h('mark', {}, text.slice(at, at + needle.length)));
    from = at + needle.length;
  }
  into.append(text.slice(from));
}
