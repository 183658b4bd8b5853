// A quantity against its limit, in one or two parts.

import {h} from '../dom';

export interface Part {
  amount: number;
  kind: 'used'|'new';
}

/** A bar; LABEL says in words what it shows. */
export function bar(parts: Part[], limit: number, label: string): HTMLElement {
  const element = h('div', { class: 'bar', role: 'img', 'aria-label': label });
  for (const { amount, kind } of parts) {
    const part = h('span', { class: kind });
    part.style.width = `${limit > 0 ? Math.min(100, (100 * amount) / limit) : 0}%`;
    element.append(part);
  }
  return element;
}
