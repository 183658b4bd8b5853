// The command palette: every page, every unikernel and every action, found by typing a part of its name.

import {act, destroy, pageOf} from '../actions';
import {fill, freshId, h} from '../dom';
import {go} from '../router';
import {known} from '../store';
import {setTheme} from '../theme';
import {settled} from './state';

interface Command {
  words: string;
  note: string;
  run(): void;
}

function commands(): Command[] {
  const page = (words: string, address: string): Command => ({ words, note: 'page', run: () => go(address) });
  const all = [
    page('Unikernels', '/unikernels'), page('Deploy', '/deploy'), page('Images', '/images'),
    page('Usage', '/usage'), page('Settings', '/settings')
  ];
  for (const unikernel of known.unikernels.values()) {
    const { name } = unikernel;
    const doing = (word: string, run: () => void): Command =>
      ({ words: `${word} ${name}`, note: 'action', run });
    all.push({ words: name, note: unikernel.state, run: () => go(pageOf(name)) });
    if (settled(unikernel))
      all.push(doing('Start', () => void act(name, 'start')));
    else
      all.push(
        doing('Restart', () => void act(name, 'restart')), doing('Stop', () => void act(name, 'stop')));
    all.push(doing('Change', () => go(`/deploy?from=${encodeURIComponent(name)}`)),
      doing('Destroy', () => destroy(name)));
  }
  for (const choice of ['light', 'dark', 'system'] as const) {
    all.push({ words: `Theme: ${choice}`, note: 'setting', run: () => setTheme(choice) });
  }
  return all;
}

/**
 * How well TEXT answers QUERY: 0 not at all; a run from a word's beginning is best, scattered letters least.
 */
export function rank(text: string, query: string): number {
  const where = text.toLowerCase();
  const what = query.trim().toLowerCase();
  if (!what) return 1;
  const at = where.indexOf(what);
  if (at === 0) return 4;
  if (at > 0) return /[^a-z0-9]/.test(where[at - 1]) ? 3 : 2;
  return what.split(/\s+/).every((word) => where.includes(word)) ? 1 : 0;
}

function found(all: Command[], query: string): Command[] {
  return all.map((command, index) => ({ command, index, score: rank(command.words, query) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .slice(0, 50)
    .map(({ command }) => command);
}

export function openPalette(): void {
  if (!known.session || document.querySelector('dialog.palette')) return;
  const all = commands();
  const id = freshId('palette');
  let shown: Command[] = [];
  let at = 0;
  const results = h('ul', { role: 'listbox', id, 'aria-label': 'Commands' });
  const input = h('input', {
    type: 'text',
    role: 'combobox',
    'aria-expanded': 'true',
    'aria-controls': id,
    'aria-label': 'Search pages, unikernels and actions',
    'aria-autocomplete': 'list',
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: 'Search, or say what to do',
    oninput: () => draw(0),
  });
  const dialog = h('dialog', { class: 'palette', 'aria-label': 'Command palette' }, input, results);
  const choose = (command: Command|undefined) => {
    if (!command) return;
    dialog.close();
    command.run();
  };

  function draw(selected: number): void {
    shown = found(all, input.value);
    at = shown.length ? (selected + shown.length) % shown.length : 0;
    const options = shown.map((command, index) => h('li', {
      role: 'option',
      id: `${id}-${index}`,
      'aria-selected': index === at ? 'true' : 'false',
      onclick: () => choose(command)
    },
                                h('span', {}, command.words), h('small', {}, command.note)));
    fill(results,
      options.length ?
        options :
        h('li', { class: 'quiet', role: 'option', 'aria-disabled': 'true', 'aria-selected': 'false' },
          'Nothing by that name'));
    if (options.length)
      input.setAttribute('aria-activedescendant', `${id}-${at}`);
    else
      input.removeAttribute('aria-activedescendant');
    options[at]?.scrollIntoView({ block: 'nearest' });
  }

  input.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown')
      draw(at + 1);
    else if (event.key === 'ArrowUp')
      draw(at - 1);
    else if (event.key === 'Enter')
      choose(shown[at]);
    else
      return;
    event.preventDefault();
  });
  dialog.addEventListener('close', () => dialog.remove());
  dialog.addEventListener('mousedown', (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  draw(0);
}

export function startPalette(): void {
  addEventListener('keydown', (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey &&
      event.key.toLowerCase() === 'k') {
      event.preventDefault();
      openPalette();
    }
  });
}
