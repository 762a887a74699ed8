/** @file Tests of the cache of pre-tokens. */

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createIdBuffer, pushId } from './id-buffer.ts';
import { createPreTokenCache } from './pre-token-cache.ts';

/** Ids that depend on every byte and on their number. */
function encode(bytes: Uint8Array, start: number, end: number, out = createIdBuffer(0)) {
  if (end - start === 3) pushId(out, bytes[start]! * 65536 + bytes[start + 1]! * 256 + bytes[start + 2]!);
  else for (let i = start; i < end; i++) pushId(out, bytes[i]!);
  return out;
}

const words = fc.array(fc.uint8Array({ minLength: 1, maxLength: 70, max: 3 }), { maxLength: 60 });

test.each([
  ['with room for all', {}],
  ['that is often full', { slots: 16, keyBytes: 64, ids: 64 }],
])('gives what encoding gives, at the first and at later times: a cache %s', (_, limits) => {
  const cache = createPreTokenCache((bytes, start, end, out) => void encode(bytes, start, end, out), limits);
  fc.assert(
    fc.property(words, (tokens) => {
      const bytes = Buffer.concat([...tokens, ...tokens]);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const [found, expected] = [createIdBuffer(0), createIdBuffer(0)];
      let at = 0;
      for (const { length } of [...tokens, ...tokens]) {
        cache.append(bytes, view, at, at + length, found);
        encode(bytes, at, at + length, expected);
        at += length;
      }
      expect(found.ids.subarray(0, found.length)).toEqual(expected.ids.subarray(0, expected.length));
    }),
    { seed: 1 },
  );
});

test('asks for the ids of a pre-token once', () => {
  let asked = 0;
  const cache = createPreTokenCache((bytes, start, end, out) => {
    asked++;
    encode(bytes, start, end, out);
  });
  const bytes = Buffer.from('one 1234 twenty-seven letters ab');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let repeat = 0; repeat < 3; repeat++) {
    for (const [start, end] of [
      [0, 3],
      [3, 8],
      [8, 29],
      [29, 32],
    ] as const) {
      cache.append(bytes, view, start, end, createIdBuffer(0));
    }
  }
  expect(asked).toBe(4);
});
