/** @file The tokens that documents begin and end with, by what the artifact of a tokenizer says of them. */
import type { BpeModel } from './model.ts';

/**
 * Ids of the special tokens that `beginOfText` and `endOfText` of an artifact's metadata name. Only of imported models are they two.
 *
 * @returns undefined where the tokenizer has none that ends a document
 */
export function documentBounds(
  { specialTokens }: Pick<BpeModel, 'specialTokens'>,
  { endOfText, beginOfText = endOfText }: Readonly<Record<string, unknown>>,
): { beginOfText: number; endOfText: number } | undefined {
  const [begin, end] = [beginOfText, endOfText].map(
    (name) => specialTokens.find(({ content }) => content === name)?.id,
  );
  return begin === undefined || end === undefined ? undefined : { beginOfText: begin, endOfText: end };
}
