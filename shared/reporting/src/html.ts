/** @file HTML as a template: everything that goes in is escaped, unless it is HTML already. */
import { withoutBidirectionalControls } from '@arrowsmith/errors';

/** Markup that needs no escaping. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a template takes: text is escaped, lists are joined, `undefined` and `false` are nothing. */
export type Child = Html | string | number | undefined | false | readonly Child[];

/** `` html`<td>${text}` `` */
export function html(strings: TemplateStringsArray, ...children: readonly Child[]): Html {
  return new Html(String.raw({ raw: strings }, ...children.map(render)));
}

function render(child: Child): string {
  if (child === undefined || child === false) return '';
  if (child instanceof Html) return child.text;
  if (typeof child === 'object') return child.map(render).join('');
  return escapeHtml(String(child));
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/**
 * Text for use between tags or in a quoted attribute. What HTML cannot hold (control characters but tab and line ends, halves of surrogate
 * pairs) becomes U+FFFD, so that any text leaves a well-formed page. What would show text in another order is written out as `\u202e`.
 */
export function escapeHtml(text: string): string {
  return withoutBidirectionalControls(text)
    .replaceAll(/\p{Surrogate}/gu, '\uFFFD')
    .replaceAll(/(?![\t\n\r])\p{Control}/gu, '\uFFFD')
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character]!);
}
