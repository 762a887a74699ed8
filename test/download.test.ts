/** @file The stage `download` on small files: what is left out, and what its data card says. */
import { join } from 'node:path';
import { readBatches, dataCardTable } from '@arrowsmith/artifacts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RealChain, realChain } from './support/real-chain.ts';

let chain: RealChain;
beforeEach(() => {
  chain = realChain();
});
afterEach(() => chain.remove());

/** Runs the stage and returns the facts of its card: `section split name` → text. */
async function card(parameters: Record<string, unknown>): Promise<Record<string, string>> {
  await chain.run('download', parameters);
  const facts: Record<string, string> = {};
  for await (const batch of readBatches(
    join(chain.workspace.root, 'artifacts/bad/download/card.arrow'),
    dataCardTable.kind,
  )) {
    for (const row of batch) facts[`${row.section} ${row.split} ${row.name}`] = row.text;
  }
  return facts;
}

const source = { type: 'file', path: 'train.txt', validation: 'validation.txt', separator: '***' };

test('a training document that the validation split has too is removed and reported', async () => {
  chain.write('train.txt', 'One cat.\n***\nTwo cats.\n***\nOne cat.\n***\nA dog.\n***\nA dog.');
  chain.write('validation.txt', 'One cat.\n***\nThree cats.');
  expect(await card({ source: { ...source, licence: 'CC0-1.0' } })).toMatchObject({
    'origin  licence': 'CC0-1.0',
    'removed train read': '5',
    'removed train leaks': '2',
    'content train documents': '3',
    'content train duplicates': '1',
    'content train bytes': '21',
    'content train vocabulary': '4',
    'lengths train bytes from 4 to 7': '2',
    'lengths train bytes from 8 to 15': '1',
    'content validation documents': '2',
  });
  expect(await card({ source, removeLeaks: false })).toMatchObject({
    'origin  licence': 'not stated',
    'removed train leaks': '2',
    'content train documents': '5',
  });
});

test('filters apply to both splits, and say what they took away', async () => {
  chain.write('train.txt', 'One cat.\n***\nA dog.\n***\nA cat');
  chain.write('validation.txt', 'A cat.\n***\nA fish');
  expect(await card({ source, filter: { keywords: ['cat'], minimumBytes: 6 } })).toMatchObject({
    'removed train keywords': '1',
    'removed train minimumBytes': '1',
    'content train documents': '1',
    'removed validation keywords': '1',
    'content validation documents': '1',
  });
});

test('filters that leave nothing are an error that names them', async () => {
  chain.write('train.txt', 'One cat.');
  chain.write('validation.txt', 'A fish.');
  const running = chain.run('download', { source, filter: { keywords: ['cat'] } });
  await expect(running).rejects.toThrow(/no validation document is left[^]*keywords 1/);
});

test('bytes that are not UTF-8 are replaced when asked, and counted once with their place', async () => {
  const latin1 = (text: string) => Buffer.from(text, 'latin1');
  const one = { type: 'file', path: 'train.txt', separator: '***', invalidUtf8: 'replace', validationShare: 0.5 };
  chain.write('train.txt', latin1('caf\u00e9 noir\n***\nol\u00e9\u00e9 \n***\nfine\n***\nfine too'));
  expect(await card({ source: one })).toMatchObject({ 'content  invalid UTF-8': '3, first at train.txt, byte 3' });
});
