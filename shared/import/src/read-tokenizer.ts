/** @file The tokenizer of a model, in a file of its own or within the model's, as this project has it. */
import { dirname } from 'node:path';
import { readTokenizerJson } from '@arrowsmith/bpe';
import { readTokenizerFile } from '@arrowsmith/bpe/tokenizer-file';
import { type ForeignTokenizer, readGgufTokenizer } from './gguf-tokenizer.ts';
import { isGguf } from './recognize-model.ts';
import { type AskedBounds, chooseTextBounds, readTextBounds } from './text-bounds.ts';

/** How a tokenizer is asked for: `endOfText` … are what its files say by default, or the usual ones. */
export interface AskedTokenizer extends AskedBounds {
  /** What to do where the file cannot be read. */
  fix?: string;
}

/**
 * Reads a tokenizer: a tokenizer.json, or that in a GGUF file.
 *
 * @throws UserError for a file that cannot be read, is damaged, or of a kind that is not supported
 */
export async function readForeignTokenizer(file: string, asked: AskedTokenizer = {}): Promise<ForeignTokenizer> {
  if (isGguf(file)) {
    const { openGguf } = await import('@arrowsmith/formats'); // who reads a tokenizer.json needs none of it
    return readGgufTokenizer(openGguf(file), asked);
  }
  const { text } = await readTokenizerFile(file, {
    name: 'the tokenizer of the model',
    fix: asked.fix ?? 'put it there, or name another by `tokenizer`',
  });
  const { model: tokenizer, beforeText } = readTokenizerJson(text, file);
  const known = await readTextBounds(dirname(file), tokenizer, beforeText);
  return { tokenizer, ...chooseTextBounds(tokenizer, known, asked, file) };
}
