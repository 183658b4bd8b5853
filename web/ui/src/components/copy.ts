// Copies text and says so.

import {h} from '../dom';
import {icon} from './icon';
import {say} from './notice';

export async function copy(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = h('textarea', { class: 'unseen' }, text); // no clipboard permission: the older way
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
  say(`${what} copied`);
}

export function copyButton(text: () => string, what: string): HTMLElement {
  return h('button', {
    type: 'button',
    class: 'bare',
    'aria-label': `Copy ${what}`,
    title: `Copy ${what}`,
    onclick: () => void copy(text(), what)
  },
    icon('copy'));
}
