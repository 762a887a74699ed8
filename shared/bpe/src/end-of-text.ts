/** @file Which special token of a tokenizer ends a text. */
import { UserError } from '@arrowsmith/errors';
import type { BpeModel } from './model.ts';

/** What GPT-2 and Qwen, Llama 3, and older tokenizers end a text with. */
const USUAL_ENDS = ['<|endoftext|>', '<|end_of_text|>', '</s>'];

/**
 * The special token that ends a text.
 * @param asked for by a person
 * @param told.where that was, e.g. `tokenizer.endOfText`
 * @param told.fix what to do where the tokenizer does not have it
 * @param told.said what the model's files say that ends a text, where they do: the usual token may not be among them, as Llama 3's `eos_token` ends turns
 * @returns the empty string where the tokenizer has no special token at all, and none was asked for
 * @throws UserError where the tokenizer does not have the one that was asked for
 */
export function chooseEndOfText(
  { specialTokens }: Pick<BpeModel, 'specialTokens'>,
  asked: string | undefined,
  { where, fix, said = [] }: { where: string; fix?: string; said?: readonly string[] },
): string {
  const names = specialTokens.map(({ content }) => content);
  if (asked === undefined)
    return (
      USUAL_ENDS.find((name) => names.includes(name)) ?? said.find((name) => names.includes(name)) ?? names[0] ?? ''
    );
  if (names.includes(asked)) return asked;
  throw new UserError({
    what: `the tokenizer has no special token "${asked}" to end a text with`,
    where,
    expected: names.length === 0 ? 'a tokenizer with special tokens' : `one of ${names.slice(0, 12).join(' ')}`,
    found: `"${asked}"`,
    fix: fix ?? `correct ${where} in the pipeline file`,
  });
}
