import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatNamed } from './index.ts';
import { quantize } from './quantize.ts';

interface Fixture {
  blockSize: number;
  blockBytes: number;
  blocks: string;
  values: string;
  quantized?: string;
}

/** By gguf's reference implementation: scripts/parity/gguf-quants.py. */
const fixtures = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../../test/fixtures/gguf-quants.json'), 'utf8'),
) as { values: string; formats: Record<string, Fixture> };

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));
const floatsOf = (text: string): Float32Array => new Float32Array(bytesOf(text).buffer);

/** Those of ours that are named otherwise than in GGUF. */
const OURS: Readonly<Record<string, string>> = { F16: 'f16', BF16: 'bf16' };

describe.each(Object.entries(fixtures.formats))('%s', (name, fixture) => {
  const format = formatNamed(OURS[name] ?? name);

  test('has blocks of as many values and bytes', () => {
    expect(format.blockSize).toBe(fixture.blockSize);
    expect(format.bytes(1, fixture.blockSize)).toBe(fixture.blockBytes);
  });

  test('blocks of any bytes stand for exactly the values of ggml', () => {
    const expected = floatsOf(fixture.values);
    const values = format.dequantize(bytesOf(fixture.blocks), format.blockSize);
    expect(values.length).toBe(expected.length);
    const wrong = [...values.keys()].filter((i) => !Object.is(values[i], expected[i]));
    expect(wrong).toEqual([]);
  });
});

const quantized = Object.entries(fixtures.formats).flatMap(([name, { quantized: bytes }]) =>
  bytes === undefined ? [] : [{ name, bytes }],
);

test.each(quantized)('values become the very bytes of ggml in $name', ({ name, bytes: expected }) => {
  const bytes = quantize(OURS[name] ?? name, floatsOf(fixtures.values), 32);
  expect(Buffer.from(bytes).toString('base64')).toBe(expected);
});
