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
    cpSync(join(REPOSITORY, 'test/fixtures/families/llama3'), path, { recursive: true });
    const { tokenizer } = JSON.parse(readFileSync(join(REPOSITORY, 'test/fixtures/bpe-none.json'), 'utf8')) as {
      tokenizer: object;
    };
    writeFileSync(join(path, 'tokenizer.json'), JSON.stringify(tokenizer));
    writeFileSync(
      join(path, 'tokenizer_config.json'),
      JSON.stringify({
        chat_template: '{{ messages }}',
        bos_token: { content: '<|pad|>' },
        add_bos_token: true,
        eos_token: '<|endoftext|>',
      }),
    );
    await using model = await loadModel({ folder: path, backend: 'cpu' });
    expect(model.parts.chatTemplate).toEqual({
      source: '{{ messages }}',
      tokens: { bos_token: '<|pad|>', eos_token: '<|endoftext|>' },
    });
    expect(model.decode([model.beginOfText])).toBe('<|pad|>');
    expect(model.decode([model.parts.endOfText])).toBe('<|endoftext|>');
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
