/** @file The tokenizer of a model, in a file of its own or within the model's, as this project has it. */
import { chooseEndOfText, fromTokenizerJson } from '@arrowsmith/bpe';
import { readTokenizerFile } from '@arrowsmith/bpe/tokenizer-file';
import { type ForeignTokenizer, readGgufTokenizer } from './gguf-tokenizer.ts';
import { isGguf } from './recognize-model.ts';

/** How a tokenizer is asked for. */
export interface AskedTokenizer {
  /** The special token that ends a text; by default what the file says, or the usual one. */
  endOfText?: string | undefined;
  /** Where that was said: `import.endOfText`. */
  where?: string;
  /** What to do where the file cannot be read. */
  fix?: string;
}

/**
 * Reads a tokenizer: a tokenizer.json, or that in a GGUF file.
 *
 * @throws UserError for a file that cannot be read, is damaged, or of a kind that is not supported
 */
export async function readForeignTokenizer(
  file: string,
  { endOfText, where = `endOfText of ${file}`, fix }: AskedTokenizer = {},
): Promise<ForeignTokenizer> {
  if (isGguf(file)) {
    const { openGguf } = await import('@arrowsmith/formats'); // who reads a tokenizer.json needs none of it
    return readGgufTokenizer(openGguf(file), { endOfText, where });
  }
  const { text } = await readTokenizerFile(file, {
    name: 'the tokenizer of the model',
    fix: fix ?? 'put it there, or name another by `tokenizer`',
  });
  const tokenizer = fromTokenizerJson(text, file);
  return { tokenizer, endOfText: chooseEndOfText(tokenizer, endOfText, where), endTokens: [] };
}
