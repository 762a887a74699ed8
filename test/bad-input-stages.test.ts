/** @file Bad input to the real stages: one clear error each, and nothing half-written. */
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  explainFilesystemError,
  fixedSizeLists,
  numbers,
  tensorsTable,
  tensorBatches,
  tokensTable,
} from '@arrowsmith/artifacts';
import {
  implementStage,
  loadDeclaration,
  loadStage,
  openWorkspace,
  runStage,
  type Stage,
  type StageContext,
  type Workspace,
} from '@arrowsmith/pipeline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { REPOSITORY } from './support/workspace.ts';

const TEXT = Array.from({ length: 60 }, (_, i) => `The ${i % 7} small cats sat on ${i % 5} mats and sang.`).join(
  '\n***\n',
);

/** Parameters with which the whole chain runs on TEXT in seconds. */
const PARAMETERS = {
  download: { source: { type: 'file', path: 'text.txt', separator: '***' } },
  tokenizer: { vocabularySize: 280 },
  chunk: { contextLength: 16 },
  train: { steps: 2, batchSize: 2, model: { hiddenSize: 16, layers: 1, heads: 2, kvHeads: 1, intermediateSize: 16 } },
  quantize: {},
  evaluate: { sampling: [{ temperature: 0, maximumTokens: 2 }] },
};
type Name = keyof typeof PARAMETERS;

let workspace: Workspace;
beforeEach(() => {
  workspace = openWorkspace(mkdtempSync(join(tmpdir(), 'bad-input-')), {});
  write('text.txt', TEXT);
});
afterEach(() => rmSync(workspace.root, { recursive: true }));

const write = (file: string, content: string | Uint8Array) => writeFileSync(join(workspace.root, file), content);

/** Runs a stage with parameters changed; `instead` takes the place of what the stage does. */
async function run(name: Name, changes: object = {}, instead?: (context: StageContext<never>) => Promise<object>) {
  const declaration = await loadDeclaration(REPOSITORY, name);
  return runStage({
    workspace,
    pipeline: 'bad',
    declaration,
    load: async () =>
      instead ? (implementStage(declaration, instead as never) as Stage) : loadStage(REPOSITORY, name),
    parameters: { ...PARAMETERS[name], ...changes },
    code: 'test',
    signal: new AbortController().signal,
    print: () => undefined,
  });
}

async function runUntil(last: Name): Promise<void> {
  for (const name of Object.keys(PARAMETERS) as Name[]) {
    await run(name);
    if (name === last) return;
  }
}

/** Expects an error with all these parts, in order, and no trace of an artifact of the stage. */
async function expectError(stage: Name, running: Promise<unknown>, ...parts: RegExp[]): Promise<void> {
  const error = await running.then(
    () => undefined,
    (thrown: Error) => thrown,
  );
  expect(error?.name, String(error?.stack)).toBe('UserError');
  for (const part of parts) expect(error!.message).toMatch(part);
  expect(error!.message).toMatch(/to do: +\S/);
  expect(existsSync(join(workspace.root, 'artifacts/bad', stage))).toBe(false);
  for (const folder of ['work', 'locks']) {
    const path = join(workspace.store, folder);
    expect(existsSync(path) ? readdirSync(path) : []).toEqual([]);
  }
}

describe('text', () => {
  test('an empty file', async () => {
    write('text.txt', '');
    await expectError('download', run('download'), /no training documents/, /text\.txt/);
  });

  test('a file that is not there, with the folder that was looked in', async () => {
    const source = { type: 'file', path: 'nothing/*.txt' };
    await expectError('download', run('download', { source }), /nothing\/\*\.txt/);
  });

  test('a file that is not UTF-8, with the byte that is not', async () => {
    write('text.txt', Buffer.concat([Buffer.from('good text '), Buffer.from([0xff, 0xfe]), Buffer.from(TEXT)]));
    await expectError('download', run('download'), /UTF-8/, /text\.txt/, /\b10\b/);
  });
});

