/** @file Sampling with the tokens of a trained tokenizer: what they are decoded to stops where it must, and follows a schema. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createEncoder, fromTokenizerJson } from '@arrowsmith/bpe';
import {
  chooseToken,
  constrainOutput,
  generationParameters,
  jsonSchemaAutomaton,
  processorsOf,
  samplingGenerator,
  textStream,
  tokenTrie,
} from '@arrowsmith/generation';
import { REPOSITORY } from './support/workspace.ts';

const read = (name: string): unknown =>
  JSON.parse(readFileSync(join(REPOSITORY, 'test/fixtures', `${name}.json`), 'utf8'));
const { texts } = read('bpe-corpus') as { texts: string[] };
const { tokenizer } = read('bpe-gpt2') as { tokenizer: unknown };
const model = fromTokenizerJson(JSON.stringify(tokenizer), 'fixture');
const encoder = createEncoder(model);
const special = model.specialTokens.map(({ id }) => id);
const [END = 0] = special;

test('a stream of tokens gives the decoded text up to a stop string, wherever it is cut', () => {
  const cases = fc.record({
    text: fc.constantFrom(...texts),
    limit: fc.nat(200),
    stops: fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 6 })), {
      maxLength: 2,
    }),
  });
  fc.assert(
    fc.property(cases, ({ text, limit, stops }) => {
      const ids = encoder.encode(text).slice(0, limit);
      const decoded = encoder.decode(ids);
      const characters = [...text];
      const stop = stops
        .map(([place, length]) =>
          characters
            .slice(Math.floor(place * characters.length))
            .slice(0, length)
            .join(''),
        )
        .filter((each) => each !== '');
      const stream = textStream(encoder.decodeStream(), { stop });
      let streamed = '';
      for (const id of ids) {
        if (stream.stopped === undefined) streamed += stream.push(id);
      }
      streamed += stream.flush();
      const { stopped = '' } = stream;
      expect(decoded.startsWith(streamed + stopped)).toBe(true);
      expect(stop.some((each) => streamed.includes(each))).toBe(false);
      expect(stopped !== '' || streamed === decoded).toBe(true);
    }),
    { seed: 1, numRuns: 300 },
  );
});

test('with a schema, tokens chosen by parameters of all kinds make a value that it accepts', () => {
  const schema = {
    type: 'object',
    properties: {
      name: { type: 'string', maxLength: 20 },
      kind: { enum: ['Bär', 'fox', '狐'] },
      ages: { type: 'array', items: { type: 'integer' }, maxItems: 3 },
    },
    required: ['name', 'kind', 'ages'],
    additionalProperties: false,
  };
  const constraint = constrainOutput(jsonSchemaAutomaton(schema), tokenTrie(model.vocabulary, special), [END]);
  const parameters = generationParameters.parse({
    topK: 200,
    topP: 0.99,
    minP: 0.001,
    repetitionPenalty: 1.1,
    frequencyPenalty: 0.1,
    logitBias: { [END]: 5 },
  });
  const processors = processorsOf(parameters, { endTokens: [END], constraints: [constraint] });
  for (let sample = 0; sample < 10; sample++) {
    const rng = samplingGenerator(1, sample);
    const output: number[] = [];
    const text = textStream(encoder.decodeStream());
    let written = '';
    while (output.length < 500) {
      const logits = Float32Array.from(model.vocabulary, (_, id) => Math.sin(id * (output.length + 1)));
      const { id } = chooseToken(logits, { prompt: [END], output }, { filters: parameters, processors }, rng);
      if (id === END) break;
      output.push(id);
      written += text.push(id);
    }
    const value = JSON.parse(written + text.flush()) as { name: string; kind: string; ages: number[] };
    expect(Object.keys(value)).toEqual(['name', 'kind', 'ages']);
    expect(schema.properties.kind.enum).toContain(value.kind);
    expect([...value.name].length).toBeLessThanOrEqual(20);
    expect(value.ages.length).toBeLessThanOrEqual(3);
    expect(value.ages.every((age) => Number.isInteger(age))).toBe(true);
  }
});
