// The one client of the REST API: every request of the console leaves through here.
//
// One place knows the cross-site token, what an error body looks like, and what to do when the session has
// ended; pages see typed results or an ApiError that says what failed and what to do.

import type {DeploySpec, Host, Image, Session, Unikernel, UploadState} from './types';

const root = '/api/v1';

export class ApiError extends Error {
  constructor(readonly status: number, readonly what: string, readonly hint = '') {
    super(hint ? `${what} (${hint})` : what);
  }
  /** True when asking again later may help: nobody answered, or the daemon behind the server did not. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

let csrf = '';
let whenSignedOut: () => void = () => undefined;

export function onSignedOut(callback: () => void): void {
  whenSignedOut = callback;
}

export function asApiError(problem: unknown): ApiError {
  return problem instanceof ApiError ? problem : new ApiError(-1, String(problem), 'Reload the page.');
}

interface Options {
  body?: unknown;
  bytes?: Blob;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  anonymous?: boolean;
  timeout_ms?: number;
}

async function send(method: string, path: string, options: Options): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json', ...options.headers };
  if (options.bytes)
    headers['Content-Type'] = 'application/octet-stream';
  else if (method !== 'GET')
    headers['Content-Type'] = 'application/json';
  if (method !== 'GET' && csrf) headers['X-Bivy-CSRF'] = csrf;
  const body = options.bytes ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
  const stop = new AbortController();
  const cancel = () => stop.abort();
  options.signal?.addEventListener('abort', cancel);
  const timer = setTimeout(cancel, options.timeout_ms ?? 30000);
  try {
    return await fetch(root + path,
      { method, headers, body, signal: stop.signal, credentials: 'same-origin', cache: 'no-store' });
  } catch {
    throw new ApiError(
      0, `${location.host}: no answer`, 'It is asked again by itself; “bivy up” starts the server.');
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', cancel);
  }
}

async function failure(response: Response): Promise<ApiError> {
  try {
    const { error } = (await response.json()) as { error: { what: string; hint?: string } };
    return new ApiError(response.status, String(error.what), error.hint ? String(error.hint) : '');
  } catch {
    return new ApiError(
      response.status, `The server answered ${response.status} ${response.statusText}`.trim());
  }
}

/**
 * A token is refused when another tab has signed in anew: the cookie is shared, the token of this tab is
 * old.
 */
async function refreshToken(): Promise<boolean> {
  const old = csrf;
  const response = await send('GET', '/session', {});
  if (response.ok) csrf = ((await response.json()) as Session).csrf;
  return response.ok && csrf !== old;
}

async function call<T>(method: string, path: string, options: Options = {}): Promise<T> {
  let response = await send(method, path, options);
  if (response.status === 403 && method !== 'GET' && (await refreshToken()))
    response = await send(method, path, options);
  if (response.status === 401 && !options.anonymous) whenSignedOut();
  if (!response.ok) throw await failure(response);
  if (response.status === 204) return undefined as unknown as T;
  try {
    return (await response.json()) as T;
  } catch {
    throw new ApiError(0, `${location.host}: the answer was cut off`, 'The console tries again by itself.');
  }
}

async function enter(path: string, body: object): Promise<Session> {
  const session = await call<Session>('POST', path, { body, anonymous: true });
  csrf = session.csrf;
  return session;
}

const one = (name: string) => `/unikernels/${encodeURIComponent(name)}`;

export const api = {
  setupNeeded: async () => (await call<{needed: boolean}>('GET', '/setup', {anonymous: true})).needed,
  setup: (setup_code: string, name: string, password: string) =>
    enter('/setup', {setup_code, name, password}),
  signIn: (name: string, password: string) => enter('/session', {name, password}),
  signOut: () => call<void>('DELETE', '/session'),
  async session(): Promise<Session> {
    const session = await call<Session>('GET', '/session', { anonymous: true });
    csrf = session.csrf;
    return session;
  },
  host: () => call<Host>('GET', '/host'),
  unikernels: () => call<Unikernel[]>('GET', '/unikernels'),
  unikernel: (name: string) => call<Unikernel>('GET', one(name)),
  deploy: (spec: DeploySpec) => call<Unikernel>('POST', '/unikernels', {body: spec, timeout_ms: 60000}),
  destroy: (name: string) => call<void>('DELETE', one(name)),
  act: (name: string, verb: 'stop'|'start'|'restart') => call<Unikernel>('POST', `${one(name)}/${verb}`),
  images: () => call<Image[]>('GET', '/images'),
  image: (digest: string) => call<Image>('GET', `/images/${encodeURIComponent(digest)}`),
  imageRemove: (digest: string) => call<void>('DELETE', `/images/${encodeURIComponent(digest)}`),
  uploadStart: (name: string, size_bytes: number) =>
    call<UploadState>('POST', '/uploads', {body: {name, size_bytes}}),
  uploadState: (id: string) => call<UploadState>('GET', `/uploads/${encodeURIComponent(id)}`),
  uploadCancel: (id: string) => call<void>('DELETE', `/uploads/${encodeURIComponent(id)}`),
  uploadSend: (id: string, offset: number, bytes: Blob, signal: AbortSignal) =>
    call<UploadState>('PATCH', `/uploads/${encodeURIComponent(id)}`, {
      bytes,
      signal,
      headers: {'Upload-Offset': String(offset)},
      timeout_ms: 120000,
    }),
  consoleUrl: (name: string, from: string) => `${root}${one(name)}/console?${from}`,
  eventsUrl: (after: string) => `${root}/events${after ? `?after=${encodeURIComponent(after)}` : ''}`,
};
