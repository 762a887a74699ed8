/** @file A tokenizer that others trained, in place of one of our own. */
import { fromTokenizerJson, type BpeModel } from '@arrowsmith/bpe';
import { UserError } from '@arrowsmith/errors';
import { readTokenizerFile, type TokenizerFile } from './resolve.ts';

/** What GPT-2 and Qwen, Llama 3, and older tokenizers end a text with. */
const USUAL_ENDS = ['<|endoftext|>', '<|end_of_text|>', '</s>'];

/** @throws UserError where the file has changed since the stage was started, is damaged, or of another kind */
export async function readPretrained(root: string, { path, sha256 }: TokenizerFile): Promise<BpeModel> {
  const file = await readTokenizerFile(root, path);
  if (file.sha256 === sha256) return fromTokenizerJson(file.text, path);
  throw new UserError({
    what: 'the pretrained tokenizer changed while the stage ran',
    where: path,
    expected: `sha256 ${sha256}`,
    found: `sha256 ${file.sha256}`,
    fix: 'run the stage again',
  });
}

/**
 * The special token that ends a text.
 * @param asked parameter `endOfText`
 * @returns the empty string where the tokenizer has no special token at all, and none was asked for
 * @throws UserError where the tokenizer does not have the one that was asked for
 */
export function chooseEndOfText({ specialTokens }: Pick<BpeModel, 'specialTokens'>, asked?: string): string {
  const names = specialTokens.map(({ content }) => content);
  if (asked === undefined) return USUAL_ENDS.find((name) => names.includes(name)) ?? names[0] ?? '';
  if (names.includes(asked)) return asked;
  throw new UserError({
    what: `the tokenizer has no special token "${asked}" to end a text with`,
    where: 'tokenizer.endOfText',
    expected: names.length === 0 ? 'a tokenizer with special tokens' : `one of ${names.slice(0, 12).join(' ')}`,
    found: `"${asked}"`,
    fix: 'correct tokenizer.endOfText in the pipeline file',
  });
}
