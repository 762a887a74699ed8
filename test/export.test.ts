/** @file The stage that exports models, and that what it writes is imported as the same. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openGguf } from '@arrowsmith/formats';
import { findInFolder } from '@arrowsmith/generation';
import { readModel } from '@arrowsmith/quantization/model';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHAT_TEMPLATE, changeJson, END, TURN, writeChatFolder } from '../shared/export/src/testing/chat-folder.ts';
import { startUploadServer } from '../shared/export/src/testing/upload-server.ts';
import { expectError, PARAMETERS, type RealChain, realChain } from './support/real-chain.ts';

let chain: RealChain;
beforeAll(async () => {
  chain = realChain();
  await chain.runUntil('evaluate');
});
afterAll(() => chain.remove());

/** Exports in a step of its own. @param reads other than the usual inputs */
const exported = (step: string, parameters: object = {}, reads: Readonly<Record<string, readonly string[]>> = {}) =>
  chain.run('export', parameters, undefined, { step, reads });

/** What the step `export` would write, and is refused. */
const expectRefused = (
  parameters: object,
  reads: Readonly<Record<string, readonly string[]>>,
  ...parts: RegExp[]
): Promise<void> => expectError(chain, 'export', exported('export', parameters, reads), ...parts);

/** Trains a model that is a little other, in a step of its own. */
async function trained(step: string, changes: object): Promise<{ model: string[] }> {
  const model = { ...PARAMETERS.train.model, ...changes };
  await chain.run('train', { ...PARAMETERS.train, model }, undefined, { step });
  return { model: [step] };
}

const artifact = (step: string, file = ''): string => join(chain.workspace.root, 'artifacts/bad', step, file);
const filesOf = (step: string): string[] =>
  readdirSync(artifact(step)).filter((file) => file !== 'manifest.json' && file !== 'run.json');
const textOf = (step: string, file: string): string => readFileSync(artifact(step, file), 'latin1');
const json = (step: string, file: string) =>
  JSON.parse(readFileSync(artifact(step, file), 'utf8')) as Record<string, unknown>;

