// A server-sent event stream that heals: the browser retries a broken connection by itself, but gives up for
// good when it is answered with an error (a daemon that is down, a session that ended); this asks why and
// starts anew.

import {api, asApiError} from './api';

export type LinkState = 'connecting'|'live'|'lost';

export interface StreamHandlers {
  /** The address to open; LAST is the id of the last event seen, or ''. */
  url(last: string): string;
  events: Record<string, (data: unknown, id: string) => void>;
  state(state: LinkState): void;
  signedOut(): void;
}

export class Stream {
  private source: EventSource|null = null;
  private last = '';
  private failures = 0;
  private timer = 0;
  private closed = false;

  constructor(private readonly handlers: StreamHandlers) {
    handlers.state('connecting');
    this.open();
    addEventListener('online', this.hurry);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.source?.close();
    removeEventListener('online', this.hurry);
  }

  private readonly hurry = () => {
    if (this.timer && !this.closed) {
      clearTimeout(this.timer);
      this.open();
    }
  };

  private open(): void {
    this.timer = 0;
    this.source?.close();
    const source = new EventSource(this.handlers.url(this.last));
    this.source = source;
    source.onopen = () => {
      this.failures = 0;
      this.handlers.state('live');
    };
    source.onerror = () => {
      this.handlers.state('lost');
      if (source.readyState === EventSource.CLOSED) void this.recover();
    };
    for (const [name, handle] of Object.entries(this.handlers.events)) {
      source.addEventListener(name, (event) => this.receive(event as MessageEvent<string>, handle));
    }
  }

  private receive(event: MessageEvent<string>, handle: (data: unknown, id: string) => void): void {
    if (event.lastEventId) this.last = event.lastEventId;
    let data: unknown;
    try {
      data = event.data ? JSON.parse(event.data) : {};
    } catch {
      return; // a line cut by a dying server: the next connection repeats it
    }
    handle(data, event.lastEventId);
  }

  private async recover(): Promise<void> {
    try {
      await api.session();
    } catch (problem) {
      if (asApiError(problem).status === 401) {
        this.close();
        this.handlers.signedOut();
        return;
      }
    }
    if (this.closed) return;
    const wait = Math.min(15000, 500 * 2 ** this.failures++) * (0.75 + Math.random() / 2);
    this.timer = window.setTimeout(() => this.open(), wait);
  }
}
