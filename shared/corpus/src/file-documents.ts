/** @file The documents of files, as a training and a validation stream: each file read as what it is, some documents held out. */

import { UserError } from '@arrowsmith/errors';
import type { OnInvalidUtf8, OnLeftOut, ReadOptions } from './formats/corpus-file.ts';
import { readCsv } from './formats/csv.ts';
import { formatFamily, identifyFile } from './formats/file-format.ts';
import type { IdentifiedFile } from './formats/file-format.ts';
import { readJson } from './formats/json.ts';
import { readParquet } from './formats/parquet.ts';
import type { TextField } from './formats/record.ts';
import { readRunningText, readSeparatedText } from './formats/text.ts';
import type { TextPart } from './formats/text.ts';
import type { CorpusFiles } from './obtain-files.ts';
import type { Layout } from './sources/layout.ts';
import { isHeldOut } from './split.ts';

export type Part = 'train' | 'validation';

export interface FileDocumentsOptions {
  signal?: AbortSignal | undefined;
  /** Called with the bytes of a part that were read, of so many. */
  onRead?: ((part: Part, done: number, total: number) => void) | undefined;
  /** Called where bytes are replaced, once for each text of the files. */
  onInvalidUtf8?: OnInvalidUtf8 | undefined;
  /** Called for each record that holds no text, once for each record of the files. */
  onLeftOut?: OnLeftOut | undefined;
}

/** Files of one format. */
export interface IdentifiedFiles {
  train: IdentifiedFile[];
  validation?: IdentifiedFile[];
}

/** The field that holds the text: as the source names it, or `text`, or `messages` for conversations. */
export const textField = ({ field, conversation }: Layout): TextField => ({
  field: field ?? (conversation === undefined ? 'text' : 'messages'),
  conversation,
});

/**
 * Finds out what each file is.
 *
 * @throws {UserError} for files of different formats, and as {@link identifyFile}
 */
export async function identifyFiles(
  files: CorpusFiles,
  layout: Layout,
  signal?: AbortSignal,
): Promise<IdentifiedFiles> {
  const { field } = textField(layout);
  const identify = async (part: CorpusFiles['train']): Promise<IdentifiedFile[]> => {
    const identified: IdentifiedFile[] = [];
    for (const file of part) identified.push(await identifyFile(file, { ...layout, field }, signal));
    return identified;
  };
  const identified: IdentifiedFiles = { train: await identify(files.train) };
  if (files.validation) identified.validation = await identify(files.validation);
  const all = [...identified.train, ...(identified.validation ?? [])];
  const other = all.find(({ format }) => formatFamily(format) !== formatFamily(all[0]!.format));
  if (other === undefined) return identified;
  throw new UserError({
    what: 'the files of the source are of different formats',
    found: `${all[0]!.name} is ${all[0]!.format}, ${other.name} is ${other.format}`,
    fix: 'name files of one format with a narrower pattern, or leave some out with a pattern that begins with !; format: raw takes the characters of all of them as they are',
  });
}

/** One pass over the files of one part. */
export async function* fileDocuments(
  files: IdentifiedFiles,
  layout: Layout,
  part: Part,
  { signal, onRead: onPartRead, onInvalidUtf8, onLeftOut }: FileDocumentsOptions,
): AsyncGenerator<string> {
  const read = files[part] ?? files.train;
  const total = read.reduce((sum, { bytes }) => sum + bytes, 0);
  const name = partName(part);
  const choose = chooser(files, layout, part);

  // Where both parts are picked from the same texts, these are read twice, and told of once.
  const tells = files[part] !== undefined || choose.textPart !== 'all';
  const onInvalid: OnInvalidUtf8 = (place, count) => tells && onInvalidUtf8?.(place, count);
  const policy = layout.invalidUtf8 === 'replace' ? { onInvalidUtf8: onInvalid } : {};
  let lacks: (() => string) | undefined;
  const leave: OnLeftOut = (reason, described) => {
    if (reason === 'missing') lacks ??= described;
    if (tells) onLeftOut?.(reason, described);
  };

  let index = 0;
  let chosen = 0;
  let before = 0;
  for (const file of read) {
    const onRead = (bytes: number) => onPartRead?.(part, before + bytes, total);
    for await (const batch of readFile(file, layout, choose.textPart, {
      signal,
      onRead,
      onLeftOut: leave,
      ...policy,
    })) {
      for (const document of batch) {
        if (!choose.takes(index++)) continue;
        chosen++;
        yield document;
      }
    }
    before += file.bytes;
  }
  if (index === 0 && lacks !== undefined) throw fieldMissing(read, layout, lacks());
  if (layout.separator !== undefined && index > 0 && index <= read.length && total > LARGE_BYTES) {
    throw separatorNeverOccurs(read, layout.separator, total);
  }
  if (chosen === 0) throw noDocuments(read, name, index, layout);
}

