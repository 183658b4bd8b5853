// Says things: a live region for screen readers, and short notices at the foot of the page. A failure stays
// until it is dismissed; a success leaves by itself, because its effect is visible where it happened.

import type {ApiError} from '../api';
import {h, setText} from '../dom';
import {icon} from './icon';

const region = h('div', { class: 'unseen', role: 'status', 'aria-live': 'polite' });
const stack = h('div', { class: 'notices', role: 'region', 'aria-label': 'Notices' });

export function placeNotices(): void {
  document.body.append(stack, region);
}

let pending: string[] = [];

/** Speaks TEXT to screen readers; several at once are spoken together. */
export function announce(text: string): void {
  if (pending.push(text) > 1) return;
  setTimeout(() => {
    setText(region, pending.length > 4 ? `${pending.length} changes` : pending.join('. '));
    pending = [];
  }, 100);
}

function add(kind: string, what: string, hint: string): HTMLElement {
  const notice: HTMLElement = h('div', { class: `notice ${kind}` },
    h('div', {}, h('p', {}, what), hint && h('p', { class: 'quiet' }, hint)),
    h('button', { class: 'bare', type: 'button', 'aria-label': 'Dismiss', onclick: () => notice.remove() },
      icon('close')));
  stack.append(notice);
  while (stack.childElementCount > 3) stack.firstElementChild?.remove();
  announce(hint ? `${what}. ${hint}` : what);
  return notice;
}

export function say(what: string): void {
  const notice = add('done', what, '');
  setTimeout(() => notice.remove(), 5000);
}

export function sayFailure(problem: ApiError): void {
  if (problem.status !== 401) add('failed', problem.what, problem.hint);
}
