/** @file Whether a model that is trained on understands the rows. */
import { UserError } from '@arrowsmith/errors';
import type { DecoderConfig } from '@arrowsmith/model';
import type { TokenTable } from '@arrowsmith/training';

/**
 * @param step that made the model
 * @throws UserError where it has no embedding for some token of the rows
 */
export function checkRows(rows: Pick<TokenTable, 'vocabularySize'>, model: DecoderConfig, step: string): void {
  if (rows.vocabularySize > model.vocabularySize) {
    throw new UserError({
      what: `the model of ${step} does not have an embedding for every token`,
      expected: `rows of at most ${model.vocabularySize} tokens`,
      found: `${rows.vocabularySize} tokens`,
      fix: `make the rows with the tokenizer of the model: \`inputs: { tokenizer: ${step} }\` in the step that makes them`,
    });
  }
}
