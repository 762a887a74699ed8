/** @file What is exported: a model as it is stored, its tokenizer, and what is known of them. */
import type { BpeModel } from '@arrowsmith/bpe';
import { UserError } from '@arrowsmith/errors';
import type { DecoderConfig, Weights } from '@arrowsmith/model';
import { decodeStored } from '@arrowsmith/quantization';

/** A tensor as it is stored: what its bytes are is its format's name. */
interface StoredTensor {
  shape: readonly number[];
  format: string;
  bytes: Uint8Array;
}

export interface Exported {
  config: DecoderConfig;
  /** The names of all parameters. */
  names: readonly string[];
  /** Reads a parameter. */
  read(name: string): StoredTensor;
  tokenizer: BpeModel;
  /** The special token that ends a text, and that one begins with where nothing else is said. */
  endOfText: string;
  /** The special token that a text begins with. */
  beginOfText?: string | undefined;
  /** Others that end a text. */
  endTokens?: readonly string[] | undefined;
  /** Jinja, of conversations. */
  chatTemplate?: string | undefined;
}

/** All weights as float32. */
export function weightsOf({ names, read }: Exported): Weights {
  return Object.fromEntries(
    names.map((name) => {
      const stored = read(name);
      return [name, { shape: [...stored.shape], data: decodeStored(stored) }];
    }),
  );
}

/** The id of the token that a text begins with. @throws UserError where the tokenizer has none */
export function beginOfTextId({
  tokenizer,
  endOfText,
  beginOfText = endOfText,
}: Pick<Exported, 'tokenizer' | 'endOfText' | 'beginOfText'>): number {
  return endOfTextId({ tokenizer, endOfText: beginOfText });
}

/** The id of the token that ends a text. @throws UserError where the tokenizer has none */
export function endOfTextId({ tokenizer, endOfText }: Pick<Exported, 'tokenizer' | 'endOfText'>): number {
  const token = tokenizer.specialTokens.find(({ content }) => content === endOfText);
  if (token !== undefined) return token.id;
  throw new UserError({
    what: 'the tokenizer has no token that ends a text, and that generation begins with',
    expected: 'a special token',
    found: endOfText === '' ? 'none' : `no special token ${endOfText}`,
    fix: 'export the tokenizer that the model was trained with',
  });
}

/** The ids of other tokens that end a text: of those that the tokenizer has, each once, as they are named. */
export function endTokenIds(model: Pick<Exported, 'tokenizer' | 'endOfText' | 'endTokens'>): number[] {
  const { tokenizer, endOfText, endTokens = [] } = model;
  const tokens = [...tokenizer.specialTokens, ...(tokenizer.addedTokens ?? [])];
  const named = new Map(tokens.map(({ content, id }) => [content, id]));
  const others = new Set(endTokens.filter((content) => content !== endOfText));
  return [...others].map((content) => named.get(content)).filter((id) => id !== undefined);
}

/** @throws UserError where the tokenizer has more tokens than the model embeddings */
export function checkVocabulary({ config, tokenizer }: Exported): void {
  const tokens = tokenizer.vocabulary.length;
  if (tokens <= config.vocabularySize) return;
  throw new UserError({
    what: 'the model does not have an embedding for every token',
    expected: `a tokenizer of at most ${config.vocabularySize} tokens`,
    found: `${tokens} tokens`,
    fix: 'export the tokenizer that the model was trained with',
  });
}
