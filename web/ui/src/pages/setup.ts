// The first administrator: proves with the setup code to have started the host, then chooses a name and a
// password.

import {api, asApiError} from '../api';
import {field, textInput} from '../components/field';
import {h} from '../dom';
import type {Page} from '../router';
import {gate, passwordInput} from './signin';

const leastPassword = 10;

/** The code may come behind the # of the address, which never reaches a server's log. */
function codeFromAddress(): string {
  return new URLSearchParams(location.hash.slice(1)).get('code') ?? '';
}

export function setupPage(enter: (name: string) => void): Page {
  const given = codeFromAddress();
  const code = field('Setup code',
    textInput({ required: true, class: 'mono', value: given, autofocus: !given, maxlength: 64 }),
    '“bivy up” printed it where it was started.');
  const name = field('Your name', textInput({
    autocomplete: 'username',
    required: true,
    value: 'admin',
    maxlength: 64,
    autofocus: Boolean(given)
  }));
  const password = field(
    'Password', passwordInput(true), `${leastPassword} characters or more. Length helps, rules do not.`);
  const button = h('button', { class: 'primary', type: 'submit' }, 'Create administrator');
  const fields = [code, name, password];

  const submit = async (event: Event) => {
    event.preventDefault();
    for (const each of fields) each.problem('');
    if (password.control.value.length < leastPassword) {
      password.problem(
        `The password has ${password.control.value.length} characters.`, `Take ${leastPassword} or more.`);
      return password.control.focus();
    }
    button.disabled = true;
    try {
      enter(
        (await api.setup(code.control.value.trim(), name.control.value.trim(), password.control.value)).name);
    } catch (problem) {
      const { what, hint } = asApiError(problem);
      const at = /code/i.test(what) ? code :
        /password/i.test(what)      ? password :
        /name/i.test(what)          ? name :
                                      code;
      at.problem(what, hint);
      at.control.focus();
    }
    button.disabled = false;
  };
  const form = h('form', { onsubmit: submit }, fields.map((each) => each.element), button);
  return {
    title: 'Set up',
    element: gate('Set up this host', h('p', { class: 'quiet' }, 'It has no administrator yet.'), form)
  };
}
