/** @file Whether a model and a tokenizer belong together, as far as their tokens tell. */
import type { BpeModel } from '@arrowsmith/bpe';
import { UserError } from '@arrowsmith/errors';

/**
 * Looks whether a model has an embedding for every token.
 *
 * @param where the model is
 * @param named where people name the tokenizer: `import.tokenizer`
 * @throws UserError where it has fewer
 */
export function checkTokens(
  { config }: { config: { vocabularySize: number } },
  tokenizer: BpeModel,
  where: string,
  named = '`tokenizer`',
): void {
  const [tokens, rows] = [tokenizer.vocabulary.length, config.vocabularySize];
  if (tokens <= rows) return;
  throw new UserError({
    what: 'the model does not have an embedding for every token',
    where,
    expected: `a tokenizer of at most ${rows} tokens`,
    found: `${tokens} tokens`,
    fix: `name the tokenizer.json that belongs to the model by ${named}`,
  });
}
