// A real table: sortable by its headings, its order kept in the address, its rows updated in place so that
// focus and selection survive live changes. On a phone each row reads as a card (see table.css), each cell
// with its heading's word.

import {append, h, type Child} from '../dom';
import {keepInAddress} from '../router';

export interface Column<T> {
  id: string;
  label: string;
  cell(item: T): Child;
  /** What rows are ordered by; a column without it is not sortable. */
  order?(item: T): string|number;
  numeric?: boolean;
  /** Read to screen readers only; the last column holds the row's menu. */
  unlabelled?: boolean;
  /** Left out of a card. */
  wide?: boolean;
}

export interface Table<T> {
  element: HTMLElement;
  update(items: T[]): void;
}

interface Row {
  element: HTMLTableRowElement;
  signature: string;
}

/** KEY names a row for good; USUAL is the column that orders the rows when the address does not say. */
export function table<T>(caption: string, columns: Column<T>[], key: (item: T) => string,
  query: URLSearchParams, usual = columns[0]): Table<T> {
  const rows = new Map<string, Row>();
  const body = h('tbody');
  let items: T[] = [];
  const wanted = query.get('sort') ?? '';
  let by = columns.find((column) => column.id === wanted.replace(/^-/, '') && column.order) ?? usual;
  let down = wanted.startsWith('-');

  const heads = columns.map((column) => h('th', { scope: 'col', class: classes(column) }, heading(column)));
  const head = h('thead', {}, h('tr', {}, heads));

  function heading(column: Column<T>): Child {
    if (column.unlabelled) return h('span', { class: 'unseen' }, column.label);
    if (!column.order) return column.label;
    return h('button', { type: 'button', class: 'sort', onclick: () => sortBy(column) }, column.label);
  }

  function classes(column: Column<T>): string|null {
    return [column.numeric && 'number', column.wide && 'wide', column.unlabelled && 'last']
             .filter(Boolean)
             .join(' ') ||
      null;
  }

  function sortBy(column: Column<T>): void {
    down = by === column && !down;
    by = column;
    keepInAddress({ sort: column === usual && !down ? '' : (down ? '-' : '') + column.id });
    update(items);
  }

  function sorted(): T[] {
    const order = by.order ?? key;
    return [...items].sort((a, b) => {
      const [x, y] = [order(a), order(b)];
      const sign = typeof x === 'number' && typeof y === 'number' ?
        x - y :
        String(x).localeCompare(String(y), 'en', { numeric: true });
      return (down ? -sign : sign) || key(a).localeCompare(key(b));
    });
  }

  function build(item: T): HTMLTableRowElement {
    const row = h('tr');
    columns.forEach((column, index) => {
      const cell = index === 0 ?
        h('th', { scope: 'row' }) :
        h('td', { class: classes(column), 'data-label': column.unlabelled ? null : column.label });
      append(cell, [column.cell(item)]);
      row.append(cell);
    });
    return row;
  }

  /** A changed row is replaced; the control that had the focus gets it back. */
  function rowOf(item: T): HTMLTableRowElement {
    const name = key(item);
    const signature = JSON.stringify(item);
    const old = rows.get(name);
    if (old && old.signature === signature) return old.element;
    const element = build(item);
    const focused = old?.element.contains(document.activeElement) ?
      (document.activeElement as HTMLElement).dataset.keep :
      undefined;
    old?.element.replaceWith(element);
    if (focused) element.querySelector<HTMLElement>(`[data-keep="${focused}"]`)?.focus();
    rows.set(name, { element, signature });
    return element;
  }

  function update(next: T[]): void {
    items = next;
    columns.forEach((column, index) => {
      if (column.order)
        heads[index].setAttribute('aria-sort', column !== by ? 'none' : down ? 'descending' : 'ascending');
    });
    const order = sorted();
    const present = new Set(order.map(key));
    for (const [name, row] of rows) {
      if (!present.has(name)) {
        row.element.remove();
        rows.delete(name);
      }
    }
    order.forEach((item, index) => {
      const row = rowOf(item);
      if (body.children[index] !== row) body.insertBefore(row, body.children[index] ?? null);
    });
  }

  const element =
    h('div', { class: 'table' }, h('table', {}, h('caption', { class: 'unseen' }, caption), head, body));
  return { element, update };
}
