// Signing in: a name and a password, then on to the address that was wanted.

import {api, asApiError} from '../api';
import {field, textInput} from '../components/field';
import {mark} from '../components/icon';
import {h, type Child} from '../dom';
import type {Page} from '../router';

/** The card that pages outside the console's frame stand in. */
export function gate(title: string, ...content: Child[]): HTMLElement {
  return h('main', { class: 'gate' }, h('div', { class: 'terrain', 'aria-hidden': 'true' }),
    h('section', { class: 'card' }, h('div', { class: 'brand' }, mark(), h('b', {}, 'Bivy')),
      h('h1', { tabindex: -1 }, title), content));
}

export function passwordInput(fresh: boolean): HTMLInputElement {
  return textInput({
    type: 'password',
    autocomplete: fresh ? 'new-password' : 'current-password',
    required: true,
    maxlength: 1024
  });
}

export function signInPage(enter: (name: string) => void): Page {
  const name =
    field('Name', textInput({ autocomplete: 'username', required: true, autofocus: true, maxlength: 64 }));
  const password = field('Password', passwordInput(false));
  const button = h('button', { class: 'primary', type: 'submit' }, 'Sign in');
  const submit = async (event: Event) => {
    event.preventDefault();
    button.disabled = true;
    password.problem('');
    try {
      enter((await api.signIn(name.control.value, password.control.value)).name);
    } catch (problem) {
      const { what, hint } = asApiError(problem);
      password.problem(what, hint);
      password.control.select();
    }
    button.disabled = false;
  };
  const form = h('form', { onsubmit: submit }, name.element, password.element, button);
  return { title: 'Sign in', element: gate('Sign in', h('p', { class: 'quiet mono' }, location.host), form) };
}
