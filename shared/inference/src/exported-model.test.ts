/** @file Tests of what is exported of a chat model: whoever loads the files stops where the model does. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportModel, type ExportFormat } from '@arrowsmith/export';
import { findInFolder } from '@arrowsmith/generation';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CHAT_TEMPLATE, END, TURN, writeChatFolder } from '../../export/src/testing/chat-folder.ts';
import { openExported } from './exported-model.ts';

let root: string;
let chat: string;
let ids: { end: number; turn: number };
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'exported-'));
  chat = join(root, 'chat');
  ids = await writeChatFolder(chat);
});
afterAll(() => rmSync(root, { recursive: true }));

const jsonOf = (folder: string, file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as object;

/** Exports what is in a folder. */
async function exported(from: string, format: ExportFormat): Promise<{ folder: string; notices: readonly string[] }> {
  const folder = mkdtempSync(join(root, `${format}-`));
  const { notices = [] } = await exportModel(folder, await openExported(await findInFolder(from)), { format });
  return { folder, notices };
}

test('a folder says all tokens that end a text, and which of them ends a turn; so does GGUF', async () => {
  const { folder } = await exported(chat, 'huggingface');
  const { end, turn } = ids;
  for (const file of ['config.json', 'generation_config.json'])
    expect(jsonOf(folder, file)).toMatchObject({ eos_token_id: [turn, end], bos_token_id: end });
  expect(jsonOf(folder, 'tokenizer_config.json')).toMatchObject({ eos_token: TURN, bos_token: END, pad_token: END });
  expect(readFileSync(join(folder, 'chat_template.jinja'), 'utf8')).toBe(CHAT_TEMPLATE);
  const { folder: gguf } = await exported(folder, 'gguf');
  const again = await openExported(await findInFolder(gguf));
  expect(again).toMatchObject({ endOfText: END, endTokens: [TURN], chatTemplate: CHAT_TEMPLATE });
});

test.each(['bf16', 'f16'])('matrices of a folder in %s stay so', async (precision) => {
  const folder = mkdtempSync(join(root, `${precision}-`));
  const model = await openExported(await findInFolder(chat));
  await exportModel(folder, model, { format: 'huggingface', precision });
  const half = await openExported(await findInFolder(folder));
  expect(half.read('model.layers.0.mlp.up_proj.weight')).toMatchObject({ shape: [12, 8], format: precision });
  expect(half.read('model.norm.weight').format).toBe('f32');
  const again = mkdtempSync(join(root, `${precision}-again-`));
  await exportModel(again, half, { format: 'huggingface', precision });
  const bytesOf = (from: string) => readFileSync(join(from, 'model.safetensors'));
  expect(bytesOf(again).equals(bytesOf(folder))).toBe(true);
  const { precision: stored } = await exportModel(mkdtempSync(join(root, 'gguf-')), half, { format: 'gguf' });
  expect(stored).toBe(precision);
});

test('a web page stops at all of them; run.c does not, and the export says so', async () => {
  const { folder } = await exported(chat, 'web');
  expect(jsonOf(folder, 'config.json')).toMatchObject({ endOfText: ids.end, endTokens: [ids.turn] });
  const { notices } = await exported(chat, 'llama2c');
  expect(notices).toEqual([
    'run.c stops at <|endoftext|> alone, not at <|im_end|>',
    'the template of conversations is in no file of llama2.c',
  ]);
});