/** What a part is called in messages and progress. */
export const partName = (part: Part): string => (part === 'train' ? 'training documents' : 'validation documents');

/** Text in which a separator should occur, if it is the right one. */
const LARGE_BYTES = 2 ** 20;

function separatorNeverOccurs(files: IdentifiedFile[], separator: string, bytes: number): UserError {
  return new UserError({
    what: 'the separator never occurs, so that each file is one document',
    where: placeOf(files),
    expected: JSON.stringify(separator),
    found: `${(bytes / 1e6).toFixed(1)} MB without it`,
    fix: 'correct the separator of the source, or leave it out if each file is one document',
  });
}

/** Which documents of the files belong to a part, and which part of each text that has no separator. */
function chooser(
  files: IdentifiedFiles,
  layout: Layout,
  part: Part,
): { textPart: TextPart; takes: (index: number) => boolean } {
  const share = layout.validationShare;
  if (files.validation) return { textPart: 'all', takes: () => true };
  const running = layout.separator === undefined && files.train.every(({ format }) => formatFamily(format) === 'text');
  if (running && Math.floor(files.train.length * share) === 0) return { textPart: part, takes: () => true };
  return { textPart: 'all', takes: (index) => isHeldOut(index, share) === (part === 'validation') };
}

function readFile(
  file: IdentifiedFile,
  layout: Layout,
  part: TextPart,
  options: ReadOptions,
): AsyncGenerator<string[]> {
  const text = textField(layout);
  switch (file.format) {
    case 'jsonl':
    case 'json':
      return readJson(file, text, options);
    case 'csv':
    case 'tsv':
      return readCsv(
        file,
        { field: text.field, delimiter: layout.delimiter ?? (file.format === 'csv' ? ',' : '\t') },
        options,
      );
    case 'parquet':
      return readParquet(file, text, options);
    case 'text':
    case 'raw':
      return layout.separator === undefined
        ? readRunningText(file, part, layout.validationShare, options)
        : readSeparatedText(file, layout.separator, options);
  }
}

function fieldMissing(files: IdentifiedFile[], layout: Layout, found: string): UserError {
  const { field } = textField(layout);
  return new UserError({
    what: `no record has the field "${field}"`,
    where: placeOf(files),
    found,
    fix: 'set the field of the source to the one that holds the text (object.field, where it is nested; with conversation: {} if it holds turns of a conversation); of records in a list, jq -c .list[] makes a file with one per line',
  });
}

const placeOf = (files: IdentifiedFile[]): string =>
  files.length === 1 ? files[0]!.name : `${files[0]!.name} and ${files.length - 1} more`;

function noDocuments(files: IdentifiedFile[], name: string, available: number, layout: Layout): UserError {
  const where = placeOf(files);
  if (available > 0) {
    return new UserError({
      what: `the corpus has no ${name}`,
      where,
      found: `${available} documents, of which a share of ${layout.validationShare} is held out`,
      fix: 'change validationShare, name a validation file, or check the separator and format of the source',
    });
  }
  return new UserError({
    what: `the corpus has no ${name}`,
    where,
    found: files.some(({ cut }) => cut) ? 'no complete document in the bytes that were fetched' : 'no text',
    fix: files.some(({ cut }) => cut) ? 'raise firstBytes' : 'check the path, format and separator of the source',
  });
}
