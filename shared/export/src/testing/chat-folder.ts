/** @file A tiny chat model as a Hugging Face folder, whose turns end with another token than its texts. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { textBatches, trainBpe } from '@arrowsmith/bpe';
import { decoderConfig, initialWeights, type ModelParameters } from '@arrowsmith/model';
import { storeFloat32 } from '@arrowsmith/quantization';
import { exportModel } from '../export-model.ts';

/** The special tokens that end a text, and a turn. */
export const [END, TURN] = ['<|endoftext|>', '<|im_end|>'];

export const CHAT_TEMPLATE = '{% for message in messages %}{{ message.content }}<|im_end|>{% endfor %}';

/**
 * Writes it into a folder, which need not be there.
 *
 * @returns the ids of the tokens
 */
export async function writeChatFolder(folder: string): Promise<{ end: number; turn: number }> {
  const vocabularySize = 260;
  const options = { vocabularySize, pattern: 'llama3', specialTokens: [END, TURN] } as const;
  const tokenizer = await trainBpe(textBatches(['The cats sang on mats.']), options);
  const sizes = { family: 'llama3', hiddenSize: 8, layers: 1, heads: 2, kvHeads: 1, intermediateSize: 12 };
  const config = decoderConfig(sizes as ModelParameters, { vocabularySize, contextLength: 4 });
  const weights = initialWeights(config, 1);
  const read = (name: string) => storeFloat32(weights[name]!);
  mkdirSync(folder, { recursive: true });
  const model = { config, names: Object.keys(weights), read, tokenizer, endOfText: END };
  await exportModel(folder, model, { format: 'huggingface' });
  const idOf = (name: string) => tokenizer.specialTokens.find(({ content }) => content === name)!.id;
  const [end, turn] = [idOf(END), idOf(TURN)];
  changeJson(join(folder, 'tokenizer_config.json'), { eos_token: TURN, chat_template: CHAT_TEMPLATE });
  for (const file of ['config.json', 'generation_config.json'])
    changeJson(join(folder, file), { eos_token_id: [turn, end] });
  return { end, turn };
}

/** Puts other values into a file of JSON. */
export function changeJson(path: string, fields: object): void {
  const json = JSON.parse(readFileSync(path, 'utf8')) as object;
  writeFileSync(path, JSON.stringify({ ...json, ...fields }));
}
