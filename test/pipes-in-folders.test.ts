/** @file Tests that no reader of a model's folder waits for a pipe that lies there in place of a file. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPeftAdapter } from '@arrowsmith/formats';
import { findInFolder } from '@arrowsmith/generation';
import { openForeignModel, readForeignTokenizer } from '@arrowsmith/import';
import { decoderConfig, type ModelParameters } from '@arrowsmith/model';
import { readAdapter } from '@arrowsmith/quantization/adapter';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeChatFolder } from '../shared/export/src/testing/chat-folder.ts';

let root: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'pipes-'));
  await writeChatFolder(join(root, 'chat'));
});
afterAll(() => rmSync(root, { recursive: true }));

/** A copy of a folder, in which a name is that of a pipe. */
function withPipe(from: string, file: string): string {
  const folder = mkdtempSync(join(root, 'copy-'));
  cpSync(from, folder, { recursive: true });
  rmSync(join(folder, file), { force: true });
  execFileSync('mkfifo', [join(folder, file)]);
  return folder;
}

async function open(folder: string): Promise<unknown> {
  const { tokenizer, weights } = await findInFolder(folder);
  return openForeignModel(weights, (await readForeignTokenizer(tokenizer)).tokenizer);
}

describe.skipIf(process.platform === 'win32')('a pipe is refused', () => {
  test.each([
    'config.json',
    'model.safetensors',
    'tokenizer.json',
    'tokenizer_config.json',
    'chat_template.jinja',
    'weights.arrow',
  ])('as %s', async (file) => {
    await expect(open(withPipe(join(root, 'chat'), file))).rejects.toThrow(/a (folder or a device|pipe or a device)/);
  });

  test('as the index of shards, and as a shard', async () => {
    const folder = withPipe(join(root, 'chat'), 'model.safetensors.index.json');
    renameSync(join(folder, 'model.safetensors'), join(folder, 'model-00001-of-00001.safetensors'));
    await expect(open(folder)).rejects.toThrow(/a pipe or a device/);
  });

  test.each(['adapter_config.json', 'adapter_model.safetensors'])('as %s of an adapter', async (file) => {
    const config = decoderConfig(
      { family: 'llama3', hiddenSize: 16, layers: 1, heads: 2, kvHeads: 1 } as ModelParameters,
      { vocabularySize: 23, contextLength: 12 },
    );
    const folder = withPipe(join(import.meta.dirname, 'fixtures/peft'), file);
    await expect(readPeftAdapter(folder, config)).rejects.toThrow(/a pipe or a device/);
  });

  test('as an adapter of this project', async () => {
    const folder = withPipe(join(root, 'chat'), 'adapter.arrow');
    await expect(readAdapter(join(folder, 'adapter.arrow'))).rejects.toThrow(/a pipe or a device/);
  });
});
