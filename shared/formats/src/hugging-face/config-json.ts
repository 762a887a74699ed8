/**
 * @file The text of a config.json. JSON has one kind of number, Python two: version 5 of transformers refuses a 30 where it wants a float, and a 30.0
 * where it wants an int. So numbers of fields that are no sizes or counts are written with a fraction.
 */
import { configTable, type ArchitectureName, type FieldRule } from './config-table.ts';

const FLOATS = new Set(['number', 'positive', 'notNegative', 'shares']);

/** Fields that any number makes sense for, but version 5 of transformers takes whole ones only. */
export const WHOLE_NUMBERS: ReadonlySet<string> = new Set(['query_pre_attn_scalar', 'floor_scale']);

/** Fields that no import reads, and fields of rotary positions. */
const OTHER_FLOATS = new Set([
  'initializer_range',
  'factor',
  'attention_factor',
  'beta_fast',
  'beta_slow',
  'low_freq_factor',
  'high_freq_factor',
]);

/** Stands before a number in the text that is to have a fraction; nothing else in a config.json begins so. */
const MARK = 'float:';

export function configJson(architecture: ArchitectureName, json: Readonly<Record<string, unknown>>): string {
  const table: Record<string, FieldRule> = configTable[architecture];
  const isFloat = (name: string): boolean => {
    if (WHOLE_NUMBERS.has(name)) return false;
    return OTHER_FLOATS.has(name) || (Object.hasOwn(table, name) && FLOATS.has(table[name]?.kind ?? ''));
  };
  const marked = (value: unknown): unknown =>
    typeof value === 'number' && /^-?\d+$/.test(String(value)) ? `${MARK}${value}` : value;
  const text = JSON.stringify(
    json,
    (name, value: unknown) => (isFloat(name) ? (Array.isArray(value) ? value.map(marked) : marked(value)) : value),
    2,
  );
  return `${text.replaceAll(new RegExp(`"${MARK}(-?\\d+)"`, 'g'), '$1.0')}\n`;
}
