/** @file The stage `download` on small files: what is left out, and what its data card says. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readBatches, readMetadata, dataCardTable } from '@arrowsmith/artifacts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectError, type RealChain, realChain } from './support/real-chain.ts';

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

test('records without text are left out and counted once, though both splits are read from the same file', async () => {
  const texts = Array.from({ length: 20 }, (_, i) => JSON.stringify({ data: { text: `Text ${i}` }, score: i }));
  chain.write(
    'train.jsonl',
    [...texts, '{"data":{}}', '{"score":NaN}', '{"data":null}', '{"data":{"text":""}}'].join('\n'),
  );
  expect(await card({ source: { type: 'file', path: 'train.jsonl', field: 'data.text' } })).toMatchObject({
    'content train documents': '18',
    'content validation documents': '2',
    'content  without the field': '2',
    'content  null': '1',
    'content  empty': '1',
  });
});

test('a field that no record has is an error that says what they have', async () => {
  chain.write('train.json', JSON.stringify([{ data: { text: 'One' }, id: 1 }, { data: { text: 'Two' } }]));
  const running = chain.run('download', { source: { type: 'file', path: 'train.json' } });
  await expectError(chain, 'download', running, /no record has the field "text"[^]*data\.text, id/);
});

test.each([
  ['stories.jsonl', '{"text":"One."}\n{"text":"Two."}', /stories\.jsonl: its name says JSON Lines/],
  ['stories.txt', 'id,text\n1,One.\n2,Two.', /stories\.txt: its content looks like CSV/],
])('%s is not read as text', async (path, content, message) => {
  chain.write(path, content);
  const running = chain.run('download', { source: { type: 'file', path, format: 'text' } });
  await expectError(chain, 'download', running, message);
});

test.each([
  ['NUL bytes', 'a\0b\n***\n\0\n***\nc\n***\nd', ['a\0b', '\0', 'c']],
  ['Windows line ends', 'a\r\nb\r\n***\r\nc\r\n***\r\nd\r\n***\r\ne\r\n', ['a\r\nb', 'c', 'd']],
])('%s are kept inside documents', async (_, content, expected) => {
  chain.write('train.txt', content);
  await chain.run('download', { source: { type: 'file', path: 'train.txt', separator: '***', validationShare: 0.25 } });
  const texts: unknown[] = [];
  for await (const batch of readBatches(
    join(chain.workspace.root, 'artifacts/bad/download/train.arrow'),
    'documents',
  )) {
    for (const row of batch) texts.push(row.text);
  }
  expect(texts).toEqual(expected);
});

test.each([
  ['a file of one repeated character', 'a'.repeat(2e6), /separator never occurs[^]*2\.0 MB/],
  ['a separator that never occurs', 'A story.\n---\n'.repeat(2e5), /separator never occurs/],
])('%s', async (_, content, message) => {
  chain.write('train.txt', content);
  chain.write('validation.txt', 'One.***Two.');
  await expectError(chain, 'download', chain.run('download', { source }), message, /train\.txt/);
});

test('a separator that never occurs, in a file of which documents are to be held out', async () => {
  chain.write('train.txt', 'A story. ---\n'.repeat(2e5));
  const running = chain.run('download', { source: { type: 'file', path: 'train.txt', separator: '***' } });
  await expectError(chain, 'download', running, /separator never occurs[^]*"\*\*\*"[^]*2\.6 MB/);
});

test('a truncated parquet file', async () => {
  const whole = readFileSync(new URL('fixtures/parquet-corpus-snappy.parquet', import.meta.url));
  chain.write('train.parquet', whole.subarray(0, whole.length >> 1));
  const running = chain.run('download', { source: { type: 'file', path: 'train.parquet', format: 'parquet' } });
  await expectError(chain, 'download', running, /train\.parquet: not a readable Parquet file/);
});

test('many files are summed up in metadata and on the console, and listed in the data card', async () => {
  const count = 100;
  mkdirSync(join(chain.workspace.root, 'many'));
  for (let i = 0; i < count; i++) chain.write(`many/${10_000 + i}.txt`, `Text number ${i}.`);
  const facts = await card({ source: { type: 'file', path: 'many/*.txt' } });
  expect(Object.keys(facts).filter((name) => name.startsWith('files train many/'))).toHaveLength(count);
  expect(facts['files train many/10007.txt']).toMatch(/^sha256 [0-9a-f]{64}$/);
  expect(facts['origin  source']).toBe('100 files, many/10000.txt …');

  const table = join(chain.workspace.root, 'artifacts/bad/download/train.arrow');
  const { source: metadata } = await readMetadata(table, 'documents');
  expect(JSON.parse(metadata!)).toMatchObject({
    type: 'file',
    train: { files: count, first: 'many/10000.txt', last: 'many/10099.txt' },
  });
  expect(metadata!.length).toBeLessThan(500);
});

test('Python sources are chosen by the library that they import', async () => {
  for (let i = 0; i < 40; i++) chain.write(`${10 + i}.py`, `import ${i % 2 ? 'pandas' : 'os'}  # ${i}\n`);
  const files = { type: 'file', path: '*.py' };
  expect(await card({ source: files, filter: { libraries: ['pandas'] } })).toMatchObject({
    'removed train read': '36',
    'removed train libraries': '20',
    'content train documents': '16',
    'content validation documents': '4',
  });
  const nothing = chain.run('download', { source: { type: 'file', path: 'code/**/*.py' } });
  await expect(nothing).rejects.toThrow(/no file matches code[^]*put files there[^]*PIPELINE_SET/);
});
