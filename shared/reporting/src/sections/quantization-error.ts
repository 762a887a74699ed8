/** @file How far quantized tensors are from the original ones. */
import { barTable, note, plainTable, unfold } from '../blocks.ts';
import { capitalized, formatName, formatNumber } from '../format.ts';
import { html, type Html } from '../html.ts';
import { type Entry, numbersOf, textsOf } from './entry.ts';

/** Tensors that are shown without unfolding. */
const WORST = 12;

export function quantizationError({ label, table }: Entry): Html {
  const names = textsOf(table, 'name');
  const relative = numbersOf(table, 'relative').map((value) => value ?? NaN);
  const decibels = numbersOf(table, 'signalToNoiseDb').map((value) => value ?? NaN);
  const worst = names
    .map((_, row) => row)
    .sort((a, b) => relative[b]! - relative[a]!)
    .slice(0, WORST);
  return html`<h3>Error by tensor${label !== '' && ` of ${label}`}</h3>
    ${names.length > worst.length && note(`The ${worst.length} of ${formatNumber(names.length)} tensors with the largest error.`)}
    ${barTable(
      'Error by tensor',
      'tensor',
      worst.map((row) => names[row]!),
      [
        {
          title: 'relative error',
          values: worst.map((row) => relative[row]!),
          format: (value) => `${formatNumber(100 * value, 3)} %`,
        },
        {
          title: 'signal to noise',
          values: worst.map((row) => decibels[row]!),
          format: (value) => `${value.toFixed(1)} dB`,
        },
      ],
    )}
    ${unfold(
      `All ${formatNumber(names.length)} tensors`,
      plainTable('Error of all tensors', table.columns, (name) => capitalized(formatName(name))),
    )}`;
}
