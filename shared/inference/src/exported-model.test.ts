/** @file Tests of what is exported of a chat model: whoever loads the files stops where the model does. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { textBatches, trainBpe } from '@arrowsmith/bpe';
import { exportModel, type ExportFormat } from '@arrowsmith/export';
import { findInFolder } from '@arrowsmith/generation';
import { decoderConfig, initialWeights, type ModelParameters } from '@arrowsmith/model';
import { storeFloat32 } from '@arrowsmith/quantization';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openExported } from './exported-model.ts';

const [END, TURN] = ['<|endoftext|>', '<|im_end|>'];
const TEMPLATE = '{% for message in messages %}{{ message.content }}<|im_end|>{% endfor %}';
const sizes = { family: 'llama3', hiddenSize: 8, layers: 1, heads: 2, kvHeads: 1, intermediateSize: 12 };

let root: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'exported-'));
  const tokenizer = await trainBpe(textBatches(['The cats sang on mats.']), {
    vocabularySize: 260,
    pattern: 'llama3',
    specialTokens: [END, TURN],
  });
  const config = decoderConfig(sizes as ModelParameters, { vocabularySize: 260, contextLength: 4 });
  const weights = initialWeights(config, 1);
  const read = (name: string) => storeFloat32(weights[name]!);
  const model = { config, names: Object.keys(weights), read, tokenizer, endOfText: END };
  await exportModel(folderOf('chat'), model, { format: 'huggingface' });
  const [end, turn] = [END, TURN].map((name) => tokenizer.specialTokens.find(({ content }) => content === name)!.id);
  change('tokenizer_config.json', { eos_token: TURN, chat_template: TEMPLATE });
  change('generation_config.json', { eos_token_id: [turn, end] });
});
afterAll(() => rmSync(root, { recursive: true }));

function folderOf(name: string): string {
  return mkdtempSync(join(root, `${name}-`));
}

const inRoot = (name: string): string =>
  join(
    root,
    readdirSync(root).find((each) => each.startsWith(`${name}-`))!,
  );

const jsonOf = (folder: string, file: string) =>
  JSON.parse(readFileSync(join(folder, file), 'utf8')) as Record<string, unknown>;

function change(file: string, fields: object): void {
  const folder = inRoot('chat');
  writeFileSync(join(folder, file), JSON.stringify({ ...jsonOf(folder, file), ...fields }));
}

/** Exports what is in a folder. */
async function exported(from: string, format: ExportFormat): Promise<{ folder: string; notices?: readonly string[] }> {
  const folder = folderOf(format);
  const { notices = [] } = await exportModel(folder, await openExported(await findInFolder(from)), { format });
  return { folder, notices };
}

test('a folder says all tokens that end a text, and which of them ends a turn; so does GGUF', async () => {
  const { folder } = await exported(inRoot('chat'), 'huggingface');
  const [turn, end] = jsonOf(inRoot('chat'), 'generation_config.json')['eos_token_id'] as number[];
  for (const file of ['config.json', 'generation_config.json'])
    expect(jsonOf(folder, file)).toMatchObject({ eos_token_id: [turn, end], bos_token_id: end });
  expect(jsonOf(folder, 'tokenizer_config.json')).toMatchObject({ eos_token: TURN, bos_token: END, pad_token: END });
  expect(readFileSync(join(folder, 'chat_template.jinja'), 'utf8')).toBe(TEMPLATE);
  const { folder: gguf } = await exported(folder, 'gguf');
  const again = await openExported(await findInFolder(gguf));
  expect(again).toMatchObject({ endOfText: END, endTokens: [TURN], chatTemplate: TEMPLATE });
});

test('a web page stops at all of them; run.c does not, and the export says so', async () => {
  const { folder } = await exported(inRoot('chat'), 'web');
  const [turn, end] = jsonOf(inRoot('chat'), 'generation_config.json')['eos_token_id'] as number[];
  expect(jsonOf(folder, 'config.json')).toMatchObject({ endOfText: end, endTokens: [turn] });
  const { notices } = await exported(inRoot('chat'), 'llama2c');
  expect(notices).toEqual([
    'run.c stops at <|endoftext|> alone, not at <|im_end|>',
    'the template of conversations is in no file of llama2.c',
  ]);
});
