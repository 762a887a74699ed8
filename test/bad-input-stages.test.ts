/** @file Bad input to the real stages: one clear error each, and nothing half-written. */
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import {
  explainFilesystemError,
  fixedSizeLists,
  lists,
  numbers,
  readBatches,
  tokensTable,
  weightBatches,
  weightsTable,
} from '@arrowsmith/artifacts';
import { decoderConfig, initialWeights, modelParameters } from '@arrowsmith/model';
import { storeWeights } from '@arrowsmith/quantization/model';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { expectError, PARAMETERS, type RealChain, realChain, TEXT } from './support/real-chain.ts';

let chain: RealChain;
beforeEach(() => {
  chain = realChain();
});
afterEach(() => chain.remove());

describe('text', () => {
  test('an empty file', async () => {
    chain.write('text.txt', '');
    await expectError(chain, 'download', chain.run('download'), /no validation documents/, /text\.txt/);
  });

  test('a file that is not there, with the folder that was looked in', async () => {
    const source = { type: 'file', path: 'nothing/*.txt' };
    await expectError(chain, 'download', chain.run('download', { source }), /nothing\/\*\.txt/);
  });

  test('a file that is not UTF-8, with the byte that is not', async () => {
    chain.write('text.txt', Buffer.concat([Buffer.from('good text '), Buffer.from([0xff, 0xfe]), Buffer.from(TEXT)]));
    await expectError(chain, 'download', chain.run('download'), /UTF-8/, /text\.txt/, /\b10\b/);
  });
});

describe('tokens', () => {
  test('a vocabulary larger than the text supports', async () => {
    await chain.run('download');
    await expectError(
      chain,
      'tokenizer',
      chain.run('tokenizer', { vocabularySize: 5000 }),
      /5,?000/,
      /smaller vocabularySize|more/i,
    );
  });

  test('a corpus smaller than one context', async () => {
    await chain.runUntil('tokenizer');
    const chunk = chain.run('chunk', { contextLength: 4096 });
    await expectError(
      chain,
      'chunk',
      chunk,
      /train split is smaller than one context/,
      /at least 4096 tokens/,
      /found: +\d+ tokens/,
    );
  });

  test('an id outside the vocabulary, with row, position and id', async () => {
    await chain.runUntil('tokenizer');
    await chain.run('chunk', {}, async ({ table }) => {
      const metadata = { contextLength: '4', vocabularySize: '280' };
      const columns = {
        tokens: fixedSizeLists(Uint16Array.of(1, 2, 3, 300, 5), 5),
        first: numbers(Int32Array.of(0)),
        length: numbers(Int32Array.of(4)),
        bytes: numbers(Int32Array.of(9)),
        starts: lists([Int32Array.of(0)]),
      };
      for (const split of ['train', 'validation'])
        await table(`${split}.arrow`, tokensTable(4, false), metadata, [columns]);
      return {};
    });
    await expectError(
      chain,
      'train',
      chain.run('train'),
      /token id outside the vocabulary/,
      /row 0/,
      /ids below 280/,
      /id 300/,
    );
  });
});

describe('weights', () => {
  test('a tensor of another shape than the configuration says, by name', async () => {
    await chain.runUntil('chunk');
    await chain.run('train', {}, async ({ table }) => {
      const model = modelParameters.parse(PARAMETERS.train.model);
      const tensors = { 'model.embed_tokens.weight': { shape: [280, 15], data: new Float32Array(280 * 15).fill(1) } };
      const config = JSON.stringify(decoderConfig(model, { vocabularySize: 280, contextLength: 16 }));
      await table('weights.arrow', weightsTable, { config }, weightBatches(storeWeights(tensors)));
      return {};
    });
    await expectError(
      chain,
      'evaluate',
      chain.run('evaluate', {}, undefined, { reads: { models: ['train'] } }),
      /model\.embed_tokens\.weight/,
      /\[280, 16\]/,
      /\[280, 15\]/,
    );
  });

  test('with a weight that is no number: no loss and no file of it', async () => {
    await chain.runUntil('chunk');
    const name = 'model.layers.0.mlp.up_proj.weight';
    await chain.run('train', {}, async ({ table }) => {
      const config = decoderConfig(modelParameters.parse(PARAMETERS.train.model), {
        vocabularySize: 280,
        contextLength: 16,
      });
      const tensors = initialWeights(config, 1);
      tensors[name]!.data[19] = NaN;
      await table(
        'weights.arrow',
        weightsTable,
        { config: JSON.stringify(config) },
        weightBatches(storeWeights(tensors)),
      );
      return { metadata: { format: 'f32' } };
    });
    const place = /not finite[^]*model\.layers\.0\.mlp\.up_proj\.weight\[1, 3\][^]*NaN/;
    const evaluating = chain.run('evaluate', {}, undefined, { reads: { models: ['train'] } });
    await expectError(chain, 'evaluate', evaluating, place);
    for (const format of ['huggingface', 'gguf', 'llama2c', 'web'])
      await expectError(chain, 'export', chain.run('export', { format }), place);
  });

  test('of a version whose configuration was another', async () => {
    await chain.runUntil('chunk');
    await chain.run('train', {}, async ({ table }) => {
      const tensors = { 'model.embed_tokens.weight': { shape: [280, 16], data: new Float32Array(280 * 16) } };
      await table('weights.arrow', weightsTable, { config: '{"layers":2}' }, weightBatches(storeWeights(tensors)));
      return {};
    });
    await expectError(chain, 'quantize', chain.run('quantize'), /which model they are of/, /train the model again/);
  });

  test('a learning rate with which training diverges', async () => {
    await chain.runUntil('chunk');
    const optimizer = { learningRate: 1e30, gradientClip: 1e30, warmupSteps: 0 };
    const running = chain.run('train', { steps: 20, optimizer });
    await expect(running).rejects.toThrow(/diverged[^]*lower optimizer\.learningRate/);
  });

  test('an artifact of the wrong kind', async () => {
    await chain.runUntil('chunk');
    await chain.run('train', {}, async ({ table }) => {
      const columns = {
        tokens: fixedSizeLists(new Uint16Array(5), 5),
        length: numbers(Int32Array.of(4)),
        bytes: numbers(Int32Array.of(1)),
      };
      await table('weights.arrow', tokensTable(4, false), {}, [columns]);
      return {};
    });
    await expectError(
      chain,
      'quantize',
      chain.run('quantize'),
      /not the kind of table/,
      /kind "weights"/,
      /kind "tokens"/,
    );
  });
});

