/** @file In which order a model of llama2.c has the tokens of a tokenizer.json: tokenizer.bin beside it says which token each of its ids is. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { BpeModel } from '@arrowsmith/bpe';
import { UserError } from '@arrowsmith/errors';
import { llama2cTokens, llama2cIds } from '@arrowsmith/export';
import { type Llama2cToken, readLlama2cTokenizer } from '@arrowsmith/formats';
import { LLAMA2C_TOKENIZER } from './recognize-model.ts';

/** What begins and ends a text there. */
const END = 1;

/**
 * The id in the tokenizer of each id of the model. Without a tokenizer.bin beside it the model has its tokens in the order of the tokenizer.
 *
 * @throws UserError where tokenizer.bin has other tokens
 */
export function llama2cOrder(
  { file, vocabulary }: { file: string; vocabulary: number },
  tokenizer: BpeModel,
): readonly number[] | undefined {
  const path = join(dirname(file), LLAMA2C_TOKENIZER);
  if (!existsSync(path)) return undefined;
  const tokens = readLlama2cTokenizer(path, vocabulary);
  const ids = exportedOrder(tokens, tokenizer);
  if (ids !== undefined) return ids;
  const plain = tokens.findIndex(({ text }, id) => !sameText(text, tokenizer.vocabulary[id]));
  if (plain === -1) return undefined;
  throw new UserError({
    what: 'the tokenizer has other tokens than the model of llama2.c',
    where: path,
    expected: 'the tokens of the tokenizer.json, in its order or in that of an export of this project',
    found: `${shown(tokens[plain]?.text)} as token ${plain}, where tokenizer.json has ${shown(tokenizer.vocabulary[plain])}`,
    fix: 'name the tokenizer.json that the model was trained with by `tokenizer`',
  });
}

/** The order that `export` writes them in, where this is it. */
function exportedOrder(tokens: readonly Llama2cToken[], tokenizer: BpeModel): number[] | undefined {
  const end = tokens[END]?.text.toString();
  if (end === undefined || !tokenizer.specialTokens.some(({ content }) => content === end)) return undefined;
  if (tokenizer.vocabulary.length > tokens.length || tokens.length < 259) return undefined;
  const ids = llama2cIds({ vocabularySize: tokens.length, tokenizer, endOfText: end });
  const own = llama2cTokens(tokenizer, ids);
  return own.every(({ text }, index) => sameText(text, tokens[index]?.text)) ? ids : undefined;
}

const sameText = (one: Uint8Array | undefined, other: Uint8Array | undefined): boolean =>
  Buffer.compare(one ?? new Uint8Array(), other ?? new Uint8Array()) === 0;

const shown = (bytes: Uint8Array | undefined): string =>
  bytes === undefined || bytes.length === 0 ? 'none' : JSON.stringify(Buffer.from(bytes).toString()).slice(0, 60);
