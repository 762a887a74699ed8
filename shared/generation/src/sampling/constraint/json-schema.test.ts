import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { UserError } from '@arrowsmith/errors';
import { samplingGenerator } from '../random-stream.ts';
import { sampleToken } from '../sample.ts';
import { constrainOutput, jsonSchemaAutomaton } from './constraint.ts';
import { tokenTrie } from './token-trie.ts';

const END = 256;
const bytes = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
const words = ['": ', '", "', '"}', 'true', '12', 'é', '\\u00', '[]', '{"'].map((each) =>
  new TextEncoder().encode(each),
);
const VOCABULARY = [...bytes, new Uint8Array(), ...words];
const trie = tokenTrie(VOCABULARY, [END]);

/** The text of random choices among the allowed tokens, of which those of syntax are likelier, so that it ends. */
function randomText(schema: unknown, seed: number, depth = 3): string {
  const constrain = constrainOutput(jsonSchemaAutomaton(schema, { depth }), trie, [END]);
  const rng = samplingGenerator(seed);
  const output: number[] = [];
  while (output.length < 20_000) {
    const logits = new Float32Array(VOCABULARY.length);
    for (const each of '"]},') logits[each.charCodeAt(0)] = 4;
    logits[END] = 4;
    constrain(logits, { prompt: [], output });
    const id = sampleToken(logits, { temperature: 1, topK: 0, topP: 1 }, rng);
    if (id === END) return Buffer.concat(output.map((each) => VOCABULARY[each]!)).toString('utf8');
    output.push(id);
  }
  throw new Error('no end');
}

const accepts = (schema: unknown, text: string): boolean => jsonSchemaAutomaton(schema).matches(text);

const person = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Person',
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 12 },
    age: { type: ['integer', 'null'], description: 'in years' },
    'odd "name" é': { type: 'boolean' },
    tags: { type: 'array', items: { enum: ['a', 1, null] }, minItems: 1, maxItems: 3 },
    code: { type: 'string', pattern: '^[A-Z]{2}-\\d+$' },
    home: { $ref: '#/$defs/place' },
  },
  required: ['name', 'tags'],
  additionalProperties: false,
  $defs: {
    place: { type: 'object', properties: { lat: { type: 'number' } }, required: ['lat'], additionalProperties: false },
  },
};

/** Schemas of all that is supported. */
const { schema } = fc.letrec<{ schema: object }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 2, depthSize: 'small' },
    fc.constantFrom(
      { type: 'integer' },
      { type: 'integer', minimum: -5, maximum: 123 },
      { type: 'number' },
      { type: 'boolean' },
      { type: 'null' },
      { type: ['string', 'null'] },
      { type: 'string', minLength: 2, maxLength: 4 },
      { type: 'string', pattern: '^(?:yes|no "thanks"\\n)$' },
      { type: 'string', pattern: '^[\\\\"é]{2}' },
      { enum: ['a', 2, null] },
      { const: 'a "b"' },
      { type: 'string', enum: ['x', 'y'] },
      { type: 'array' },
      {},
    ),
    fc.record(
      {
        type: fc.constant('array'),
        items: tie('schema'),
        minItems: fc.nat(2),
        maxItems: fc.integer({ min: 2, max: 4 }),
      },
      { requiredKeys: ['type', 'items'] },
    ),
    fc
      .tuple(fc.dictionary(fc.constantFrom('a', 'b', 'c"', 'é'), tie('schema'), { minKeys: 1, maxKeys: 3 }), fc.nat(7))
      .map(([properties, needed]) => ({
        type: 'object',
        properties,
        required: Object.keys(properties).filter((_, i) => (needed >> i) % 2 === 1),
        additionalProperties: false,
      })),
    fc.record({ type: fc.constant('object'), additionalProperties: tie('schema') }),
    fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
  ),
}));

describe('every text of random choices parses, and the schema accepts it', () => {
  test('of a schema with everything', () => {
    const validator = z.fromJSONSchema(person as z.core.JSONSchema.JSONSchema);
    for (let seed = 0; seed < 25; seed++) {
      expect(validator.safeParse(JSON.parse(randomText(person, seed))).error).toBeUndefined();
    }
  });

  test('of schemas made at random', () => {
    fc.assert(
      fc.property(schema, fc.nat(), (each, seed) => {
        const text = randomText(each, seed, 1);
        const result = z.fromJSONSchema(each as z.core.JSONSchema.JSONSchema).safeParse(JSON.parse(text));
        expect(result.error, text).toBeUndefined();
      }),
      { seed: 1, numRuns: 150 },
    );
  });

  test('also where nothing is said of a value', () => {
    for (let seed = 0; seed < 10; seed++) expect(() => void JSON.parse(randomText(true, seed))).not.toThrow();
  });
});

