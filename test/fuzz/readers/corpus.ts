/** @file Fuzzes the readers of text: Parquet, JSON and JSON Lines, CSV and TSV, text with a separator, compressed text. */
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readDocuments, resolveSource, sourceParameters } from '@arrowsmith/corpus';
import type { FileKind } from '../mutations.ts';
import type { Fuzzer } from '../harness.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const STORIES = Array.from({ length: 12 }, (_, i) => `Story ${i}: Ça va? 漢字 said the cat.`);

/** A reader of one file. */
function fuzzerOf(name: string, file: string, kind: FileKind, content: Buffer | undefined, source: object): Fuzzer {
  return {
    name,
    async prepare(folder) {
      const path = join(folder, file);
      if (content !== undefined) writeFileSync(path, content);
      else cpSync(join(FIXTURES, file), path);
      return {
        files: [{ path, kind }],
        async read() {
          const asked = sourceParameters.parse({ type: 'file', path: file, ...source });
          const { source: resolved } = await resolveSource(asked, { root: folder });
          const options = { root: folder, directory: join(folder, 'downloads') };
          const { train, validation } = await readDocuments(resolved, options as Parameters<typeof readDocuments>[1]);
          const documents: string[] = [];
          for (const part of [train, validation]) for await (const document of part) documents.push(document);
          if (documents.some((text) => /\p{Surrogate}/u.test(text))) throw new Error('half of a surrogate pair');
          return documents;
        },
      };
    },
  };
}

const lines = Buffer.from(STORIES.map((text, i) => JSON.stringify({ text, i, meta: { a: [1, null] } })).join('\n'));
const json = Buffer.from(`[${lines.toString().replaceAll('\n', ',\n')}]`);
const table = (mark: string): Buffer =>
  Buffer.from([`i${mark}text`, ...STORIES.map((story, i) => `${i}${mark}"${story} ""yes"", it did"`)].join('\n'));
const text = Buffer.from(STORIES.join('\n***\n'));

/** Codecs that every version of Node reads. */
const parquet = ['snappy', 'gzip'].map((codec) =>
  fuzzerOf(`parquet-${codec}`, `parquet-corpus-${codec}.parquet`, 'bytes', undefined, {
    format: 'parquet',
    field: 'text',
  }),
);

export const corpus: Fuzzer[] = [
  ...parquet,
  fuzzerOf('jsonl', 'corpus.jsonl', 'text', lines, { format: 'jsonl', field: 'text' }),
  fuzzerOf('jsonl-gzip', 'corpus.jsonl.gz', 'bytes', gzipSync(lines), { format: 'jsonl', field: 'text' }),
  fuzzerOf('json', 'corpus.json', 'json', json, { field: 'text' }),
  fuzzerOf('csv', 'corpus.csv', 'text', table(','), { field: 'text' }),
  fuzzerOf('tsv', 'corpus.tsv', 'text', table('\t'), { field: 'text' }),
  fuzzerOf('text', 'corpus.txt', 'text', text, { separator: '***' }),
  fuzzerOf('text-replaced', 'corpus.txt', 'bytes', text, { separator: '***', invalidUtf8: 'replace' }),
  fuzzerOf('text-gzip', 'corpus.txt.gz', 'bytes', gzipSync(text), { separator: '***' }),
];
