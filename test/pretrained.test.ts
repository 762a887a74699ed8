/** @file A pretrained tokenizer in place of a trained one, through all stages. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createEncoder, fromTokenizerJson } from '@arrowsmith/bpe';
import { readBatches, samplesTable } from '@arrowsmith/artifacts';
import { readTokenTable } from '@arrowsmith/training';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PARAMETERS, type RealChain, realChain, TEXT, type StageName } from './support/real-chain.ts';

/** 700 tokens that Hugging Face's tokenizers learned, the special one last but one, and a token that is never cut. */
const fixture = (
  JSON.parse(readFileSync(new URL('fixtures/bpe-gpt2.json', import.meta.url), 'utf8')) as {
    tokenizer: { added_tokens: object[] };
  }
).tokenizer;
const mats = { id: 700, content: 'mats and', special: false, normalized: false };
const json = JSON.stringify({ ...fixture, added_tokens: [...fixture.added_tokens, mats] });

let chain: RealChain;
beforeEach(() => {
  chain = realChain();
  chain.write('published.json', json);
});
afterEach(() => chain.remove());

const artifact = (stage: StageName, file: string): string => join(chain.workspace.root, 'artifacts/bad', stage, file);

async function runAll() {
  const records: Partial<Record<StageName, Awaited<ReturnType<RealChain['run']>>>> = {};
  for (const stage of Object.keys(PARAMETERS) as StageName[]) {
    const changes = stage === 'tokenizer' ? { file: 'published.json', endOfText: '<|pad|>' } : {};
    records[stage] = await chain.run(stage, changes);
  }
  return records as Record<StageName, Awaited<ReturnType<RealChain['run']>>>;
}

test('text is encoded, a model trained and text generated with the tokenizer that a file has', async () => {
  const { tokenizer } = await runAll();
  expect(tokenizer.highlights['vocabulary']).toMatch(/^701 tokens, .* from published\.json$/);
  expect(tokenizer.highlights['round trip']).toMatch(/^all 6 validation documents decode to themselves$/);

  const model = fromTokenizerJson(json, 'published.json');
  const written = readFileSync(artifact('tokenizer', 'tokenizer.json'), 'utf8');
  expect(fromTokenizerJson(written, 'written')).toEqual(model);

  // The rows are what the published tokenizer makes of the documents, each ended by the token that was asked for.
  const { encode } = createEncoder(model);
  const end = model.specialTokens.find(({ content }) => content === '<|pad|>')!.id;
  const held = (index: number) => Math.floor((index + 1) * 0.1) > Math.floor(index * 0.1);
  const documents = TEXT.split('\n***\n').filter((_, index) => !held(index));
  const validation = new Set(TEXT.split('\n***\n').filter((_, index) => held(index)));
  const expected = documents.filter((text) => !validation.has(text)).flatMap((text) => [...encode(text), end]);
  const table = await readTokenTable(artifact('chunk', 'train.arrow'));
  const { targets } = await table.read(Array.from({ length: table.rows }, (_, row) => row));
  expect([...targets].filter((id) => id >= 0)).toEqual(expected);
  expect(expected).toContain(mats.id);
  expect(table.vocabularySize).toBe(701);

  const texts: string[] = [];
  for await (const batch of readBatches(artifact('evaluate', 'samples.arrow'), samplesTable.kind)) {
    for (const row of batch) texts.push(row.text as string);
  }
  expect(texts.length).toBeGreaterThan(0);
});

test('another content of the file is another tokenizer, and what follows is made again', async () => {
  await chain.run('download');
  const first = await chain.run('tokenizer', { file: 'published.json' });
  const again = await chain.run('tokenizer', { file: 'published.json' });
  expect(again.manifest).toBe(first.manifest);
  chain.write('published.json', json.replace('mats and', 'sat on'));
  const other = await chain.run('tokenizer', { file: 'published.json' });
  expect(other.manifest).not.toBe(first.manifest);
});
