/** @file A web page with the model beside it, for any static host. */
import { writeWebFolder } from '@arrowsmith/web';
import { beginOfTextId, checkVocabulary, endOfTextId, endTokenIds, type Exported } from './exported.ts';

/**
 * Writes the page, its scripts, and the model.
 *
 * @param precision of matrices; undefined: as they are stored, without computing any anew
 * @returns how most of it is stored
 * @throws UserError where the tokenizer is not the model's
 */
export async function exportWeb(
  folder: string,
  model: Exported,
  precision: string | undefined,
  { name }: { name: string },
): Promise<{ precision: string; formats: ReadonlyMap<string, number> }> {
  checkVocabulary(model);
  const endOfText = { content: model.endOfText, id: endOfTextId(model) };
  const beginOfText = { content: model.beginOfText ?? model.endOfText, id: beginOfTextId(model) };
  const endTokens = endTokenIds(model);
  return writeWebFolder(folder, { ...model, endOfText, beginOfText, endTokens }, { name, precision });
}
