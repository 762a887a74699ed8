import { expect, test } from 'vitest';
import { nameLossCounter } from './names-and-pronouns.ts';

/** Tokens of some texts, of up to three bytes each, with the losses 1, 2, 3 … and an end of text of loss 100. */
function rowOf(documents: readonly string[]) {
  const vocabulary: Uint8Array[] = [];
  const targets: number[] = [];
  const numbers: number[] = [];
  for (const [number, text] of documents.entries()) {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += 3) {
      vocabulary.push(bytes.subarray(at, at + 3));
      targets.push(vocabulary.length - 1);
      numbers.push(number);
    }
    vocabulary.push(new Uint8Array());
    targets.push(vocabulary.length - 1);
    numbers.push(number);
  }
  const losses = Float32Array.from(targets, (target) => (vocabulary[target]!.length === 0 ? 100 : target + 1));
  return {
    row: { row: 0, targets: Int32Array.from(targets), losses, documents: Int32Array.from(numbers) },
    textOf: (id: number) => vocabulary[id]!,
  };
}

test('names are told from words that begin a sentence, and new ones from those that come again', () => {
  const { row, textOf } = rowOf(['So Tom ran. Soon Tom sat. "Well, Mia?" Tom said. I did.', 'He saw Tom.']);
  const counter = nameLossCounter(textOf);
  counter.add(row);
  const { newNames, repeatedNames, pronouns } = counter.result();
  expect([newNames.words, repeatedNames.words, pronouns.words]).toEqual([3, 2, 1]);
});

test('the loss of a word is that of all tokens with a letter of it', () => {
  const { row, textOf } = rowOf(['ab Tom saw Tom']); // tokens: "ab ", "Tom", " sa", "w T", "om"
  const counter = nameLossCounter(textOf);
  counter.add(row);
  const { newNames, repeatedNames } = counter.result();
  expect(newNames).toEqual({ words: 1, loss: 2 });
  expect(repeatedNames).toEqual({ words: 1, loss: 4 + 5 });
});

test('pieces of a document in several rows are one document', () => {
  const { row, textOf } = rowOf(['and Tom met Tom']);
  const counter = nameLossCounter(textOf);
  const part = (from: number, to: number) => ({
    ...row,
    targets: row.targets.subarray(from, to),
    losses: row.losses.subarray(from, to),
    documents: row.documents.subarray(from, to),
  });
  counter.add(part(0, 3));
  counter.add(part(3, row.targets.length));
  expect(counter.result().repeatedNames.words).toBe(1);
});

test('where there is no name, there is no loss of names', () => {
  expect(nameLossCounter(() => new Uint8Array()).result().newNames).toEqual({ words: 0, loss: null });
});
