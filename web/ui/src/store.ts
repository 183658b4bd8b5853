// What the console knows right now: the unikernels, the host's budget, the link. Pages read it and are told
// when it changed.

import {api, asApiError, type ApiError} from './api';
import {announce} from './components/notice';
import {Live} from './live';
import type {LinkState} from './stream';
import type {Host, Unikernel} from './types';

export interface Known {
  unikernels: Map<string, Unikernel>;
  host: Host|null;
  loaded: boolean;
  link: LinkState;
  /** Why the daemon's answer is missing, or null. */
  problem: ApiError|null;
  session: string;
}

export const known: Known = {
  unikernels: new Map(),
  host: null,
  loaded: false,
  link: 'connecting',
  problem: null,
  session: ''
};

const listeners = new Set<() => void>();
let live: Live|null = null;
let scheduled = 0;
let refreshing = false;
let retry = 0;
let hostTimer = 0;
let refreshTimer = 0;
const missed: (() => void)[] = [];

export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Changes come in bursts; pages are told once per burst. */
function changed(): void {
  if (!scheduled) {
    scheduled = window.setTimeout(() => {
      scheduled = 0;
      for (const listener of [...listeners]) listener();
    }, 16);
  }
}

function apply(change: () => void): void {
  if (refreshing)
    missed.push(change); // events overtake the list that is on its way: they are applied to it
  else
    change();
  changed();
}

function take(unikernel: Unikernel): void {
  const before = known.unikernels.get(unikernel.name);
  known.unikernels.set(unikernel.name, unikernel);
  if (before?.state === unikernel.state) return;
  announce(`${unikernel.name} is ${unikernel.state}`);
  refreshHostSoon();
}

function drop(name: string): void {
  if (known.unikernels.delete(name)) announce(`${name} is destroyed`);
  refreshHostSoon();
}

function refreshHostSoon(): void {
  if (hostTimer) return;
  hostTimer = window.setTimeout(() => {
    hostTimer = 0;
    void refreshHost();
  }, 250);
}

async function refreshHost(): Promise<void> {
  try {
    known.host = await api.host();
  } catch {
    return; // the next refresh says why
  }
  changed();
}

/**
 * An event of the past may be repeated after a reconnection, and a name may have been used again since: what
 * is there is asked, not concluded.
 */
function refreshSoon(): void {
  if (refreshTimer) return;
  refreshTimer = window.setTimeout(() => {
    refreshTimer = 0;
    void refresh();
  }, 100);
}

/**
 * Takes the whole list as the truth; a change that the list brings before its event is spoken like any
 * other.
 */
function takeAll(unikernels: Unikernel[]): void {
  const before = known.unikernels;
  known.unikernels = new Map(unikernels.map((unikernel) => [unikernel.name, unikernel]));
  for (const name of before.keys())
    if (!known.unikernels.has(name)) announce(`${name} is destroyed`);
  for (const { name, state } of known.loaded ? unikernels : [])
    if (before.get(name)?.state !== state) announce(`${name} is ${state}`);
  known.loaded = true;
}

/** Asks for everything; repeats by itself while the daemon does not answer. */
export async function refresh(): Promise<void> {
  if (refreshing) return refreshSoon();
  refreshing = true;
  clearTimeout(retry);
  const asker = live;
  try {
    const [host, unikernels] = await Promise.all([api.host(), api.unikernels()]);
    if (asker !== live) return; // the session that asked has ended
    known.host = host;
    takeAll(unikernels);
    known.problem = null;
  } catch (problem) {
    if (asker !== live) return;
    known.problem = asApiError(problem);
    if (known.problem.passing && live) retry = window.setTimeout(() => void refresh(), 3000);
  } finally {
    refreshing = false;
  }
  for (const change of missed.splice(0)) change();
  changed();
}

/** An answer of the API that is newer than the stream: shown at once. */
export function learn(unikernel: Unikernel): void {
  apply(() => take(unikernel));
}

export function forget(name: string): void {
  apply(() => drop(name));
}

export function start(session: string, signedOut: () => void): void {
  if (live) return;
  known.session = session;
  live = new Live({
    changed: learn,
    destroyed: refreshSoon,
    opened: () => void refresh(),
    link(state) {
      known.link = state;
      changed();
    },
    signedOut,
  });
  void refresh();
}

/** Forgets everything; TELL also ends the other tabs' pages. */
export function stop(tell: boolean): void {
  if (tell) live?.signOut();
  live?.close();
  live = null;
  clearTimeout(retry);
  clearTimeout(refreshTimer);
  refreshTimer = 0;
  missed.length = 0;
  Object.assign(known,
    { unikernels: new Map(), host: null, loaded: false, link: 'connecting', problem: null, session: '' });
}
