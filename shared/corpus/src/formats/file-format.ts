/** @file What a file is: decided by its name and its content, which must not contradict one another. */

import { UserError } from '@arrowsmith/errors';
import { readHead } from './byte-source.ts';
import type { Compression } from './compression.ts';
import type { CorpusFile } from './corpus-file.ts';
import { signatureOf } from './signatures.ts';

/** How documents lie in a file; `raw` is text whose content may look like something else. */
export type Format = 'text' | 'raw' | 'jsonl' | 'json' | 'csv' | 'tsv' | 'parquet';

/** Enough of a file to tell what it is. */
const HEAD_BYTES = 2 ** 16;

/** What the ends of file names say. Others say nothing. */
const FORMATS: ReadonlyMap<string, Format> = byEnd({
  text: 'txt text md',
  jsonl: 'jsonl ndjson jsonlines',
  json: 'json',
  csv: 'csv',
  tsv: 'tsv tab',
  parquet: 'parquet pq',
});
const COMPRESSIONS: ReadonlyMap<string, string> = byEnd({
  gzip: 'gz gzip',
  zstd: 'zst zstd',
  bzip2: 'bz2 bz',
  xz: 'xz',
  lzma: 'lzma',
  lz4: 'lz4',
  brotli: 'br',
  'LZW (compress)': 'z',
  'a ZIP archive': 'zip',
  'a 7z archive': '7z',
  'a RAR archive': 'rar',
  'a tar archive': 'tar tgz tbz2 txz',
});

/** The ends of names, listed for each thing that they say, as a map. */
function byEnd<T extends string>(ends: Partial<Record<T, string>>): Map<string, T> {
  return new Map(
    Object.entries<string>(ends as Record<string, string>).flatMap(([says, list]) =>
      list.split(' ').map((end) => [end, says as T]),
    ),
  );
}

/** How to get at what {@link decompressedChunks} cannot read. */
const UNPACK: Readonly<Record<string, string>> = {
  bzip2: 'bzip2 -dk',
  xz: 'xz -dk',
  lzma: 'xz -dk',
  lz4: 'lz4 -d',
  brotli: 'brotli -d',
  'LZW (compress)': 'uncompress -k',
  'a ZIP archive': 'unzip',
  'a 7z archive': '7z x',
  'a RAR archive': 'unrar x',
  'a tar archive': 'tar -xf',
};

/** What is said of formats in messages. */
const NAMES: Readonly<Record<Format, string>> = {
  text: 'text',
  raw: 'text',
  jsonl: 'JSON Lines',
  json: 'JSON',
  csv: 'CSV',
  tsv: 'TSV',
  parquet: 'Parquet',
};

/** What the source says of its files. */
export interface Expectation {
  format?: Format | undefined;
  field: string;
  separator?: string | undefined;
  invalidUtf8?: 'fail' | 'replace' | undefined;
}

/** A file of which it is known what it is. */
export interface IdentifiedFile extends CorpusFile {
  format: Format;
}

/**
 * Finds out what a file is. Its format is the one that the source names, or else the one that the end of its name says, or
 * else what its content looks like, and text where that looks like nothing else. How it is compressed its first bytes say.
 *
 * @throws {UserError} where name, content and source contradict one another; for compressions, archives and other formats
 *   that cannot be read; and for what is hardly UTF-8, even where the source has what is not UTF-8 replaced
 */
export async function identifyFile(
  file: CorpusFile,
  expected: Expectation,
  signal?: AbortSignal,
): Promise<IdentifiedFile> {
  const name = nameOf(file);
  const plain = await readHead({ ...file, compression: undefined }, HEAD_BYTES, signal);
  const compression = compressionOf(file, name, signatureOf(plain));
  const opened = { ...file, compression };
  const head = compression === undefined ? plain : await readHead(opened, HEAD_BYTES, signal);
  const signature = signatureOf(head);
  if (signature !== undefined && (signature !== 'parquet' || compression !== undefined)) {
    throw notText(file, signature, compression);
  }
  const format = formatOf(file, name.format, signature === 'parquet' ? 'parquet' : looksLike(head, expected), expected);
  if (format !== 'parquet' && expected.invalidUtf8 === 'replace') checkReplacements(file, head);
  return { ...opened, format };
}

/** What the end of a name says. */
interface NameSays {
  compression?: string | undefined;
  format?: Format | undefined;
}