describe('tokens', () => {
  test('a vocabulary larger than the text supports', async () => {
    await run('download');
    await expectError(
      'tokenizer',
      run('tokenizer', { vocabularySize: 5000 }),
      /5,?000/,
      /smaller vocabularySize|more/i,
    );
  });

  test('a corpus smaller than one context', async () => {
    await runUntil('tokenizer');
    const chunk = run('chunk', { contextLength: 4096 });
    await expectError(
      'chunk',
      chunk,
      /train split is smaller than one context/,
      /at least 4096 tokens/,
      /found: +\d+ tokens/,
    );
  });

  test('an id outside the vocabulary, with row, position and id', async () => {
    await runUntil('tokenizer');
    await run('chunk', {}, async ({ table }) => {
      const metadata = { contextLength: '4', vocabularySize: '280' };
      const columns = {
        tokens: fixedSizeLists(Uint16Array.of(1, 2, 3, 300, 5), 5),
        length: numbers(Int32Array.of(4)),
        bytes: numbers(Int32Array.of(9)),
      };
      for (const split of ['train', 'validation'])
        await table(`${split}.arrow`, tokensTable(4, false), metadata, [columns]);
      return {};
    });
    await expectError('train', run('train'), /token id outside the vocabulary/, /row 0/, /ids below 280/, /id 300/);
  });
});

describe('weights', () => {
  test('a tensor of another shape than the configuration says, by name', async () => {
    await runUntil('chunk');
    await run('train', {}, async ({ table }) => {
      const model = { ...PARAMETERS.train.model, headDim: 8, vocabularySize: 280, contextLength: 16 };
      const defaults = {
        family: 'llama3',
        ropeTheta: 1e4,
        rmsNormEpsilon: 1e-5,
        tieWordEmbeddings: true,
        initializerRange: 0.02,
      };
      const tensors = { 'model.embed_tokens.weight': { shape: [280, 15], data: new Float32Array(280 * 15).fill(1) } };
      const config = JSON.stringify({ ...defaults, ...model });
      await table('weights.arrow', tensorsTable, { config }, tensorBatches(tensors));
      return {};
    });
    await run('quantize');
    await expectError('evaluate', run('evaluate'), /model\.embed_tokens\.weight/, /\[280, 16\]/, /\[280, 15\]/);
  });

  test('a learning rate with which training diverges', async () => {
    await runUntil('chunk');
    const optimizer = { learningRate: 1e30, gradientClip: 1e30, warmupSteps: 0 };
    const running = run('train', { steps: 20, optimizer });
    await expect(running).rejects.toThrow(/diverged[^]*lower optimizer\.learningRate/);
  });

  test('an artifact of the wrong kind', async () => {
    await runUntil('chunk');
    await run('train', {}, async ({ table }) => {
      const columns = {
        tokens: fixedSizeLists(new Uint16Array(5), 5),
        length: numbers(Int32Array.of(4)),
        bytes: numbers(Int32Array.of(1)),
      };
      await table('weights.arrow', tokensTable(4, false), {}, [columns]);
      return {};
    });
    await expectError('quantize', run('quantize'), /not the kind of table/, /kind "tensors"/, /kind "tokens"/);
  });
});

describe('the disk', () => {
  test.skipIf(process.platform !== 'linux')(
    'full while a table is written: what is full, and how to make room',
    async () => {
      const full = run('download', {}, async ({ outputPath, table }) => {
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
      const running = explainFilesystemError(thrown, workspace.store).then((error) => Promise.reject(error as Error));
      await expectError('download', running, /the disk is full/, /MB free/, /pipeline:gc/, /ARROWSMITH_STORE/);
    },
  );

  test.each([
    ['EROFS', /read-only/],
    ['EACCES', /permission denied/],
    ['EDQUOT', /quota/],
    ['ENOTDIR', /a file is where a folder should be/],
  ])('%s is said in words, with the path', async (code, words) => {
    const thrown = Object.assign(new Error(code), { code, path: '/x/y', syscall: 'open' });
    const running = explainFilesystemError(thrown, workspace.store).then((error) => Promise.reject(error as Error));
    await expectError('download', running, words, /where: +\/x\/y/);
  });

  test('an error that nobody can mend stays what it is', async () => {
    const thrown = new TypeError('undefined is not a function');
    expect(await explainFilesystemError(thrown, workspace.store)).toBe(thrown);
  });
});
