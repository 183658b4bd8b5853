// The console's few drawings: icons, the mark, and the shape that goes with each state's word.

import {svg} from '../dom';
import type {StateName} from '../types';

const strokes = {
  unikernels: ['M2.5 13 8 3.5 13.5 13z', 'M8 8.5 5.8 13h4.4z'],
  images: ['M8 1.8 13.5 5v6L8 14.2 2.5 11V5z', 'M2.5 5 8 8.2 13.5 5', 'M8 8.2v6'],
  usage: ['M2.5 13.5V9', 'M6.2 13.5V5', 'M9.8 13.5v-6', 'M13.5 13.5v-11'],
  settings: [
    'M2 5h6', 'M12 5h2', 'M10 3a2 2 0 1 1 0 4 2 2 0 0 1 0-4z', 'M2 11h2', 'M8 11h6',
    'M6 9a2 2 0 1 1 0 4 2 2 0 0 1 0-4z'
  ],
  search: ['M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9z', 'm10.3 10.3 3.2 3.2'],
  close: ['m4 4 8 8', 'm12 4-8 8'],
  more: ['M3.2 8h.01', 'M8 8h.01', 'M12.8 8h.01'],
  out: ['M6 3H3v10h10v-3', 'M9 2.5h4.5V7', 'M13.2 2.8 7.5 8.5'],
  copy: ['M5.5 5.5v-3h8v8h-3', 'M2.5 5.5h8v8h-8z'],
  down: ['M8 2.5v8', 'm4.5 7.5 3.5 3.5 3.5-3.5', 'M3 13.5h10'],
  plus: ['M8 3v10', 'M3 8h10'],
  up: ['M8 11V3', 'M4.5 6.2 8 2.7l3.5 3.5', 'M2.5 10v3.5h11V10'],
};

export type IconName = keyof typeof strokes;

export function icon(name: IconName): SVGElement {
  return svg('svg', { class: `icon icon-${name}`, viewBox: '0 0 16 16', 'aria-hidden': 'true' },
    strokes[name].map((d) => svg('path', { d })));
}

export function mark(): SVGElement {
  return svg('svg', { class: 'mark', viewBox: '0 0 24 24', 'aria-hidden': 'true' },
    svg('path', { class: 'tent', d: 'M2.5 20 12 4.5 21.5 20z' }),
    svg('path', { class: 'door', d: 'M12 11.5 8.2 20h7.6z' }));
}

const shapes: Record<StateName, () => SVGElement[]> = {
  running: () => [svg('circle', { cx: 6, cy: 6, r: 4, class: 'solid' })],
  starting:
    () => [svg('circle', { cx: 6, cy: 6, r: 4 }), svg('path', { d: 'M6 2a4 4 0 0 1 0 8z', class: 'solid' })],
  stopping:
    () => [svg('circle', { cx: 6, cy: 6, r: 4 }), svg('path', { d: 'M6 2a4 4 0 0 0 0 8z', class: 'solid' })],
  'crash-loop': () => [svg('circle', { cx: 6, cy: 6, r: 4, class: 'dashed' })],
  waiting: () => [svg('circle', { cx: 6, cy: 6, r: 4, class: 'dashed' })],
  stopped: () => [svg('rect', { x: 2.5, y: 2.5, width: 7, height: 7, rx: 1 })],
  exited: () => [svg('circle', { cx: 6, cy: 6, r: 4 })],
  failed: () => [svg('path', { d: 'M6 1.2 11.3 10.6H.7z', class: 'solid' })],
};

/** The shape of a state; the word always stands beside it. */
export function shape(state: StateName): SVGElement {
  const draw = shapes[state] ?? shapes.stopped;
  return svg('svg', { class: `shape ${state}`, viewBox: '0 0 12 12', 'aria-hidden': 'true' }, draw());
}
