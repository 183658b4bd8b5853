// What can be done to a unikernel or an image, from wherever it is listed.

import {api, asApiError} from './api';
import {deployCommand, specOf} from './command';
import {copy} from './components/copy';
import {ask} from './components/dialog';
import type {Item} from './components/menu';
import {say, sayFailure} from './components/notice';
import {settled} from './components/state';
import {h} from './dom';
import {list, short} from './format';
import {go} from './router';
import {forget, learn} from './store';
import type {Image, Unikernel} from './types';

export const pageOf = (name: string) => `/unikernels/${encodeURIComponent(name)}`;

export async function act(name: string, verb: 'stop'|'start'|'restart'): Promise<void> {
  try {
    learn(await api.act(name, verb));
  } catch (problem) {
    sayFailure(asApiError(problem));
  }
}

export function destroy(name: string, then: () => void = () => undefined): void {
  ask({
    title: `Destroy ${name}?`,
    body: h('p', {},
      'It stops at once, and its configuration and console are gone. The image stays in the library.'),
    action: 'Destroy',
    typed: name,
    async act() {
      await api.destroy(name);
      forget(name);
      say(`${name} is destroyed`);
      then();
    },
  });
}

export function unikernelItems(unikernel: Unikernel): Item[] {
  const { name } = unikernel;
  const down = settled(unikernel);
  return [
    down ? { label: 'Start', act: () => void act(name, 'start') } :
           { label: 'Stop', act: () => void act(name, 'stop') },
    ...(down ? [] : [{ label: 'Restart', act: () => void act(name, 'restart') }]),
    { label: 'Change and deploy again', act: () => go(`/deploy?from=${encodeURIComponent(name)}`) },
    { label: 'Copy as command line', act: () => void copy(deployCommand(specOf(unikernel)), 'Command line') },
    { label: 'Destroy', danger: true, act: () => destroy(name) },
  ];
}

export function imageItems(image: Image, then: () => void): Item[] {
  const used = image.used_by.length > 0;
  return [
    { label: 'Deploy', act: () => go(`/deploy?image=${image.digest}`) },
    { label: 'Copy digest', act: () => void copy(image.digest, 'Digest') },
    {
      label: 'Remove',
      danger: true,
      refused: used ? `used by ${list(image.used_by.slice(0, 3))}` : undefined,
      act: () => ask({
        title: `Remove image ${short(image.digest)}?`,
        body: h('p', {}, 'Nothing uses it. To deploy it again, its file has to be sent again.'),
        action: 'Remove',
        async act() {
          await api.imageRemove(image.digest);
          then();
        },
      }),
    },
  ];
}
