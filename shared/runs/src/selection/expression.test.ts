import { expect, test } from 'vitest';
import { parseCondition } from './expression.ts';
import type { FieldValue } from './fields.ts';

const FIELDS: Record<string, FieldValue> = {
  'metrics.bitsPerByte': 0.9,
  'train.steps': 200,
  name: 'Wide FFN',
  dirty: false,
  pipeline: 'tinystories',
  zero: 0,
};

const holds = (text: string): boolean => parseCondition(text).holds((path) => FIELDS[path]);

test.each([
  ['metrics.bitsPerByte < 1', true],
  ['metrics.bitsPerByte<1', true],
  ['metrics.bitsPerByte <= .9', true],
  ['metrics.bitsPerByte > 9e-1', false],
  ['metrics.bitsPerByte >= 0.90', true],
  ['train.steps = 200', true],
  ['train.steps == 2e2', true],
  ['train.steps != 200', false],
  ['200 = train.steps', true],
  ['train.steps > -1', true],
  [`pipeline = 'tinystories'`, true],
  [`pipeline = "smoke"`, false],
  [`name ~ 'ffn'`, true],
  [`train.steps ~ '20'`, true],
  ['dirty = false', true],
  ['dirty = FALSE', false], // a field of that name, which no run has
  ['dirty', false],
  ['not dirty', true],
  ['name', true],
  ['zero', false],
  ['absent', false],
])('%s is %s', (text, expected) => {
  expect(holds(text)).toBe(expected);
});

test('"and" binds more tightly than "or", "not" more tightly than both, and brackets more tightly than all', () => {
  for (const a of [true, false]) {
    for (const b of [true, false]) {
      for (const c of [true, false]) {
        const is = (text: string) => parseCondition(text).holds((path) => ({ a, b, c })[path]);
        expect(is('a or b and c')).toBe(a || (b && c));
        expect(is('a || b && c')).toBe(a || (b && c));
        expect(is('(a or b) and c')).toBe((a || b) && c);
        expect(is('not a and b')).toBe(!a && b);
        expect(is('!(a and b) or not not c')).toBe(!(a && b) || c);
      }
    }
  }
});

test('comparisons with what is not there are false, whatever the operator; of two kinds nothing but "not equal" holds', () => {
  for (const operator of ['<', '<=', '>', '>=', '=', '==', '!=', '~'])
    expect(holds(`absent ${operator} 1`)).toBe(false);
  expect(holds(`train.steps = '200'`)).toBe(false);
  expect(holds(`train.steps != '200'`)).toBe(true);
  expect(holds(`name < 5`)).toBe(false);
});

test('words that only begin like "and", "or" and "not" are fields', () => {
  const condition = parseCondition('android and order or notes');
  expect(condition.fields.map(({ path }) => path)).toEqual(['android', 'order', 'notes']);
});

test.each([
  ['', 1, 'a field', 'the end'],
  ['a <', 4, 'a field', 'the end'],
  ['a < < b', 5, 'a field', '<'],
  ['a b', 3, 'an operator', 'b'],
  ['(a < 1', 7, '"\\)"', 'the end'],
  ['a < 1)', 6, 'an operator', '\\)'],
  ['and a', 1, 'a field', 'and'],
  ["name = 'x", 8, 'a closing quote', "'x"],
  ['a % 3', 3, 'a field', '% 3'],
  ['a < 1.2.3', 5, 'a field', '1.2.3'],
])('"%s" is refused at character %i', (text, at, expected, found) => {
  expect(() => parseCondition(text)).toThrow(
    new RegExp(`at character ${at}\n[^]*\n {${at + 1}}\\^\n[^]*expected: +${expected}[^]*found: +${found}[^]*to do`),
  );
});