describe('accepts', () => {
  test('what JSON.stringify writes of values of the schema, also with spaces behind commas and colons', () => {
    const value = { name: 'Zoë "Z"\n', age: 7, tags: ['a', null], code: 'AB-1', home: { lat: -1.5e-7 } };
    expect(accepts(person, JSON.stringify(value))).toBe(true);
    expect(accepts(person, '{"name": "x", "tags": [1, null]}')).toBe(true);
  });

  test.each([
    ['{"tags":[1]}', 'a required property is missing'],
    ['{"name":"","tags":[1]}', 'a string is too short'],
    ['{"name":"x","tags":[]}', 'there are too few items'],
    ['{"name":"x","tags":[1,1,1,1]}', 'there are too many items'],
    ['{"name":"x","age":1.5,"tags":[1]}', 'it is no integer'],
    ['{"name":"x","tags":[2]}', 'it is none of the constants'],
    ['{"name":"x","tags":[1],"code":"xAB-1"}', 'the pattern does not match'],
    ['{"name":"x","tags":[1],"more":1}', 'there is another property'],
    ['{"name":"x","tags":[1],}', 'it ends with a comma'],
    ['{"name":"x\u0001","tags":[1]}', 'a control is not escaped'],
    ['{"name":"x","tags":[1]} ', 'something follows'],
  ])('not %s: %s', (text) => {
    expect(accepts(person, text)).toBe(false);
  });

  test.each([
    [{ type: 'number' }, ['0', '-0', '1.5', '2e10', '1E-5'], ['01', '.5', '1.', '+1', '1e', 'NaN']],
    [{ type: 'integer', minimum: -3, exclusiveMaximum: 12 }, ['-3', '0', '11'], ['-4', '12', '1.0']],
    [{ type: 'string' }, ['""', '"\\u00e9"', '"\\/"', '"😀"'], ['"', '"\n"', '"\\x"', '"\\ud800"']],
    [{ type: 'string', minLength: 2, maxLength: 2 }, ['"😀\\n"', '"\\u0041b"'], ['"a"', '"abc"']],
    [{ enum: [{ x: [true] }, 1] }, ['{"x":[true]}', '1'], ['{"x":[false]}', '{}']],
    [{ type: 'object' }, ['{}', '{"a":[{}]}', '{"a": 1, "b": 2}'], ['{a:1}', '[]']],
    [{ type: 'array', items: false }, ['[]'], ['[1]']],
    [{ maxItems: 1 }, ['[]', '[1]'], ['[1,2]', '3']],
    [{ required: ['b'], properties: { a: { const: 1 } } }, ['{"b":2}', '{"a":1,"b":[]}'], ['{"a":1}', '{}']],
  ])('of %j', (each, right, wrong) => {
    expect(right.filter((text) => !accepts(each, text))).toEqual([]);
    expect(wrong.filter((text) => accepts(each, text))).toEqual([]);
  });

  test('references within themselves to a depth', () => {
    const tree = {
      $ref: '#/$defs/tree',
      $defs: { tree: { type: 'object', properties: { left: { $ref: '#/$defs/tree' } }, additionalProperties: false } },
    };
    expect(accepts(tree, '{"left":{"left":{}}}')).toBe(true);
    expect(accepts(tree, '{"left":{"left":{"left":{"left":{}}}}}')).toBe(false);
    expect(jsonSchemaAutomaton(tree, { depth: 4 }).matches('{"left":{"left":{"left":{"left":{}}}}}')).toBe(true);
  });
});

describe('refuses with the keyword and its place', () => {
  test.each([
    [{ type: 'string', format: 'date' }, 'has format, which', '#/format'],
    [{ properties: { a: { oneOf: [] } } }, 'has oneOf', '#/properties/a/oneOf'],
    [{ items: { type: 'number', minimum: 3 } }, 'has minimum of a number', '#/items/minimum'],
    [{ type: 'integer', maximum: '3' }, 'no JSON schema', '#/maximum'],
    [{ anyOf: [{}, { not: {} }] }, 'has not', '#/anyOf/1/not'],
    [{ $ref: '#/$defs/a/b', $defs: { 'a/b': {} } }, 'no JSON schema', '#/$ref'],
    [{ $ref: 'other.json' }, 'no JSON schema', '#/$ref'],
    [{ $ref: '#/$defs/x', $defs: { x: { multipleOf: 2 } } }, 'has multipleOf', '#/$defs/x/multipleOf'],
    [{ type: 'string', pattern: 'a', minLength: 1 }, 'a length beside pattern', '#'],
    [{ enum: [1], minItems: 1 }, 'minItems beside enum', '#/minItems'],
    [{ type: 'string', enum: ['a', 1] }, 'type beside enum', '#/type'],
    [{ properties: { a: {} }, additionalProperties: {} }, 'additionalProperties as a schema', '#/additionalProperties'],
    [{ type: 'date' }, 'no JSON schema', '#/type'],
    [{ minItems: -1 }, 'no JSON schema', '#/minItems'],
    [{ enum: 'a' }, 'no JSON schema', '#/enum'],
    [{ properties: { a: 7 } }, 'no JSON schema', '#/properties/a'],
    [3, 'no JSON schema', '#'],
  ])('%j', (each, message, path) => {
    let error: unknown;
    try {
      jsonSchemaAutomaton(each);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(UserError);
    expect(`${String(error)}`).toContain(message);
    expect((error as UserError).parts.where).toBe(path);
  });

  test('a schema that no value can have', () => {
    const endless = { type: 'object', properties: { next: { $ref: '#' } }, required: ['next'] };
    for (const each of [false, endless, { minItems: 2, maxItems: 1 }, { enum: [] }]) {
      expect(() => jsonSchemaAutomaton(each)).toThrow('no output can follow');
    }
  });
});
