import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { textStream } from './text-stream.ts';

/** A decoder of tokens that are bytes: any number of them, ending anywhere in a character. */
function decoderOf(vocabulary: readonly Uint8Array[]) {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return {
    push: (id: number) => decoder.decode(vocabulary[id], { stream: true }),
    flush: () => decoder.decode(),
  };
}

/** A text in UTF-8, cut anywhere. */
const cutTexts = fc
  .record({
    text: fc
      .array(fc.constantFrom('a', 'b', 'é', '€', '😀', '\u{fffd}', '\ufeff'), { maxLength: 20 })
      .map((each) => each.join('')),
    cuts: fc.array(fc.nat(80), { maxLength: 20 }),
  })
  .map(({ text, cuts }) => {
    const bytes = new TextEncoder().encode(text);
    const places = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
    return places.slice(1).map((end, i) => bytes.subarray(places[i], end));
  });

const stopWords = fc.array(
  fc.array(fc.constantFrom('a', 'é', '😀', '\u{fffd}'), { minLength: 1, maxLength: 3 }).map((each) => each.join('')),
  { maxLength: 3 },
);

test('pieces and rest are the text of all tokens before the stop string, wherever the tokens are cut and end', () => {
  fc.assert(
    fc.property(cutTexts, stopWords, fc.nat(25), (tokens, stop, limit) => {
      const seen = tokens.slice(0, limit);
      const stream = textStream(decoderOf(seen), { stop });
      const pieces: string[] = [];
      for (const id of seen.keys()) {
        pieces.push(stream.push(id));
        if (stream.stopped !== undefined) break;
      }
      const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.concat(seen));
      const ends = stop.map((each) => text.indexOf(each) + each.length).filter((_, i) => text.includes(stop[i]!));
      const end = Math.min(...ends);
      const stopped = stop
        .filter((each) => text.slice(0, end).endsWith(each))
        .reduce((longest, each) => (each.length > longest.length ? each : longest), '');
      const expected = text.slice(0, end === Infinity ? text.length : end - stopped.length);
      expect(pieces.join('') + stream.flush()).toBe(expected);
      expect(stream.stopped).toBe(ends.length === 0 ? undefined : stopped);
      for (const piece of pieces) expect(piece).not.toMatch(/\p{Surrogate}/u);
    }),
    { seed: 1, numRuns: 3000 },
  );
});

const bytes = (...tokens: string[]) => tokens.map((each) => new TextEncoder().encode(each));

test('a stop string counts once the least number of tokens is behind it', () => {
  const tokens = bytes('a', '\n', 'b', '\n', 'c');
  const stream = textStream(decoderOf(tokens), { stop: ['\n'], minimumTokens: 2 });
  expect([0, 1, 2, 3, 4].map((id) => stream.push(id))).toEqual(['a', '\n', 'b', '', '']);
  expect(stream.stopped).toBe('\n');
  expect(stream.flush()).toBe('');
});

test('half a character at the end of the tokens is shown as such, behind what was held back', () => {
  const stream = textStream(decoderOf([Buffer.from('x<'), Buffer.from([0xf0, 0x9f])]), { stop: ['<end>'] });
  expect([stream.push(0), stream.push(1), stream.flush()]).toEqual(['x', '', '<\u{fffd}']);
});
