// Builds elements. Text reaches the page only as text nodes, so nothing that a guest, a file or a peer wrote
// is ever parsed as markup; links take web addresses and nothing else.

export type Child = Node|string|number|null|undefined|false|Child[];
type Value = string|number|boolean|null|undefined|((event: never) => void);
export type Props = Record<string, Value>&{style?: never};

const svgSpace = 'http://www.w3.org/2000/svg';

function apply(element: Element, props: Props): void {
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === 'function')
      element.addEventListener(key.slice(2), value as unknown as EventListener);
    else if (key === 'href')
      element.setAttribute('href', safeLink(String(value)));
    else
      element.setAttribute(key, value === true ? '' : String(value));
  }
}

export function append(parent: Node, children: Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child))
      append(parent, child);
    else
      parent.appendChild(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** h('a', { href: '/', onclick: f }, 'Home'): an element with attributes, listeners and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K, props: Props = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  apply(element, props);
  append(element, children);
  return element;
}

export function svg(tag: string, props: Props = {}, ...children: Child[]): SVGElement {
  const element = document.createElementNS(svgSpace, tag);
  apply(element, props);
  append(element, children);
  return element;
}

export function fill(parent: Element, ...children: Child[]): void {
  parent.replaceChildren();
  append(parent, children);
}

/** An address with a scheme other than http(s) becomes one that leads nowhere. */
export function safeLink(address: string): string {
  if (/^\/(?!\/)/.test(address) || address.startsWith('#') || address.startsWith('blob:')) return address;
  return /^https?:\/\//i.test(address) ? address : '#';
}

let serial = 0;
export const freshId = (stem: string) => `${stem}-${++serial}`;

/** Sets text only when it differs, so that a live region speaks once. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
