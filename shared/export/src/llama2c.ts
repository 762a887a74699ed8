/** @file Files of llama2.c: the model, and its tokenizer in the order of ids that run.c wants. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mergeProducts, toTokenizerJson, type BpeModel } from '@arrowsmith/bpe';
import { UserError } from '@arrowsmith/errors';
import { checkLlama2c, llama2cTokenizer, writeLlama2c, type Llama2cToken } from '@arrowsmith/formats';
import { checkVocabulary, endOfTextId, type Exported, endTokenIds, weightsOf } from './exported.ts';

/** run.c takes id 1 for what begins a text, and stops at it, and finds byte b at id b + 3. */
const BYTES = 3;

/** Below what run.c begins with: tokens of this score are never merged to. */
const NEVER = -1e30;

/**
 * Writes model.bin and tokenizer.bin, which run.c reads, and tokenizer.json, by which whoever imports the model cuts text as it was trained.
 *
 * @param precision `f32` is version 0 of the format, for run.c; `int8` version 2, for runq.c
 * @throws UserError where llama2.c computes something else, or the vocabulary is too small for its order of ids
 */
export async function exportLlama2c(folder: string, model: Exported, precision: 'f32' | 'int8'): Promise<void> {
  checkBegin(model);
  checkLlama2c(model.config);
  checkVocabulary(model);
  const { config, tokenizer, endOfText } = model;
  const ids = llama2cIds({ vocabularySize: config.vocabularySize, tokenizer, endOfText });
  await writeLlama2c(join(folder, 'model.bin'), { config, weights: weightsOf(model), ids }, precision);
  await writeFile(join(folder, 'tokenizer.bin'), llama2cTokenizer(llama2cTokens(tokenizer, ids)));
  await writeFile(join(folder, 'tokenizer.json'), toTokenizerJson(tokenizer, { begin: endOfText }));
}

/** @throws UserError where texts begin with another token than that which ends them */
function checkBegin({ endOfText, beginOfText = endOfText }: Exported): void {
  if (beginOfText === endOfText) return;
  throw new UserError({
    what: 'llama2.c begins a text with the token that ends one',
    expected: 'a model of which one token does both, as those that are trained here',
    found: `texts that begin with ${beginOfText}, and end with ${endOfText}`,
    fix: 'export it as `format: gguf` or `huggingface`',
  });
}

/** What run.c does not do that the model's files ask for. */
export function llama2cNotices(model: Exported): string[] {
  const { endOfText, endTokens = [], chatTemplate } = model;
  const others = endTokens.filter((token) => token !== endOfText);
  return [
    ...(endTokenIds(model).length === 0 ? [] : [`run.c stops at ${endOfText} alone, not at ${others.join(', ')}`]),
    ...(chatTemplate === undefined ? [] : ['the template of conversations is in no file of llama2.c']),
  ];
}

/**
 * The id here of each id there, each once, so that probabilities stay the same: what ends a text at 1, bytes from 3 on. run.c calls 0 unknown and 2 an
 * end, but never looks at them: two other tokens, the last ones, are there.
 *
 * @throws UserError for a vocabulary without two more tokens
 */
export function llama2cIds(model: Pick<Exported, 'tokenizer' | 'endOfText'> & { vocabularySize: number }): number[] {
  const { vocabularySize, tokenizer } = model;
  const end = endOfTextId(model);
  const bytes = byteIds(tokenizer);
  const taken = new Set([end, ...bytes]);
  const others = Array.from({ length: vocabularySize }, (_, id) => id).filter((id) => !taken.has(id));
  const [second, first] = [others.pop(), others.pop()];
  if (first === undefined || second === undefined) {
    throw new UserError({
      what: 'the vocabulary is too small for llama2.c',
      expected: 'at least 259 tokens: 256 bytes, one that ends a text, and two more',
      found: `${vocabularySize}`,
      fix: 'train with tokenizer.vocabularySize 259 or more',
    });
  }
  return [first, end, second, ...bytes, ...others];
}

/** The id of each byte. */
function byteIds({ vocabulary, specialTokens, addedTokens = [] }: BpeModel): number[] {
  const whole = new Set(
    [...specialTokens, ...addedTokens].filter(({ ordinary }) => ordinary !== true).map(({ id }) => id),
  );
  const ids = Array.from({ length: 256 }, () => -1);
  for (const [id, text] of vocabulary.entries()) {
    const [byte] = text;
    if (byte !== undefined && text.length === 1 && !whole.has(id)) ids[byte] = id;
  }
  if (ids.includes(-1)) throw new Error(`no token for byte ${ids.indexOf(-1)}`);
  return ids;
}

/** The texts and scores of tokens in that order: of what merges make, the earlier the higher. */
export function llama2cTokens(tokenizer: BpeModel, ids: readonly number[]): Llama2cToken[] {
  const ranks = new Map<number, number>();
  for (const [rank, token] of [...mergeProducts(tokenizer)].entries()) {
    if (!ranks.has(token)) ranks.set(token, rank);
  }
  return ids.map((id, index) => {
    const rank = ranks.get(id);
    const text = tokenizer.vocabulary[id] ?? new Uint8Array();
    const isZero = index === BYTES; // C's strings end at it
    return { text: isZero ? Buffer.from('<0x00>') : text, score: rank === undefined ? NEVER : -rank };
  });
}