describe('samples', () => {
  test('a prompt longer than the context is cut, as is said by its number, and continued', async () => {
    await chain.runUntil('quantize');
    const long = 'The small cats sat on their mats and sang. '.repeat(4);
    const { highlights } = await chain.run('evaluate', { prompts: ['The', long] });
    expect(highlights['prompts']).toMatch(
      /^prompt 2 has \d\d+ tokens, of which the last 14 are seen; the context holds 16$/,
    );
    const path = join(chain.workspace.root, 'artifacts/bad/evaluate/samples.arrow');
    const texts: string[] = [];
    for await (const batch of readBatches(path, 'samples'))
      for (const text of batch.getChild('text')!) texts.push(text as string);
    expect(texts[1]!.startsWith(long)).toBe(true);
    expect(texts[1]!.length).toBeGreaterThan(long.length);
    expect((await chain.run('evaluate', { prompts: ['The'] })).highlights['prompts']).toBeUndefined();
  });

  test.each([{ prompts: [] }, { sampling: [] }])('%j asks for none and gets none', async (none) => {
    await chain.runUntil('quantize');
    const { highlights } = await chain.run('evaluate', none);
    expect(Object.keys(highlights).filter((name) => name.startsWith('sample'))).toEqual([]);
    expect(highlights['seen in training']).toMatch(/^[0-9.]+ % of the held-out text's/);
  });
});

describe('the disk', () => {
  test.skipIf(process.platform !== 'linux')(
    'full while a table is written: what is full, and how to make room',
    async () => {
      const full = chain.run('download', {}, async ({ outputPath, table }) => {
        symlinkSync('/dev/full', outputPath('train.arrow'));
        await table('train.arrow', tokensTable(4, false), {}, [
          {
            tokens: fixedSizeLists(new Uint16Array(5000), 5),
            length: numbers(new Int32Array(1000)),
            bytes: numbers(new Int32Array(1000)),
          },
        ]);
        return {};
      });
      const thrown: unknown = await full.catch((error: unknown) => error);
      const running = explainFilesystemError(thrown, chain.workspace.store).then((error) =>
        Promise.reject(error as Error),
      );
      await expectError(chain, 'download', running, /the disk is full/, /MB free/, /pipeline:gc/, /ARROWSMITH_STORE/);
    },
  );

  test.each([
    ['EROFS', /read-only/],
    ['EACCES', /permission denied/],
    ['EDQUOT', /quota/],
    ['EFBIG', /larger than is allowed[^]*ulimit -f unlimited/],
    ['ENOTDIR', /a file is where a folder should be/],
  ])('%s is said in words, with the path', async (code, words) => {
    const thrown = Object.assign(new Error(code), { code, path: '/x/y', syscall: 'open' });
    const running = explainFilesystemError(thrown, chain.workspace.store).then((error) =>
      Promise.reject(error as Error),
    );
    await expectError(chain, 'download', running, words, /where: +\/x\/y/);
  });

  test('what has nothing to do with space and the store says nothing of them', async () => {
    const thrown = Object.assign(new Error('EACCES'), { code: 'EACCES', path: '/x/text.txt', syscall: 'open' });
    const { message } = (await explainFilesystemError(thrown, chain.workspace.store)) as Error;
    expect(message).not.toMatch(/MB free|ARROWSMITH_STORE/);
  });

  test('an error that nobody can mend stays what it is', async () => {
    const thrown = new TypeError('undefined is not a function');
    expect(await explainFilesystemError(thrown, chain.workspace.store)).toBe(thrown);
  });
});
