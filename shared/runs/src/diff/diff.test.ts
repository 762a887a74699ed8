import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  bytes,
  documentsTable,
  mergesTable,
  numbers,
  strings,
  tensorsTable,
  tensorBatches,
  vocabularyTable,
  booleans,
  writeTable,
} from '@arrowsmith/artifacts';
import { beforeAll, expect, test } from 'vitest';
import { formatDiff, markdownDiff } from '../printing/diff.ts';
import { emptyWorkspace, storeStage, type TestTable } from '../testing/artifacts.ts';
import { testRuns } from '../testing/runs.ts';
import { diffArtifacts } from './diff-artifacts.ts';
import { locateArtifact } from './locate.ts';
import { compareMerges } from './merges.ts';
import { diffTensor } from './tensors.ts';

const workspace = emptyWorkspace();
let runs: ReturnType<typeof testRuns>;

const documents = (...texts: string[]): TestTable => ({
  kind: documentsTable,
  columns: {
    index: numbers(Int32Array.from(texts, (_, i) => i)),
    text: strings(texts),
    bytes: numbers(Int32Array.from(texts, (text) => text.length)),
  },
  metadata: { split: 'train' },
});

/** A tokenizer of some letters and the merges of their pairs: `['ab', …]`. */
function tokenizer(letters: string, pairs: string[]): Record<string, TestTable> {
  const texts = [...letters, ...pairs];
  const id = (text: string): number => texts.indexOf(text);
  const column = (of: (pair: string) => number) => numbers(Int32Array.from(pairs, of));
  return {
    'vocabulary.arrow': {
      kind: vocabularyTable,
      columns: {
        id: numbers(Int32Array.from(texts, (_, i) => i)),
        bytes: bytes(texts.map((text) => Buffer.from(text === '?' ? [0xff] : text))),
        text: strings(texts),
        special: booleans(texts.map(() => false)),
      },
    },
    'merges.arrow': {
      kind: mergesTable,
      columns: {
        rank: column((pair) => pairs.indexOf(pair)),
        left: column((pair) => id(pair[0]!)),
        right: column((pair) => id(pair[1]!)),
        token: column(id),
      },
    },
  };
}

const weights = (values: number[]): TestTable => ({
  kind: tensorsTable,
  columns: tensorBatches({ w: { shape: [2, 2], data: Float32Array.from(values) } }).next().value!,
});

beforeAll(async () => {
  const steps = async (texts: string[], pairs: string[], values: number[]) => ({
    steps: {
      download: await storeStage(workspace, 'download', { 'train.arrow': documents(...texts) }),
      tokenizer: await storeStage(workspace, 'tokenizer', tokenizer('abc?', pairs)),
      train: await storeStage(workspace, 'train', { 'weights.arrow': weights(values) }),
    },
  });
  runs = testRuns(
    await steps(['x', 'y', 'z'], ['ab', 'bc', 'ca'], [1, 0, 0, 1]),
    await steps(['y', 'z', 'z', 'new'], ['ab', 'ca', '?a'], [1, 0, 0, 2]),
    await steps(['z', 'x', 'y'], ['ab', 'bc', 'ca'], [1, 0, 0, 1]),
  );
});

const locate = (asked: string) => locateArtifact(asked, { workspace, runs });
const diff = async (a: string, b: string) => diffArtifacts(await locate(a), await locate(b));

test('rows are compared as a multiset, without the numbers that they have', async () => {
  const { files } = await diff('bada:download', 'doku:download');
  expect(files).toMatchObject([{ file: 'train.arrow', same: false }]);
  expect(files[0]!.table!.rows).toEqual({
    a: 3,
    b: 4,
    added: 2, // new, and z once more
    removed: 1,
    reordered: false,
    examples: {
      added: expect.arrayContaining(['{"index":3,"text":"new","bytes":3}']),
      removed: ['{"index":0,"text":"x","bytes":1}'],
    },
  });
  const reordered = await diff('bada:download', 'fano:download');
  expect(reordered.files[0]!.table!.rows).toMatchObject({ added: 0, removed: 0, reordered: true });
  expect((await diff('bada:train', 'fano:train')).files).toMatchObject([{ same: true }]);
});

test('merges are pairs of texts, whatever their ids', async () => {
  const { files } = await diff('bada:tokenizer/merges.arrow', 'doku:tokenizer/merges.arrow');
  expect(files[0]!.table!.merges).toEqual({
    a: 3,
    b: 3,
    added: ['"\\xff" + "a"'],
    removed: ['"b" + "c"'],
    firstDifference: { rank: 1, a: '"b" + "c"', b: '"c" + "a"' },
  });
  expect(compareMerges(['1', '2'], ['1', '2', '3'])).toEqual({
    a: 2,
    b: 3,
    added: ['3'],
    removed: [],
    firstDifference: { rank: 2, a: null, b: '3' },
  });
  expect(compareMerges(['1', '2'], ['2', '1'])).toMatchObject({ added: [], removed: [], firstDifference: { rank: 0 } });
  expect(compareMerges(['1'], ['1'])).toMatchObject({ firstDifference: null });
});

