// One stream of events a browser, however many tabs are open: browsers allow six connections a host, and ten
// tabs with a stream each would stop the eleventh request. The tab that holds a named lock reads the stream
// and passes everything on over a broadcast channel; when it closes, the lock and the stream move to another
// tab. A page that holds a lock is not frozen in the background. Where locks are missing each tab reads for
// itself.

import {api} from './api';
import {Stream, type LinkState} from './stream';
import type {Unikernel} from './types';

export interface LiveHandlers {
  changed(unikernel: Unikernel): void;
  destroyed(): void;
  /** A stream has opened: what happened before may be missed, ask for everything once. */
  opened(): void;
  link(state: LinkState): void;
  signedOut(): void;
}

type Message =|{
  kind: 'changed';
  unikernel: Unikernel
}
|{ kind: 'destroyed' }|{
  kind: 'link';
  state: LinkState
}
|{ kind: 'hello' }|{ kind: 'signed-out' };

export class Live {
  private readonly channel =
    typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('bivy-events');
  private readonly stop = new AbortController();
  private stream: Stream|null = null;
  private release: () => void = () => undefined;
  private state: LinkState = 'connecting';

  constructor(private readonly handlers: LiveHandlers) {
    if (this.channel) this.channel.onmessage = (event: MessageEvent<Message>) => this.hear(event.data);
    if (!this.channel || !navigator.locks) {
      this.lead();
      return;
    }
    this.channel.postMessage({ kind: 'hello' });
    navigator.locks
      .request('bivy-events', { signal: this.stop.signal },
        () => {
          this.lead();
          return new Promise<void>((resolve) => (this.release = resolve));
        })
      .catch(() => undefined); // aborted by close()
  }

  /** Leaves the stream to other tabs. */
  close(): void {
    this.stop.abort();
    this.stream?.close();
    this.release();
    this.channel?.close();
  }

  /** Tells the other tabs that the session has ended. */
  signOut(): void {
    this.channel?.postMessage({ kind: 'signed-out' });
  }

  private lead(): void {
    const tell = (message: Message) => {
      this.channel?.postMessage(message);
      this.hear(message);
    };
    this.stream = new Stream({
      url: (last) => api.eventsUrl(last),
      events: {
        unikernel: (data) => tell({ kind: 'changed', unikernel: data as Unikernel }),
        destroyed: () => tell({ kind: 'destroyed' }),
      },
      state: (state) => tell({ kind: 'link', state }),
      signedOut: () => tell({ kind: 'signed-out' }),
    });
  }

  private hear(message: Message): void {
    switch (message.kind) {
      case 'changed':
        return this.handlers.changed(message.unikernel);
      case 'destroyed':
        return this.handlers.destroyed();
      case 'signed-out':
        return this.handlers.signedOut();
      case 'hello':
        if (this.stream) this.channel?.postMessage({ kind: 'link', state: this.state });
        return;
      case 'link':
        if (message.state === 'live' && this.state !== 'live') this.handlers.opened();
        this.state = message.state;
        return this.handlers.link(message.state);
    }
  }
}