function nameOf({ name }: CorpusFile): NameSays {
  const ends = name
    .replace(/[?#].*$/s, '')
    .split('/')
    .at(-1)!
    .split('.')
    .slice(1);
  const last = ends.at(-1)?.toLowerCase() ?? '';
  const compression = COMPRESSIONS.get(last);
  const end = compression === undefined ? last : (ends.at(-2)?.toLowerCase() ?? '');
  return { compression, format: FORMATS.get(end) };
}

/** How a file is compressed, as its first bytes say; what its name says must agree. */
function compressionOf(file: CorpusFile, name: NameSays, found: string | undefined): Compression | undefined {
  const says = name.compression;
  const unpack = UNPACK[found ?? ''] ?? (found === undefined ? UNPACK[says ?? ''] : undefined);
  if (unpack !== undefined) {
    throw new UserError({
      what: `${file.name}: ${found ?? says} cannot be read`,
      where: file.path,
      expected: 'text, or text that is compressed with gzip or Zstandard',
      fix: `unpack it (${unpack} ${file.name.split('/').at(-1)}), and name what comes out`,
    });
  }
  const compression = found === 'gzip' || found === 'zstd' ? found : undefined;
  if (says === undefined ? compression === undefined || name.format === undefined : says === compression) {
    return compression;
  }
  throw new UserError({
    what: `${file.name}: its name says ${says ?? 'that it is not compressed'}, its content is ${contentSays(file, found)}`,
    where: file.path,
    fix:
      compression === undefined
        ? 'fetch or compress the file again, or take the end off its name if it is not compressed'
        : `add ${compression === 'gzip' ? '.gz' : '.zst'} to its name, or fetch it again`,
  });
}

const contentSays = ({ bytes }: CorpusFile, found: string | undefined): string =>
  found ?? (bytes === 0 ? 'nothing, as the file is empty' : 'something else');

function notText(file: CorpusFile, kind: string, compression: string | undefined): UserError {
  const packed = compression === undefined ? '' : ` within ${compression}`;
  const what = kind === 'parquet' ? 'a Parquet file' : kind;
  return new UserError({
    what: `${file.name}: this is ${what}${packed}, not text`,
    where: file.path,
    expected: 'UTF-8 text, JSON, CSV or TSV, which may be compressed with gzip or Zstandard, or Parquet as it is',
    fix:
      kind === 'UTF-16' || kind === 'UTF-32'
        ? `convert it: iconv -f ${kind} -t UTF-8`
        : compression !== undefined || UNPACK[kind] !== undefined
          ? `unpack it (${UNPACK[kind] ?? (compression === 'zstd' ? 'zstd -d' : 'gzip -dk')}), and name what comes out`
          : 'convert it to one of these, or leave it out of the source',
  });
}

/** Formats that are read by the same rules have one name. */
export const formatFamily = (format: Format): Format =>
  format === 'raw' ? 'text' : format === 'json' ? 'jsonl' : format;

function formatOf(
  file: CorpusFile,
  says: Format | undefined,
  looks: Format | undefined,
  expected: Expectation,
): Format {
  const { format: asked, separator } = expected;
  if (asked === 'raw') return asked;
  const format = asked ?? says ?? (separator === undefined ? looks : 'text') ?? 'text';
  // A name such as .txt is given to anything, and gives way to what the source says.
  const named = says !== undefined && says !== 'text' && formatFamily(says) !== formatFamily(format) ? says : undefined;
  const other = named ?? (looks !== undefined && formatFamily(looks) !== formatFamily(format) ? looks : undefined);
  if (other === undefined && (separator === undefined || format === 'text')) return format;
  const proposal = other ?? format;
  throw new UserError({
    what:
      other === undefined
        ? `${file.name}: a separator is for text, and this is ${NAMES[format]}`
        : `${file.name}: its ${named === undefined ? 'content looks like' : 'name says'} ${NAMES[other]}, and it would be read as ${NAMES[format]}`,
    where: file.path,
    expected: 'name, content and the format of the source to agree',
    fix: [
      ...(separator === undefined
        ? [`set format: ${proposal} in the source`]
        : [`set format: ${proposal} in the source and leave out its separator`]),
      ...(formatFamily(format) === 'text' || other === undefined
        ? ['or format: raw to take its characters as they are, as text']
        : ['or correct the name of the file']),
    ].join('; '),
  });
}

/** What a text looks like by its first line: JSON, or a table whose header has the field. */
function looksLike(head: Buffer, { field }: Expectation): Format | undefined {
  const text = head.toString('utf8').replace(/^\ufeff/, '');
  const json = /^\s*(\[\s*)?\{\s*"[^"\n]{0,200}"\s*:/.exec(text);
  if (json) return json[1] === undefined ? 'jsonl' : 'json';
  const end = text.indexOf('\n');
  if (end === -1) return undefined;
  const header = text.slice(0, end).trimEnd();
  const isHeader = (delimiter: string): boolean => {
    const cells = header.split(delimiter).map((cell) => cell.replace(/^"(.*)"$/, '$1'));
    return (
      cells.length > 1 && cells.includes(field) && cells.every((cell) => /^[\w.-]([\w .-]{0,38}[\w.-])?$/.test(cell))
    );
  };
  return isHeader('\t') ? 'tsv' : isHeader(',') || isHeader(';') ? 'csv' : undefined;
}

/** Of a text in another encoding of Latin letters every tenth byte is no UTF-8; of compressed bytes, nearly every second. */
const MOST_REPLACED = 0.25;

function checkReplacements(file: CorpusFile, head: Buffer): void {
  const replaced =
    head.toString('utf8').split('\ufffd').length - head.toString('latin1').split('\u00ef\u00bf\u00bd').length;
  if (replaced <= MOST_REPLACED * head.length) return;
  throw new UserError({
    what: `${file.name}: hardly any of this is UTF-8`,
    where: file.path,
    expected: `at most ${MOST_REPLACED * 100} % of the bytes to be replaced`,
    found: `${Math.round((100 * replaced) / head.length)} % of the first ${head.length} bytes: compressed, binary, or text in another encoding`,
    fix: 'unpack it, or convert it with iconv -f <its encoding> -t UTF-8',
  });
}
