/** @file What a tokenizer learnt: how long its tokens are, the longest ones, its first merges. */
import { barTable, facts, table } from '../blocks.ts';
import { formatNumber } from '../format.ts';
import { html, type Html } from '../html.ts';
import type { ReportTable } from '../run.ts';
import { type Entry, numbersOf, textsOf } from './entry.ts';

/** Tokens from this length on are counted together. */
const LONG = 16;
const LONGEST_SHOWN = 24;
const MERGES_SHOWN = 12;

export function vocabulary({ label, table: tokens, step }: Entry): Html {
  const texts = textsOf(tokens, 'text');
  const special = tokens.columns['special'] ?? [];
  const lengths = (tokens.columns['bytes'] ?? []).map((value) => (value instanceof Uint8Array ? value.length : 0));
  const ordinary = texts.map((_, id) => id).filter((id) => special[id] !== true);
  const counts = new Map<number, number>();
  for (const id of ordinary) {
    const bin = Math.min(LONG, lengths[id]!);
    counts.set(bin, (counts.get(bin) ?? 0) + 1);
  }
  const bins = Array.from({ length: Math.max(0, ...counts.keys()) }, (_, i) => i + 1);
  const longest = [...ordinary].sort((a, b) => lengths[b]! - lengths[a]!).slice(0, LONGEST_SHOWN); // stable
  const specials = texts.filter((_, id) => special[id] === true);
  const merges = step.tables.find(({ kind }) => kind === 'merges');
  return html`<h3>Vocabulary${label !== '' && ` of ${label}`}</h3>
    ${facts([
      ['tokens', formatNumber(texts.length)],
      ['special', specials.length === 0 ? 'none' : tokenList(specials)],
      ...(tokens.metadata['pattern'] === undefined
        ? []
        : [['pattern', html`<code>${tokens.metadata['pattern']}</code>`] as const]),
      ['longest', tokenList(longest.map((id) => texts[id]!))],
    ])}
    <h4>Tokens by length</h4>
    ${barTable(
      'Tokens by length',
      'bytes',
      bins.map((bin) => (bin === LONG ? `${LONG} and more` : String(bin))),
      [{ title: 'tokens', values: bins.map((bin) => counts.get(bin) ?? 0) }],
    )}
    ${merges !== undefined && firstMerges(merges, texts)}`;
}

function firstMerges(merges: ReportTable, texts: readonly string[]): Html {
  const [left, right, product] = ['left', 'right', 'token'].map((name) => numbersOf(merges, name));
  const spelled = (ids: readonly (number | undefined)[] | undefined, row: number) =>
    token(texts[ids?.[row] ?? -1] ?? '?');
  const rows = Array.from({ length: Math.min(MERGES_SHOWN, left!.length) }, (_, row) => [
    String(row + 1),
    spelled(left, row),
    spelled(right, row),
    spelled(product, row),
  ]);
  return html`<h4>First merges of ${formatNumber(left!.length)}</h4>
    ${table('First merges', [{ title: 'merge' }, { title: 'left' }, { title: 'right' }, { title: 'token' }], rows)}`;
}

/** In quotes, so that spaces and line ends are seen. */
const token = (text: string): Html => html`<code>${JSON.stringify(text)}</code>`;

const tokenList = (texts: readonly string[]): Html =>
  html`<span class="tokens">${texts.map((text) => html`${token(text)} `)}</span>`;
