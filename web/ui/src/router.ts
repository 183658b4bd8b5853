// Addresses and pages: each address is a state that can be shared, reloaded and gone back to.

import {announce} from './components/notice';

export interface Page {
  title: string;
  element: HTMLElement;
  /** Called when the page is left. */
  stop?(): void;
}

export type PageMaker = (match: string[], query: URLSearchParams) => Page;

interface Route {
  pattern: RegExp;
  make: PageMaker;
  /** Whether the page stands inside the console's frame, for someone signed in. */
  framed: boolean;
}

const routes: Route[] = [];
let current: Page|null = null;
let show: (page: Page, framed: boolean) => void = () => undefined;
let missing: PageMaker;

export function route(pattern: RegExp, make: PageMaker, framed = true): void {
  routes.push({ pattern, make, framed });
}

export function here(): string {
  return location.pathname + location.search;
}

/**
 * Only addresses of this console: a link made by somebody else cannot send a person elsewhere after signing
 * in.
 */
export function localTarget(target: string|null): string {
  return target && /^\/(?![/\\])/.test(target) && !target.startsWith('/sign-in') ? target : '/unikernels';
}

function render(): void {
  current?.stop?.();
  current = null;
  const query = new URLSearchParams(location.search);
  for (const { pattern, make, framed } of routes) {
    const match = pattern.exec(location.pathname);
    if (match) return put(make(match.slice(1).map(safeDecode), query), framed);
  }
  put(missing([], query), true);
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function put(page: Page, framed: boolean): void {
  current = page;
  document.title = `${page.title} · Bivy`;
  show(page, framed);
}

/** Goes to an address of the console. */
export function go(address: string, replace = false): void {
  if (replace)
    history.replaceState(null, '', address);
  else
    history.pushState(null, '', address);
  render();
  scrollTo(0, 0);
  const first =
    document.querySelector<HTMLElement>('[autofocus]') ?? document.querySelector<HTMLElement>('main h1');
  first?.focus({ preventScroll: true });
  announce(document.title);
}

/** Records a page's own state (a filter, an order) in its address without leaving it. */
export function keepInAddress(values: Record<string, string>): void {
  const query = new URLSearchParams(location.search);
  for (const [key, value] of Object.entries(values)) {
    if (value)
      query.set(key, value);
    else
      query.delete(key);
  }
  const text = query.toString();
  history.replaceState(null, '', location.pathname + (text ? `?${text}` : ''));
}

function followLink(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey ||
    event.altKey)
    return;
  const link = (event.target as Element).closest?.('a');
  if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
  if (link.pathname.startsWith('/api/') || link.hash) return;
  event.preventDefault();
  go(link.pathname + link.search);
}

export function startRouter(display: (page: Page, framed: boolean) => void, notFound: PageMaker): void {
  show = display;
  missing = notFound;
  document.addEventListener('click', followLink);
  addEventListener('popstate', render);
  render();
}
