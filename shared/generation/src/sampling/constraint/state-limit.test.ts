import { describe, expect, test } from 'vitest';
import { jsonSchemaAutomaton, regularExpressionAutomaton } from './constraint.ts';
import { jsonSchema } from './json-schema.ts';
import { compile } from './nfa.ts';
import { regularExpression } from './regular-expression.ts';
import { stateCount } from './state-limit.ts';

test.each(['', 'abc', 'a|bc|', '(a{2,4}b?){0,3}', 'a{0}', 'a*', '(ab+){2,}', '[^a-z]é?', '\\p{L}{1,3}', '.{2}'])(
  'states are counted before there are any: %s',
  (source) => {
    const expression = regularExpression(source);
    expect(stateCount(expression)).toBe(compile(expression).steps.length);
  },
);

test.each([
  true,
  { type: 'array', items: { type: 'integer', minimum: -7, maximum: 1234 }, minItems: 2 },
  { type: 'array', items: { type: 'boolean' }, maxItems: 3 },
  { type: 'object', properties: { a: { type: 'string', maxLength: 3 }, b: { enum: ['ö', 1] } }, required: ['b'] },
])('states of a schema are counted, too: %j', (schema) => {
  const expression = jsonSchema(schema);
  expect(stateCount(expression)).toBe(compile(expression).steps.length);
});

/** A reference that has two of itself within it, and others of those: without a limit, there is no end. */
const references = {
  $ref: '#/$defs/0',
  $defs: Object.fromEntries(
    Array.from({ length: 12 }, (_, i) => [
      i,
      { type: 'array', items: { anyOf: Array.from({ length: 12 }, (_each, j) => ({ $ref: `#/$defs/${j}` })) } },
    ]),
  ),
};

describe('what is too large is refused, before time or memory is taken for it', () => {
  // Each would not end within the time of a test if it were built, or take all memory.
  test.each([
    { type: 'string', pattern: '((a{1,100000}){1,100000}){1,100000}' },
    { type: 'string', pattern: Array.from({ length: 3000 }, (_, i) => `[a\\u{${(i + 256).toString(16)}}]`).join('') },
    { type: 'string', minLength: 1e15 },
    { type: 'array', items: { type: 'null' }, maxItems: 4e9 },
    references,
  ])('%j', (schema) => {
    expect(() => jsonSchemaAutomaton(schema, { mostStates: 20_000 })).toThrow('at most 20000 states');
  });

  /** JSON within JSON. */
  const nested = (levels: number, around: (inner: unknown) => unknown): unknown =>
    Array.from({ length: levels }).reduce<unknown>((inner) => around(inner), {});
  const arrays = (levels: number) => nested(levels, (items) => ({ type: 'array', items }));
  const chain = Object.fromEntries(
    Array.from({ length: 3000 }, (_, i) => [`${i}`, { type: 'array', items: { $ref: `#/$defs/${i + 1}` } }]),
  );

  test.each([
    ['schemas within each other', arrays(5000)],
    ['so many that JavaScript cannot even write them', arrays(100_000)],
    ['a constant', { const: nested(100_000, (inner) => [inner]) }],
    ['references that refer to references', { $ref: '#/$defs/0', $defs: { ...chain, 3000: {} } }],
  ])('what is nested too deeply: %s', (_, schema) => {
    expect(() => jsonSchemaAutomaton(schema)).toThrow('at most 200 levels');
  });

  test('not one whose parts are one object, which JSON has again and again', () => {
    const twice = nested(40, (inner) => ({ anyOf: [inner, inner] }));
    expect(() => jsonSchemaAutomaton(twice)).toThrow('at most 300000 states'); // 2^40 parts, of which nobody makes more
  });

  test('groups of a regular expression that are nested too deeply', () => {
    const groups = (levels: number) => `${'('.repeat(levels)}a${')'.repeat(levels)}`;
    expect(() => regularExpressionAutomaton(groups(3000))).toThrow('at most 200 levels');
    expect(regularExpressionAutomaton(groups(200)).matches('a')).toBe(true);
    expect(regularExpressionAutomaton('(a)'.repeat(300)).matches('a'.repeat(300))).toBe(true);
  });

  test('a schema may be nested as deeply as anybody writes', () => {
    expect(jsonSchemaAutomaton(arrays(50)).matches('[]')).toBe(true);
  });

  test('a regular expression', () => {
    expect(() => regularExpressionAutomaton('(a{1,1000}){1,1000}')).toThrow(/at most 300000 states[^]*1,001,0/);
    expect(() => regularExpressionAutomaton('a{9}', { mostStates: 10 })).toThrow('at most 10 states');
    expect(regularExpressionAutomaton('a{8}', { mostStates: 18 }).matches('aaaaaaaa')).toBe(true);
  });
});
