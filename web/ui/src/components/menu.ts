// A button with a menu of actions: arrow keys, Escape, and a click elsewhere behave as on a desktop.

import {h} from '../dom';
import {icon} from './icon';

export interface Item {
  label: string;
  act(): void;
  danger?: boolean;
  /** Why it cannot be chosen now; shown in its place. */
  refused?: string;
}

let openMenu: (() => void)|null = null;

export function menuButton(label: string, items: () => Item[]): HTMLButtonElement {
  const button: HTMLButtonElement = h('button', {
    class: 'bare',
    type: 'button',
    'aria-haspopup': 'menu',
    'aria-expanded': 'false',
    'aria-label': label,
    'data-keep': 'menu',
    onclick: () => open(button, label, items()),
  },
    icon('more'));
  return button;
}

function entry(item: Item, close: () => void): HTMLElement {
  const choose = () => {
    close();
    item.act();
  };
  return h('button', {
    role: 'menuitem',
    type: 'button',
    tabindex: -1,
    class: item.danger ? 'dangerous' : null,
    'aria-disabled': item.refused ? 'true' : null,
    onclick: item.refused ? null : choose,
  },
    item.label, item.refused && h('small', {}, item.refused));
}

function open(button: HTMLButtonElement, label: string, items: Item[]): void {
  const reopened = button.getAttribute('aria-expanded') === 'true';
  openMenu?.();
  if (reopened) return;
  const close = () => {
    menu.remove();
    button.setAttribute('aria-expanded', 'false');
    document.removeEventListener('mousedown', outside);
    openMenu = null;
    if (button.isConnected) button.focus({ preventScroll: true });
  };
  const outside = (event: MouseEvent) => {
    if (!menu.contains(event.target as Node) && !button.contains(event.target as Node)) close();
  };
  const menu =
    h('div', { class: 'menu', role: 'menu', 'aria-label': label }, items.map((item) => entry(item, close)));
  menu.addEventListener('keydown', (event) => onKey(event, menu, close));
  (button.closest('main') ?? document.body).append(menu);
  place(menu, button);
  button.setAttribute('aria-expanded', 'true');
  document.addEventListener('mousedown', outside);
  openMenu = close;
  menu.querySelector<HTMLElement>('[role=menuitem]')?.focus();
}

/** Beside the button, on the page, so that it moves with it. */
function place(menu: HTMLElement, button: HTMLElement): void {
  const at = button.getBoundingClientRect();
  const left = Math.max(8, Math.min(at.right - menu.offsetWidth, innerWidth - menu.offsetWidth - 8));
  const below = at.bottom + 4 + menu.offsetHeight <= innerHeight;
  const top = below ? at.bottom + 4 : Math.max(8, at.top - 4 - menu.offsetHeight);
  menu.style.left = `${left + scrollX}px`;
  menu.style.top = `${top + scrollY}px`;
}

function onKey(event: KeyboardEvent, menu: HTMLElement, close: () => void): void {
  const all = [...menu.querySelectorAll<HTMLElement>('[role=menuitem]')];
  const at = all.indexOf(document.activeElement as HTMLElement);
  const to: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 };
  if (event.key === 'Escape' || event.key === 'Tab')
    close();
  else if (event.key in to)
    all[(to[event.key] + all.length) % all.length]?.focus();
  else
    return;
  event.preventDefault();
}
