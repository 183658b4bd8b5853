// Numbers, times and names as people read them.

const group = (n: number) => Math.round(n).toLocaleString('en-US');

export const count = group;
export const memory = (mib: number) => `${group(mib)} MB`;
export const plural = (n: number, word: string) => `${group(n)} ${word}${n === 1 ? '' : 's'}`;

export function bytes(n: number): string {
  if (n < 1024) return `${n} B`;
  if (n < 1024 * 1024) return `${group(n / 1024)} KB`;
  const mb = n / (1024 * 1024);
  return mb < 100 ? `${mb.toFixed(1)} MB` : `${group(mb)} MB`;
}

export function span(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86400) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86400)} d`;
}

export function ago(time: string, now = Date.now()): string {
  const ms = now - Date.parse(time);
  return ms < 1000 ? 'just now' : `${span(ms)} ago`;
}

/** Absolute and unambiguous: 2026-08-21 14:03:07 in the reader's zone. */
export function moment(time: string): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return time;
  const two = (n: number) => String(n).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock(time)}`;
}

export function clock(time: string): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return '';
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((n) => String(n).padStart(2, '0')).join(':');
}

export const short = (digest: string) => digest.replace(/^sha256:/, '').slice(0, 12);

const small = ['no', 'one', 'two', 'three', 'four', 'five', 'six'];
export const inWords = (n: number) => small[n] ?? group(n);

/** "a", "a and b", "a, b and c". */
export function list(items: string[]): string {
  return items.length < 2 ? items.join('') :
                            `${items.slice(0, -1).join(', ')} and ${items[items.length - 1]}`;
}

const escapes = /\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])/g;
const controls = /[\x00-\x08\x0a-\x1f\x7f-\x9f]/g;
const reorder = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * A console line made harmless: terminal escapes are dropped, other controls and text-reordering marks are
 * shown as what they are.
 */
export function plain(line: string): string {
  return line.replace(/\r+$/, '')
    .replace(escapes, '')
    .replace(
      controls, (c) => (c.charCodeAt(0) < 0x20 ? String.fromCharCode(0x2400 + c.charCodeAt(0)) : '\u2421'))
    .replace(reorder, (c) => `<U+${c.charCodeAt(0).toString(16).toUpperCase()}>`);
}
