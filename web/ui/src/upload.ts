// Sends one file in pieces that can be repeated: after a cut, the server is asked how far it got and the rest
// follows.
//
// The piece grows while the line is fast and shrinks while it is slow, so that the bar moves about once a
// second and little is lost with a piece. A file whose digest the library knows is not sent at all.

import {api, asApiError, ApiError} from './api';
import type {Image} from './types';

const smallest = 64 * 1024;
const largest = 1024 * 1024;
const hashed_at_most = 64 * 1024 * 1024;

export type Phase = 'looking'|'sending'|'cut'|'done'|'failed'|'cancelled';

export interface Progress {
  phase: Phase;
  sent: number;
  total: number;
  bytes_per_second: number;
  /** True when the library had the file already. */
  known: boolean;
  image?: Image;
  problem?: ApiError;
}

/** The digest as hexadecimal text, or '' where the browser cannot tell. */
async function digestOf(file: Blob): Promise<string> {
  if (!crypto.subtle || file.size > hashed_at_most) return '';
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()));
  return [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

export class Upload {
  readonly progress: Progress;
  private id = '';
  private piece = 256 * 1024;
  private failures = 0;
  private readonly stop = new AbortController();
  private wake: () => void = () => undefined;

  constructor(readonly file: File, private readonly tell: (progress: Progress) => void) {
    this.progress = { phase: 'looking', sent: 0, total: file.size, bytes_per_second: 0, known: false };
    void this.run();
  }

  cancel(): void {
    if (['done', 'failed', 'cancelled'].includes(this.progress.phase)) return;
    this.stop.abort();
    this.wake();
    if (this.id)
      api.uploadCancel(this.id).catch(() => undefined); // the server forgets abandoned uploads by itself
    this.report({ phase: 'cancelled' });
  }

  /** After a cut: tries at once instead of waiting. */
  resume(): void {
    this.wake();
  }

  private report(change: Partial<Progress>): void {
    if (this.progress.phase === 'cancelled') return;
    Object.assign(this.progress, change);
    this.tell(this.progress);
  }

  private async run(): Promise<void> {
    try {
      if (this.file.size === 0) throw new ApiError(-1, `${this.file.name}: the file is empty`);
      const image = (await this.fromLibrary()) ?? (await this.sendAll());
      if (image) this.report({ phase: 'done', image, sent: this.file.size });
    } catch (problem) {
      if (!this.stop.signal.aborted) this.report({ phase: 'failed', problem: asApiError(problem) });
    }
  }

  private async fromLibrary(): Promise<Image|undefined> {
    this.report({ phase: 'looking' });
    const digest = await digestOf(this.file);
    if (!digest) return undefined;
    try {
      const image = await api.image(digest);
      this.progress.known = true;
      return image;
    } catch {
      return undefined;
    }
  }

  private async sendAll(): Promise<Image|undefined> {
    while (!this.stop.signal.aborted) {
      try {
        const image = await this.sendRest();
        if (image) return image;
      } catch (problem) {
        const error = asApiError(problem);
        if (this.stop.signal.aborted) return undefined;
        if (!error.passing && error.status !== 404 && error.status !== 409) throw error;
        if (error.status === 404) this.id = ''; // the server has forgotten it: from the beginning
        this.report({ phase: 'cut', problem: error });
        await this.pause(Math.min(15000, 1000 * 2 ** this.failures++));
      }
    }
    return undefined;
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Sends from where the server says it is to the end. */
  private async sendRest(): Promise<Image|undefined> {
    let state =
      this.id ? await api.uploadState(this.id) : await api.uploadStart(this.file.name, this.file.size);
    if (state.id) this.id = state.id;
    while (!state.image) {
      const from = state.offset_bytes;
      this.report({ phase: 'sending', sent: from, problem: undefined });
      const begun = performance.now();
      const piece = this.file.slice(from, from + this.piece);
      state = await api.uploadSend(this.id, from, piece, this.stop.signal);
      this.failures = 0;
      this.measure(state.offset_bytes - from, performance.now() - begun);
      if (!state.image && state.offset_bytes <= from)
        throw new ApiError(0, `${this.file.name}: the upload does not move on`);
    }
    return state.image;
  }

  private measure(sent: number, ms: number): void {
    const rate = (sent * 1000) / Math.max(ms, 1);
    const before = this.progress.bytes_per_second;
    this.progress.bytes_per_second = before ? before * 0.7 + rate * 0.3 : rate;
    if (ms < 500)
      this.piece = Math.min(largest, this.piece * 2);
    else if (ms > 2000)
      this.piece = Math.max(smallest, this.piece / 2);
  }
}
