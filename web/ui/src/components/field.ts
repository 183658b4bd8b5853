// A labelled control with its hint and its error beside it.

import {fill, freshId, h, type Props} from '../dom';

export interface Field<C extends HTMLElement = HTMLElement> {
  element: HTMLElement;
  control: C;
  /** Shows what is wrong, or clears it with ''. */
  problem(what: string, hint?: string): void;
}

export function field<C extends HTMLElement>(label: string, control: C, hint = ''): Field<C> {
  const id = control.id || freshId('field');
  control.id = id;
  const note = h('p', { class: 'hint', id: `${id}-hint` }, hint);
  const error = h('p', { class: 'problem', id: `${id}-error`, role: 'alert' });
  control.setAttribute('aria-describedby', hint ? `${id}-hint ${id}-error` : `${id}-error`);
  return {
    element: h('div', { class: 'field' }, h('label', { 'for': id }, label), control, hint && note, error),
    control,
    problem(what, fix = '') {
      fill(error, what, fix && h('span', {}, fix));
      if (what)
        control.setAttribute('aria-invalid', 'true');
      else
        control.removeAttribute('aria-invalid');
    },
  };
}

export function textInput(props: Props = {}): HTMLInputElement {
  return h(
    'input', { type: 'text', autocomplete: 'off', spellcheck: 'false', autocapitalize: 'off', ...props });
}

export function select(options: [value: string, label: string][], chosen: string): HTMLSelectElement {
  return h(
    'select', {}, options.map(([value, label]) => h('option', { value, selected: value === chosen }, label)));
}
