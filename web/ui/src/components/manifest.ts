// What an image is and what it asks for, in words.

import {h} from '../dom';
import {bytes, inWords, list, memory, plural, short} from '../format';
import type {Host, Image} from '../types';
import {copyButton} from './copy';

function group(image: Image, type: 'net'|'block', word: string): string {
  const names = image.devices.filter((device) => device.type === type).map((device) => device.name);
  return names.length ?
    `${inWords(names.length)} ${word} device${names.length === 1 ? '' : 's'}: ${list(names)}` :
    '';
}

/** "one network device: service", or "no devices". */
export function needs(image: Image): string {
  return [group(image, 'net', 'network'), group(image, 'block', 'block')].filter(Boolean).join('; ') ||
    'no devices';
}

const targets: Record<string, string> = {
  spt: 'spt, runs as a sandboxed process',
  hvt: 'hvt, runs as a virtual machine',
};

export function manifest(image: Image): HTMLElement {
  const fact = (label: string, value: Node|string) => [h('dt', {}, label), h('dd', {}, value)];
  return h('div', { class: 'manifest' }, h('p', {}, `It needs ${needs(image)}.`),
    h('dl', { class: 'facts' }, fact('Target', targets[image.target] ?? image.target),
      fact('Size', bytes(image.size_bytes)), fact('Least memory', memory(image.min_memory_mib)),
      fact('Digest',
        h('span', { class: 'digest' }, h('span', { class: 'mono', title: image.digest }, short(image.digest)),
          copyButton(() => image.digest, 'digest'))),
      image.used_by.length ? fact('Used by', plural(image.used_by.length, 'unikernel')) : null));
}

/** Why HOST cannot run IMAGE, and what to do about it; null when it can. */
export function obstacle(image: Image, host: Host|null): {what: string; hint: string}|null {
  const blocks = image.devices.filter((device) => device.type === 'block').map((device) => device.name);
  if (blocks.length)
    return { what: `The image needs a volume for ${list(blocks)}.`, hint: 'This host offers no volumes.' };
  if (image.target === 'hvt' && host && !host.vm)
    return {
      what: 'The image runs as a virtual machine, which this host cannot.',
      hint: 'Build it for spt, or see “bivy doctor” for what is missing.'
    };
  return null;
}
