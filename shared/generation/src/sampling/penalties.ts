/** @file Processors that look at tokens one by one: penalties, biases, the least length. */
import { UserError } from '@arrowsmith/errors';
import type { LogitsProcessor } from './processors.ts';

/** Excludes the tokens that end a text until it has a number of tokens. */
export function excludeEarlyEnd(minimumTokens: number, endTokens: readonly number[]): LogitsProcessor {
  return (logits, { output }) => {
    if (output.length >= minimumTokens) return;
    for (const id of endTokens) logits[id] = -Infinity;
  };
}

/**
 * Adds to the logits of some tokens.
 *
 * @param biases by token id
 * @returns a processor that throws a UserError where an id is not in the vocabulary
 */
export function addBias(biases: Readonly<Record<string, number>>): LogitsProcessor {
  const entries = Object.entries(biases).map(([id, bias]) => [Number(id), bias] as const);
  return (logits) => {
    for (const [id, bias] of entries) {
      if (id >= logits.length) throw outsideVocabulary(id, logits.length);
      logits[id]! += bias;
    }
  };
}

/**
 * Divides positive logits of all tokens that prompt and output have, and multiplies negative ones: Hugging Face's definition of
 * the penalty of CTRL (Keskar et al. 2019, https://arxiv.org/abs/1909.05858), which vLLM shares.
 */
export function penalizeRepetition(penalty: number): LogitsProcessor {
  return (logits, { prompt, output }) => {
    for (const id of new Set([...prompt, ...output])) {
      const logit = logits[id]!;
      logits[id] = logit < 0 ? logit * penalty : logit / penalty;
    }
  };
}

/**
 * Subtracts from the logit of each token that the output has, `frequency` for each time and `presence` once: OpenAI's and vLLM's
 * definition. The prompt does not count.
 */
export function penalizeFrequency(frequency: number, presence: number): LogitsProcessor {
  return (logits, { output }) => {
    const counts = new Map<number, number>();
    for (const id of output) counts.set(id, (counts.get(id) ?? 0) + 1);
    for (const [id, count] of counts) logits[id]! -= frequency * count + presence;
  };
}

function outsideVocabulary(id: number, vocabularySize: number): UserError {
  return new UserError({
    what: 'logitBias names a token outside the vocabulary',
    expected: `ids from 0 to ${vocabularySize - 1}`,
    found: `${id}`,
    where: 'logitBias',
    fix: "use ids of the model's tokenizer",
  });
}