test('weights are compared tensor by tensor', async () => {
  const { files } = await diff('bada:train', 'doku:train');
  const [tensor] = files[0]!.table!.tensors!;
  expect(tensor).toMatchObject({ name: 'w', shapes: { a: [2, 2], b: [2, 2] }, maximum: 1 });
  expect(tensor!.relative).toBeCloseTo(1 / Math.SQRT2, 12);
  expect(tensor!.cosine).toBeCloseTo(3 / Math.sqrt(2 * 5), 12);
  const of = (shape: number[], ...values: number[]) => ({ shape, data: Float32Array.from(values) });
  expect(diffTensor('w', of([2], 0, 0), of([2], 0, 0))).toMatchObject({ relative: 0, maximum: 0, cosine: 1 });
  expect(diffTensor('w', of([2], 1, 1), of([1, 2], 1, 1))).toMatchObject({ relative: null });
  expect(diffTensor('w', of([2], 1, 1), undefined)).toMatchObject({ shapes: { a: [2], b: null }, cosine: null });
});

test('the schema: columns and metadata that differ', async () => {
  const folder = join(workspace.root, 'tables');
  mkdirSync(folder);
  const { kind, columns } = documents('x');
  await writeTable(join(folder, 'a.arrow'), kind, { split: 'train' }, [columns]);
  const fewer = { ...kind, fields: kind.fields.slice(0, 2) };
  await writeTable(join(folder, 'b.arrow'), fewer, { split: 'validation', source: 'x' }, [columns]);
  const { files } = await diff('tables/a.arrow', 'tables/b.arrow');
  expect(files[0]!.table!.schema).toEqual({
    columns: [{ name: 'bytes', a: 'Int32', b: null }],
    metadata: [
      { key: 'split', a: 'train', b: 'validation' },
      { key: 'source', a: null, b: 'x' },
    ],
  });
  expect(formatDiff({ a: 'a', b: 'b', files })).toMatch(
    /column bytes: Int32 → \(none\)\n +metadata split: train → validation/,
  );
});

test('Markdown says the same as the console: tensors in a table, what was added and removed in lists', async () => {
  expect(markdownDiff(await diff('bada:train', 'doku:train'))).toMatch(
    /^## `bada:train` · `doku:train`\n\n### `weights\.arrow`\n\n- .* → .*\n- kind tensors, the same columns\n[^]*\n\n\| tensor \| shape \|.*\n\|.*\n\| w \|/,
  );
  expect(markdownDiff(await diff('bada:tokenizer/merges.arrow', 'doku:tokenizer/merges.arrow'))).toMatch(
    /\n- merges: 3 → 3, 1 added, 1 removed\n- the order first differs at rank 1: .*\n {2}- − .*\n {2}- /,
  );
  const row = { file: 'a|b', same: false, bytes: { a: 1, b: null }, only: 'a' as const };
  expect(markdownDiff({ a: '<a>', b: '@b', files: [row] })).toMatch(
    /### <code>a&#124;b<\/code>\n\n- only in A \(1 B\)\n$/,
  );
});

test('what is not there, or not of one kind, is refused with what there is', async () => {
  await expect(locate('nope')).rejects.toThrow(/no artifact "nope"[^]*<run>:<step>[^]*to do/);
  await expect(locate('nope:train')).rejects.toThrow(/no run "nope"/);
  await expect(locate('bada:quantize')).rejects.toThrow(/no step quantize[^]*download, tokenizer, train/);
  await expect(locate('bada:train/log.arrow')).rejects.toThrow(/no file log\.arrow[^]*weights\.arrow/);
  await expect(diff('bada:download/train.arrow', 'bada:train')).rejects.toThrow(
    /different kinds[^]*documents and tensors/,
  );
  const lost = { ...runs[0]!, steps: { train: { ...runs[0]!.steps['train']!, manifest: 'f'.repeat(64) } } };
  await expect(locateArtifact('latest:train', { workspace, runs: [lost] })).rejects.toThrow(
    /no longer in the store[^]*ffffffff[^]*--skip-nx-cache/,
  );
  const path = join(workspace.root, 'cut.arrow');
  await writeTable(path, tensorsTable, {}, [weights([1, 2, 3, 4]).columns]);
  truncateSync(path, 300);
  await expect(diff('cut.arrow', 'bada:train')).rejects.toThrow(/cannot read [^]*cut\.arrow[^]*truncated or not Arrow/);
  writeFileSync(join(workspace.root, 'text.txt'), 'x');
  expect((await diff('text.txt', 'bada:train')).files).toMatchObject([{ same: false }]);
});
