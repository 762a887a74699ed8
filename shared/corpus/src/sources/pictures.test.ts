/** @file The source `pictures`: captions as documents, and a table of what they are of. */

import { expect, test } from 'vitest';
import { toyPictures } from '../pictures/index.ts';
import { readDocuments } from '../read-documents.ts';
import { resolveSource } from '../resolve-source.ts';
import { collect } from '../testing/scratch.ts';
import { sourceParameters, sourceTypeOf } from './index.ts';

const counts = { pictures: 6, validationPictures: 4, seed: 2 };

test.each(['train', 'validation'] as const)('each %s document has its picture beside it', async (split) => {
  const { source } = await resolveSource(sourceParameters.parse({ type: 'pictures', ...counts }), { root: '/' });
  const pictures = [...toyPictures(counts, split)];
  const documents = await readDocuments(source, { root: '/', directory: '/' });
  expect(await collect(documents[split])).toEqual(pictures.map(({ caption }) => caption));

  const { companion } = sourceTypeOf(source);
  const table = await companion?.table(source, split);
  expect(table).toMatchObject({ kind: { kind: 'pictures' }, metadata: { width: '16', height: '16', channels: '3' } });
  const rows = [...(table?.batches ?? [])].map((batch) => batch['index']?.length);
  expect([companion?.name, rows]).toEqual(['pictures', [pictures.length]]);
});