describe('a Hugging Face folder', () => {
  test('is imported as the same model and tokenizer, byte for byte', async () => {
    const { highlights } = await exported('folder');
    expect(highlights['exported']).toMatch(/as LlamaForCausalLM, f32/);
    expect(filesOf('folder').sort()).toEqual([
      'README.md',
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    await chain.run('import', { path: 'artifacts/bad/folder' });
    expect(textOf('import', 'tokenizer.json')).toBe(textOf('tokenizer', 'tokenizer.json'));
    const [own, again] = await Promise.all(
      ['train', 'import'].map((step) => readModel(artifact(step, 'weights.arrow'), { whole: true })),
    );
    expect(again!.weights).toEqual(own!.weights);
    expect((await exported('folder')).outcome).toBe('recalled');
  });

  test('says what a text begins with, by token and by id', async () => {
    await exported('folder');
    const { bos_token: begin } = json('folder', 'tokenizer_config.json');
    const tokenizer = json('folder', 'tokenizer.json') as {
      added_tokens: { id: number; content: string }[];
      post_processor: { special_tokens: Record<string, { ids: number[] }> };
    };
    const id = tokenizer.added_tokens.find(({ content }) => content === begin)!.id;
    expect(tokenizer.post_processor.special_tokens[begin as string]!.ids).toEqual([id]);
    for (const file of ['config.json', 'generation_config.json']) {
      expect(json('folder', file)).toMatchObject({ bos_token_id: id, eos_token_id: id });
    }
  });

  test('has a card with data, measurements and digests, where they are wired, and a template of conversations', async () => {
    chain.write('chat.jinja', '{% for message in messages %}{{ message.content }}{% endfor %}');
    const reads = { measurements: ['evaluate'], corpus: ['download'] };
    await exported('carded', { chatTemplate: 'chat.jinja', name: 'cats | mats' }, reads);
    const card = textOf('carded', 'README.md');
    expect(card).toMatch(/^---\nlibrary_name: transformers\n/);
    expect(card).toContain('# cats | mats');
    expect(card).toMatch(/\| train \| [\d,]+ \| [\d.]+ \| [\d.]+ \| [\d.]+ \|/);
    expect(card).not.toMatch(/\| quantize \|/);
    expect(card).not.toMatch(/\| evaluate \|/);
    for (const step of ['train', 'tokenizer', 'download']) {
      expect(card).toMatch(new RegExp(`\\| ${step} \\| \`[0-9a-f]{64}\``));
    }
    expect(textOf('carded', 'chat_template.jinja')).toContain('message.content');
  });

  test('has its weights in several files where one would be larger than is said, and is imported as the same', async () => {
    await exported('sharded', { shardSize: '20kB' });
    expect(filesOf('sharded').filter((file) => file.endsWith('.safetensors')).length).toBeGreaterThan(1);
    expect(filesOf('sharded')).toContain('model.safetensors.index.json');
    await chain.run('import', { path: 'artifacts/bad/sharded' }, undefined, { step: 'from-shards' });
    const [own, again] = await Promise.all(
      ['train', 'from-shards'].map((step) => readModel(artifact(step, 'weights.arrow'), { whole: true })),
    );
    expect(again!.weights).toEqual(own!.weights);
    await expectRefused({ shardSize: '5 gigabytes' }, {}, /shardSize/, /500MB/);
    await expectRefused({ shardSize: '0MB' }, {}, /above 0/);
  });

  test('is refused for a model that no architecture of transformers computes, with what is other', async () => {
    const reads = await trained('capped', { logitSoftCap: 5 });
    await expectRefused({}, reads, /LlamaForCausalLM, the nearest/, /logitSoftCap is 5, not 0/);
  });
});

test('a chat model keeps its template and what ends a turn through import and export', async () => {
  const { end, turn } = await writeChatFolder(join(chain.workspace.root, 'chat'));
  const importing = () => chain.run('import', { path: 'chat' }, undefined, { step: 'chat' });
  const { key } = await importing();
  expect(await findInFolder(artifact('chat'))).toMatchObject({
    endTokens: [TURN],
    chatTemplate: { source: CHAT_TEMPLATE, tokens: { bos_token: END, eos_token: TURN } },
  });
  await exported('chat-folder', {}, { model: ['chat'], tokenizer: ['chat'] });
  expect(textOf('chat-folder', 'chat_template.jinja')).toBe(CHAT_TEMPLATE);
  expect(json('chat-folder', 'generation_config.json')).toMatchObject({ eos_token_id: [turn, end] });
  await chain.run('import', { path: 'artifacts/bad/chat-folder' }, undefined, { step: 'chat-again' });
  expect(json('chat-again', 'manifest.json')).toMatchObject({ metadata: { endTokens: JSON.stringify([TURN]) } });
  changeJson(join(chain.workspace.root, 'chat/tokenizer_config.json'), { chat_template: 'another' });
  expect((await importing()).key).not.toBe(key);
});

describe('a GGUF file', () => {
  test('has its name, and the precision that is asked for', async () => {
    const { highlights } = await exported('file', { format: 'gguf', precision: 'Q8_0', name: 'small cats' });
    expect(filesOf('file')).toEqual(['small-cats.gguf']);
    expect(textOf('file', 'small-cats.gguf').slice(0, 4)).toBe('GGUF');
    // Rows of 16 values are no block of 32: they are stored in half precision.
    expect(highlights['formats']).toMatch(/f16/);
    expect(highlights['exported']).toMatch(/as llama, f16/);
    expect(chain.printed.join('\n')).toMatch(
      /file: \d+ matrices are f16, not Q8_0: rows are no whole number of its blocks of 32 /,
    );
    expect(openGguf(artifact('file', 'small-cats.gguf')).metadata.get('general.file_type')).toBe(1);
  });

  test('is imported as the same model and tokenizer, byte for byte', async () => {
    await exported('whole', { format: 'gguf', name: 'whole' });
    await chain.run('import', { path: 'artifacts/bad/whole' }, undefined, { step: 'from-gguf' });
    expect(textOf('from-gguf', 'tokenizer.json')).toBe(textOf('tokenizer', 'tokenizer.json'));
    const endOfText = (step: string) =>
      (json(step, 'manifest.json') as { metadata: { endOfText: string } }).metadata.endOfText;
    expect(endOfText('from-gguf')).toBe(endOfText('tokenizer'));
    const [own, again] = await Promise.all(
      ['train', 'from-gguf'].map((step) => readModel(artifact(step, 'weights.arrow'), { whole: true })),
    );
    expect(again!.weights).toEqual(own!.weights);
  });

  test('of a model in a format that GGUF has not is refused, with the nearest that it has', async () => {
    const reads = { model: ['quantize'] };
    await expectRefused({ format: 'gguf' }, reads, /no format int8/, /precision: Q8_0/);
    await exported('exact', { format: 'gguf', precision: 'f32' }, reads);
    expect(filesOf('exact')).toHaveLength(1);
  });

  test('of a model that llama.cpp does not compute is refused, with the format that holds it', async () => {
    const reads = await trained('sliding', { family: 'mistral' });
    await expectRefused({ format: 'gguf' }, reads, /window is 4, not 0/, /format: huggingface/);
  });
});

test('files of llama2.c are written, where it computes the model, and imported in the order of ids here', async () => {
  await exported('small', { format: 'llama2c' });
  await chain.run('import', { path: 'artifacts/bad/small/model.bin' }, undefined, { step: 'from-llama2c' });
  expect(textOf('from-llama2c', 'tokenizer.json')).toBe(textOf('tokenizer', 'tokenizer.json'));
  const [own, again] = await Promise.all(
    ['train', 'from-llama2c'].map((step) => readModel(artifact(step, 'weights.arrow'), { whole: true })),
  );
  expect(again!.weights).toEqual(own!.weights);
  expect(filesOf('small').sort()).toEqual(['model.bin', 'tokenizer.bin', 'tokenizer.json']);
});

test('a web page is written with the model beside it, and again when only what it is made of is other', async () => {
  const { highlights } = await exported('page', { format: 'web', precision: 'f16', name: 'Cats <&> mats' });
  expect(highlights['exported']).toMatch(/a web page, f16/);
  const files = filesOf('page');
  expect(files).toEqual(expect.arrayContaining(['index.html', 'page.js', 'config.json', 'model.safetensors', 'tokenizer.json', 'licences.txt'])); // prettier-ignore
  expect(textOf('page', 'index.html')).toContain('<h1>Cats &lt;&amp;&gt; mats</h1>');
  expect(json('page', 'config.json')).toMatchObject({ name: 'Cats <&> mats', precision: 'f16', formats: {} });
  expect((await exported('page', { format: 'web', precision: 'f16', name: 'Cats <&> mats' })).outcome).toBe('recalled');
  await exported('stored', { format: 'web' }, { model: ['quantize'] });
  const { formats } = json('stored', 'config.json') as { formats: Record<string, string> };
  expect(new Set(Object.values(formats))).toEqual(new Set(['int8']));
});

test('a precision that the format has not, and a template that is none, are refused', async () => {
  await expectRefused({ precision: 'Q8_0' }, {}, /precision/, /f32, f16, bf16/);
  await expectRefused({ chatTemplate: 'no.jinja' }, {}, /no such file/, /chatTemplate/);
  chain.write('broken.jinja', 'broken {{ jinja {% if');
  await expectRefused({ chatTemplate: 'broken.jinja' }, {}, /not understood/, /broken\.jinja/);
  chain.write('empty.json', '{}');
  await expectRefused({ chatTemplate: 'empty.json' }, {}, /no such field/);
});

test('options that would do nothing are refused, with what they are for', async () => {
  await expectRefused({ overwrite: true }, {}, /overwrite: does nothing here: .*push/);
  await expectRefused({ private: true }, {}, /private: does nothing here/);
  await expectRefused({ format: 'gguf', shardSize: '10kB' }, {}, /shardSize: does nothing here: .*one file/);
  await expectRefused({ format: 'web', chatTemplate: 'chat.jinja' }, {}, /chatTemplate: does nothing here/);
});

test('what is pushed is on the hub before it is an artifact; without a token nothing is written', async () => {
  const parameters = { push: 'me/cats', private: true };
  const hub = await startUploadServer({ token: 'hf_test', owner: 'me' });
  const before = { endpoint: process.env['HF_ENDPOINT'], token: process.env['HF_TOKEN'] };
  try {
    process.env['HF_ENDPOINT'] = hub.url;
    delete process.env['HF_TOKEN'];
    await expectRefused(parameters, {}, /HF_TOKEN is not set/);
    process.env['HF_TOKEN'] = 'hf_test';
    const { highlights } = await exported('pushed', parameters);
    expect(highlights['uploaded']).toBe(`${hub.url}/me/cats, commit c0ffee`);
    const there = hub.repositories.get('me/cats');
    expect([...(there?.files.keys() ?? [])].sort()).toEqual(filesOf('pushed').sort());
    expect(there?.isPrivate).toBe(true);
    await expectRefused({ ...parameters, precision: 'bf16' }, {}, /has files already/);
  } finally {
    for (const [name, value] of Object.entries({ HF_ENDPOINT: before.endpoint, HF_TOKEN: before.token })) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    await hub.close();
  }
});
