// A page's place for what it could not get: what failed, why, what to do.

import type {ApiError} from '../api';
import {h} from '../dom';

export function problemPanel(problem: ApiError, again: () => void): HTMLElement {
  return h('div', { class: 'panel failed', role: 'alert' }, h('p', {}, problem.what),
    problem.hint && h('p', { class: 'quiet' }, problem.hint),
    h('button', { type: 'button', onclick: again }, 'Try again'));
}
