/** @file The data card of a corpus. */
import { barTable, facts, table } from '../blocks.ts';
import { capitalized, formatName, formatNumber } from '../format.ts';
import { html, type Html } from '../html.ts';
import { type Entry, numbersOf, textsOf } from './entry.ts';

interface Fact {
  section: string;
  split: string;
  name: string;
  value: number | undefined;
  text: string;
}

export function dataCard({ label, table: { columns }, table: card }: Entry): Html {
  const [section, split, name, text] = ['section', 'split', 'name', 'text'].map((column) => textsOf(card, column));
  const value = numbersOf(card, 'value');
  const all = (columns['name'] ?? []).map((_, row): Fact => ({
    section: section![row]!,
    split: split![row]!,
    name: name![row]!,
    value: value[row],
    text: text![row]!,
  }));
  const whole = all.filter((fact) => fact.split === '');
  const sections = [...new Set(all.filter((fact) => fact.split !== '').map((fact) => fact.section))];
  return html`<h3>Data card${label !== '' && ` of ${label}`}</h3>
    ${facts(whole.map((fact) => [fact.name, fact.text]))}
    ${sections.map((title) =>
      splitTable(
        title,
        all.filter((fact) => fact.section === title && fact.split !== ''),
      ),
    )}`;
}

/** Facts by split, side by side; counts by length as bars. */
function splitTable(section: string, found: readonly Fact[]): Html {
  const names = [...new Set(found.map(({ name }) => name))];
  const splits = [...new Set(found.map(({ split }) => split))];
  const fact = (name: string, split: string) => found.find((each) => each.name === name && each.split === split);
  if (section === 'lengths') {
    const isFilled = (name: string): boolean => splits.some((split) => fact(name, split)?.value !== 0);
    const bins = names.slice(Math.max(0, names.findIndex(isFilled))); // no document is as short as those before
    return html`<h4>Documents by length</h4>
      ${barTable(
        'Documents by length',
        'bytes',
        bins.map((name) => name.replace(/^bytes (from )?/, '').replace(/^(\d+) to (\d+)$/, rangeOfBytes)),
        splits.map((title) => ({ title, values: bins.map((name) => fact(name, title)?.value ?? 0) })),
      )}`;
  }
  return html`<h4>${capitalized(section)}</h4>
    ${table(
      capitalized(section),
      [{ title: '' }, ...splits.map((title) => ({ title, numeric: true }))],
      names.map((name) => [formatName(name), ...splits.map((split) => fact(name, split)?.text ?? '')]),
    )}`;
}

const rangeOfBytes = (_: string, from: string, to: string): string =>
  from === to ? formatNumber(Number(from)) : `${formatNumber(Number(from))} to ${formatNumber(Number(to))}`;
