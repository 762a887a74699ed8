/** @file Comma- and tab-separated values (RFC 4180): a header with the names of the columns, of which one holds the documents. */

import { UserError } from '@arrowsmith/errors';
import { Parser } from 'csv-parse';
import type { CsvError } from 'csv-parse';
import { BYTE_ORDER_MARK, openBytes, READ_BYTES } from './byte-source.ts';
import { MAX_DOCUMENT_BYTES } from './corpus-file.ts';
import type { CorpusFile, ReadOptions } from './corpus-file.ts';
import { listNames } from './record.ts';
import { decodeUtf8 } from './utf8.ts';

/** How a table is written. */
export interface CsvLayout {
  /** Name of the column that holds the documents. */
  field: string;
  /** One character of ASCII. */
  delimiter: string;
}

/**
 * The documents of a table with a header. Cells may be quoted, and then hold line breaks, delimiters and doubled quotation
 * marks. Lines end with `\n` or `\r\n`. Empty cells are left out and told. Memory is bounded by the longest row and a read.
 *
 * @throws {UserError} with file and line: for a column that is missing or there twice, a row of another number of cells than
 *   the header, a quotation mark that stands wrong or is not closed, a row of more than 256 MiB, and what is not UTF-8
 */
export async function* readCsv(file: CorpusFile, layout: CsvLayout, options: ReadOptions): AsyncGenerator<string[]> {
  const source = await openBytes(file, options);
  try {
    const rows = rowReader(file, layout, options);
    for (let first = true; ; first = false) {
      options.signal?.throwIfAborted();
      const buffer = Buffer.allocUnsafe(READ_BYTES);
      const read = await source.read(buffer, 0, READ_BYTES);
      const bytes = buffer.subarray(0, read);
      const marked = first && bytes.indexOf(BYTE_ORDER_MARK) === 0;
      const documents =
        read === 0 ? await rows.end() : await rows.add(marked ? bytes.subarray(BYTE_ORDER_MARK.length) : bytes);
      if (documents.length > 0) yield documents;
      if (read === 0) return;
    }
  } finally {
    await source.close();
  }
}

interface Row {
  cells: string[];
  /** On which the row ends, from 1. */
  line: number;
}

function rowReader(file: CorpusFile, { field, delimiter }: CsvLayout, { onInvalidUtf8, onLeftOut }: ReadOptions) {
  let header: string[] | undefined;
  let column = -1;
  let failure: unknown;
  let begun = 0; // the last line of the last row that is complete
  const complete: Row[] = [];
  const parser = new Parser({
    delimiter,
    // One character for each byte: what is UTF-8 is decided cell by cell, and only for the documents.
    encoding: 'latin1',
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_DOCUMENT_BYTES,
    on_record: (cells: string[], { lines }) => {
      complete.push({ cells, line: lines });
      begun = lines;
      return null;
    },
  });
  parser.on('error', (error) => (failure ??= error));
  parser.resume();

  const decoded = (cell: string, line: number): string =>
    decodeUtf8(Buffer.from(cell, 'latin1'), `${file.name}:${line}`, 0, onInvalidUtf8);

  const text = ({ cells, line }: Row): string[] => {
    if (header === undefined) {
      header = cells.map((cell) => decoded(cell, line));
      column = columnOf(file, header, field, delimiter);
      return [];
    }
    if (cells.length !== header.length) throw wrongLength(file, line, header, cells.length, delimiter);
    const document = decoded(cells[column]!, line);
    if (document === '') onLeftOut?.('empty');
    return document === '' ? [] : [document];
  };

  /** A header that does not fit comes first: what is wrong in the rows may follow from it. */
  const checkFailure = (): void => {
    if (failure === undefined) return;
    complete.forEach(text);
    throw malformed(file, failure, delimiter, begun + 1);
  };

  return {
    async add(bytes: Buffer): Promise<string[]> {
      await new Promise<void>((resolve) => parser.write(bytes, () => resolve()));
      checkFailure();
      // The last row of the beginning of a file may be cut: it is known to be whole when another follows.
      return complete.splice(0, file.cut ? Math.max(0, complete.length - 1) : complete.length).flatMap(text);
    },
    async end(): Promise<string[]> {
      await new Promise<void>((resolve) => parser.on('close', () => resolve()).end());
      // A row that is cut within quotation marks is a failure, and not among the complete ones.
      if (file.cut) return complete.slice(0, failure === undefined ? -1 : undefined).flatMap(text);
      checkFailure();
      return complete.flatMap(text);
    },
  };
}

function columnOf(file: CorpusFile, header: string[], field: string, delimiter: string): number {
  const column = header.indexOf(field);
  if (column !== -1 && header.lastIndexOf(field) === column) return column;
  const other = [',', ';', '\t', '|'].find((character) => header.some((name) => name.split(character).includes(field)));
  throw new UserError({
    what: column === -1 ? `${file.name}: no column "${field}"` : `${file.name}: two columns "${field}"`,
    expected: `a first line with the names of the columns, ${JSON.stringify(delimiter)} between them`,
    found: listNames(header, 'an empty line', 'the columns '),
    fix:
      column === -1 && other !== undefined && other !== delimiter
        ? `set delimiter: ${JSON.stringify(other)} in the source`
        : 'set the field of the source to the column that holds the text; a table without such a line needs one',
  });
}

function wrongLength(file: CorpusFile, line: number, header: string[], found: number, delimiter: string): UserError {
  return new UserError({
    what: `${file.name}:${line}: a row of another length than the header`,
    expected: `${header.length} cells with ${JSON.stringify(delimiter)} between them, as in the first line`,
    found: `${found}`,
    fix: 'put quotation marks around cells that hold the delimiter or a line break',
  });
}

/** What the parser says of broken rows, in our words. */
function malformed(file: CorpusFile, error: unknown, delimiter: string, line: number): unknown {
  const { code } = error as CsvError;
  const what = {
    CSV_QUOTE_NOT_CLOSED: 'the quotation mark of a cell in this row is not closed before the end of the file',
    CSV_INVALID_CLOSING_QUOTE: `a quotation mark within a quoted cell is neither doubled nor followed by ${JSON.stringify(delimiter)}`,
    INVALID_OPENING_QUOTE: 'a quotation mark stands within a cell that is not quoted',
    CSV_MAX_RECORD_SIZE: `a row has more than ${MAX_DOCUMENT_BYTES} bytes`,
  }[code as string];
  if (what === undefined) return error;
  return new UserError(
    {
      what: `${file.name}:${line}: ${what}`,
      expected: 'cells as in RFC 4180: quoted where they hold quotation marks, which are doubled there',
      fix: 'write the table again with a library (such as csv in Python), or as JSON Lines',
    },
    { cause: error },
  );
}
