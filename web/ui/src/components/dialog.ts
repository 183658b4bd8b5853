// Questions that must be answered before something is lost.

import {ApiError, asApiError} from '../api';
import {fill, freshId, h} from '../dom';
import type {Child} from '../dom';

interface Question {
  title: string;
  body: Child;
  action: string;
  /** A word that must be typed first, for what cannot be undone. */
  typed?: string;
  /** Does it; the dialog stays and shows the reason when it fails. */
  act(): Promise<void>;
}

export function ask(question: Question): void {
  const id = freshId('dialog');
  const problem = h('p', { class: 'problem', role: 'alert' });
  const confirm =
    h('button', { class: 'danger', type: 'submit', disabled: question.typed !== undefined }, question.action);
  const typed = h('input', {
    type: 'text',
    class: 'mono',
    autocomplete: 'off',
    spellcheck: 'false',
    autocapitalize: 'off',
    id: `${id}-typed`
  });
  typed.addEventListener('input', () => (confirm.disabled = typed.value !== question.typed));
  const submit = async (event: Event) => {
    event.preventDefault();
    confirm.disabled = true;
    try {
      await question.act();
      dialog.close();
    } catch (failure) {
      const { what, hint }: ApiError = asApiError(failure);
      fill(problem, what, hint && h('span', {}, hint));
      confirm.disabled = false;
    }
  };
  const form: HTMLFormElement = h('form', { onsubmit: submit }, h('h2', { id }, question.title),
    h('div', { class: 'body' }, question.body),
    question.typed !== undefined &&
      h('label', { class: 'typed', 'for': `${id}-typed` }, 'Type ', h('b', { class: 'mono' }, question.typed),
        ' to confirm'),
    question.typed !== undefined && typed, problem,
    h('div', { class: 'buttons' }, h('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel'),
      confirm));
  const dialog: HTMLDialogElement = h('dialog', { 'aria-labelledby': id }, form);
  dialog.addEventListener('close', () => dialog.remove());
  dialog.addEventListener('mousedown', (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  (question.typed === undefined ? confirm : typed).focus();
}
