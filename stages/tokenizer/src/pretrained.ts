/** @file A tokenizer that others trained, in place of one of our own. */
import { fromTokenizerJson, type BpeModel } from '@arrowsmith/bpe';
import { UserError } from '@arrowsmith/errors';
import { readPretrainedFile, type TokenizerFile } from './resolve.ts';

/** @throws UserError where the file has changed since the stage was started, is damaged, or of another kind */
export async function readPretrained(root: string, { path, sha256 }: TokenizerFile): Promise<BpeModel> {
  const file = await readPretrainedFile(root, path);
  if (file.sha256 === sha256) return fromTokenizerJson(file.text, path);
  throw new UserError({
    what: 'the pretrained tokenizer changed while the stage ran',
    where: path,
    expected: `sha256 ${sha256}`,
    found: `sha256 ${file.sha256}`,
    fix: 'run the stage again',
  });
}
