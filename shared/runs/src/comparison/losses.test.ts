import { describe, expect, it } from 'vitest';
import { compareLosses, type Evaluation } from './losses.ts';

const DOCUMENTS = 50;

/** Documents of 100 tokens and 400 bytes, of about 2 nats a token, each `by` times that. */
function evaluated(by: number): Evaluation {
  const all = Array.from({ length: DOCUMENTS }, (_, i) => i);
  const losses = {
    tokens: Float64Array.from(all, () => 100),
    bytes: Float64Array.from(all, () => 400),
    nats: Float64Array.from(all, (i) => by * (200 + (i % 7))),
  };
  return { step: 'evaluate', text: 'text', tokenizer: 'tokenizer', losses: new Map([['train', losses]]) };
}

const verdict = (by: number) =>
  compareLosses([evaluated(1), evaluated(by)]).map(({ differences }) => differences[1]?.verdict);

describe('a difference that all documents have', () => {
  it.each([
    [1, 'same'],
    [1 + 4e-7, 'unclear'], // the same model on another instruction set
    [1 - 4e-7, 'unclear'],
    [1 + 1e-5, 'worse'],
    [1 - 1e-5, 'better'],
  ])('of losses %d times as large is %s', (by, expected) => {
    expect(verdict(by)).toEqual([expected, expected]);
  });
});
