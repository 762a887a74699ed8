/** @file A model that was found, opened to be exported: its weights as they are stored, its tokenizer, and what its files say of texts. */
import type { Exported } from '@arrowsmith/export';
import type { ModelFiles } from '@arrowsmith/generation';
import { openForeignModel, readForeignTokenizer } from '@arrowsmith/import';

/** @throws UserError for damaged files, and for what is not supported */
export async function openExported(files: Omit<ModelFiles, 'name'>): Promise<Exported> {
  const { chatTemplate, ...known } = await readForeignTokenizer(files.tokenizer, files);
  const model = await openForeignModel(files.weights, known.tokenizer);
  return {
    ...model,
    ...known,
    endTokens: known.endTokens.length > 0 ? known.endTokens : files.endTokens,
    chatTemplate: (files.chatTemplate ?? chatTemplate)?.source,
  };
}
