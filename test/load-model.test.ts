/** @file Models that stages, people and Hugging Face's transformers wrote, loaded to write with. */
import { UserError } from '@arrowsmith/errors';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadModel, type LoadOptions } from '@arrowsmith/generation';
import { type RealChain, realChain } from './support/real-chain.ts';
import { REPOSITORY } from './support/workspace.ts';

let chain: RealChain;
beforeAll(async () => {
  chain = realChain();
  await chain.runUntil('quantize');
});
afterAll(() => chain.remove());

const artifact = (step: string): string => join(chain.workspace.root, 'artifacts/bad', step);

/** A folder of its own. */
function folder(name: string): string {
  const path = join(chain.workspace.root, name);
  mkdirSync(path);
  return path;
}

/** What a model writes first, by its most likely tokens. */
async function written(options: LoadOptions): Promise<string> {
  await using model = await loadModel({ backend: 'cpu', ...options });
  return await model.generate('The 3 small', { temperature: 0, maximumTokens: 4 }).text();
}

describe('a model is loaded', () => {
  test('from its artifact, with the tokenizer of the steps before it', async () => {
    await using model = await loadModel({ folder: artifact('quantize'), backend: 'cpu' });
    expect(model.decode(model.encode('The 3 small cats'))).toBe('The 3 small cats');
    const text = await model.generate('The 3 small', { temperature: 0, maximumTokens: 4 }).text();
    expect(text).not.toBe('');
    expect(await model.perplexity('cats sat')).toBeGreaterThan(1);
  });

  test('to have its attention computed by a process of its own, which changes no text', async () => {
    const where = { folder: artifact('train') };
    expect(await written({ ...where, attentionWorkers: 1 })).toBe(await written(where));
  });

  test('from a folder with weights.arrow and tokenizer.json', async () => {
    const path = folder('copied');
    cpSync(join(artifact('train'), 'weights.arrow'), join(path, 'weights.arrow'), { dereference: true });
    const tokenizer = join(artifact('tokenizer'), 'tokenizer.json');
    const expected = await written({ folder: artifact('train') });
    expect(await written({ folder: path, tokenizer })).toBe(expected);
    await expect(written({ folder: path })).rejects.toThrow('the model has no tokenizer');
    cpSync(tokenizer, join(path, 'tokenizer.json'), { dereference: true });
    expect(await written({ folder: path })).toBe(expected);
  });

  test('from a Hugging Face folder, with its chat template', async () => {
    const path = folder('published');
    for (const file of ['config.json', 'model.safetensors', 'tokenizer.json'])
      cpSync(join(REPOSITORY, 'test/fixtures/gguf', file), join(path, file));
    writeFileSync(
      join(path, 'tokenizer_config.json'),
      JSON.stringify({
        chat_template: '{{ messages }}',
        bos_token: { content: '<|begin_of_text|>' },
        add_bos_token: true,
        eos_token: '<|end_of_text|>',
      }),
    );
    await using model = await loadModel({ folder: path, backend: 'cpu' });
    expect(model.parts.chatTemplate).toEqual({
      source: '{{ messages }}',
      tokens: { bos_token: '<|begin_of_text|>', eos_token: '<|end_of_text|>' },
    });
    expect(model.decode([model.beginOfText])).toBe('<|begin_of_text|>');
    expect(model.decode([model.parts.endOfText])).toBe('<|end_of_text|>');
  });
});

test('from a GGUF file and from llama2.c’s, which write what the model writes that they were made of', async () => {
  const expected = await written({ folder: artifact('train') });
  for (const [step, format] of [
    ['file', 'gguf'],
    ['small', 'llama2c'],
  ] as const) {
    await chain.run('export', { format, name: 'cats' }, undefined, { step, reads: { model: ['train'] } });
  }
  const gguf = join(artifact('file'), 'cats.gguf');
  expect(await written({ folder: gguf })).toBe(expected);
  expect(await written({ folder: artifact('file') })).toBe(expected);
  expect(await written({ folder: join(artifact('small'), 'model.bin') })).toBe(expected);
});

describe('a model is refused', () => {
  test('where there is none, with what is looked for', async () => {
    await expect(written({ folder: chain.workspace.root })).rejects.toThrow('weights.arrow');
    await expect(written({ folder: '/nowhere' })).rejects.toThrow('no such folder');
  });

  test('where a tokenizer has more tokens than the model, or others than the artifact was made with', async () => {
    const { tokenizer: larger } = JSON.parse(readFileSync(join(REPOSITORY, 'test/fixtures/bpe-none.json'), 'utf8')) as {
      tokenizer: object;
    };
    const tokenizer = join(folder('larger'), 'tokenizer.json');
    writeFileSync(tokenizer, JSON.stringify(larger));
    const path = folder('mixed');
    cpSync(join(artifact('train'), 'weights.arrow'), join(path, 'weights.arrow'), { dereference: true });
    await expect(written({ folder: path, tokenizer })).rejects.toThrow(/an embedding for every token[^]*at most 280/);
    await expect(written({ folder: artifact('train'), tokenizer })).rejects.toThrow(
      /made with another tokenizer[^]*whose token \d+ is/,
    );
    const own = join(artifact('tokenizer'), 'tokenizer.json');
    expect(await written({ folder: artifact('train'), tokenizer: own })).not.toBe('');
  });

  test('where its tokenizer is of another run by now', async () => {
    const path = join(chain.workspace.root, 'moved');
    cpSync(join(chain.workspace.root, 'artifacts/bad'), path, { recursive: true, dereference: true });
    const file = join(path, 'tokenizer/run.json');
    const record = JSON.parse(readFileSync(file, 'utf8')) as object;
    rmSync(file);
    writeFileSync(file, JSON.stringify({ ...record, manifest: '0'.repeat(64) }));
    await expect(written({ folder: join(path, 'train') })).rejects.toThrow('are of different runs');
  });

  test('where what an artifact says of itself is cut off', async () => {
    const path = join(chain.workspace.root, 'cut');
    cpSync(join(chain.workspace.root, 'artifacts/bad'), path, { recursive: true, dereference: true });
    const file = join(path, 'train/run.json');
    const whole = readFileSync(file, 'utf8');
    rmSync(file);
    writeFileSync(file, whole.slice(0, whole.length / 2));
    await expect(written({ folder: join(path, 'train') })).rejects.toThrow(UserError);
  });

  test.each<[string, object, RegExp]>([
    ['unknown', { foldr: 'x' }, /unknown option foldr[^]*did you mean folder/],
    ['of the engine', { engine: { sequences: 0 } }, /engine\.sequences/],
    ['of another type', { folder: 7 }, /folder: [^]*string[^]*found: +7/],
    ['without a thread', { threads: 0 }, /threads/],
    ['of activations', { activations: 'int4' }, /activations/],
    ['of a folder and a run', { folder: 'x', run: 'latest' }, /folder beside run/],
    ['of a tokenizer without a folder', { tokenizer: 'x' }, /no folder/],
  ])('where options cannot be: %s', async (_, wrong, message) => {
    await expect(loadModel(wrong)).rejects.toThrow(UserError);
    await expect(loadModel(wrong)).rejects.toThrow(message);
  });

  test('where there was no run yet', async () => {
    await expect(written({ workspace: REPOSITORY, pipeline: 'nothing' })).rejects.toThrow('made a model yet');
  });
});
