/** @file What the stage `tokenizer` does: learns merges from the training split and writes them as tables and as tokenizer.json. */
import { writeFile } from 'node:fs/promises';
import {
  booleans,
  bytes,
  mergesTable,
  numbers,
  readTextBatches,
  strings,
  vocabularyTable,
} from '@arrowsmith/artifacts';
import { mergeProducts, toTokenizerJson, trainBpe } from '@arrowsmith/bpe';
import { implementStage, type Progress } from '@arrowsmith/pipeline/stage';
import declaration from './declaration.ts';

export default implementStage(declaration, async (context) => {
  const { parameters, signal } = context;
  const documents = await context.input('download', 'train.arrow');
  const total = context.inputMetadata('download')['trainDocuments'] as number;

  const counting = context.progress('count words', { total, unit: 'documents' });
  let merging: Progress | undefined;
  const model = await trainBpe(readTextBatches(documents), {
    ...parameters,
    signal,
    onProgress: ({ phase, done, total: tokens }) => {
      if (phase === 'count') return counting.update(done);
      if (merging === undefined) counting.end();
      merging ??= context.progress('learn merges', { total: tokens, unit: 'tokens' });
      merging.update(done);
    },
  });
  merging?.end();

  const { vocabulary, merges, specialTokens, pattern } = model;
  const special = new Set(specialTokens.map(({ id }) => id));
  const metadata = { vocabularySize: String(vocabulary.length), pattern };
  await context.table('vocabulary.arrow', vocabularyTable, metadata, [
    {
      id: numbers(Int32Array.from(vocabulary, (_, id) => id)),
      bytes: bytes(vocabulary),
      text: strings(vocabulary.map((token) => Buffer.from(token).toString('utf8'))),
      special: booleans(vocabulary.map((_, id) => special.has(id))),
    },
  ]);
  await context.table('merges.arrow', mergesTable, metadata, [
    {
      rank: numbers(Int32Array.from(merges, (_, rank) => rank)),
      left: numbers(Int32Array.from(merges, ([left]) => left)),
      right: numbers(Int32Array.from(merges, ([, right]) => right)),
      token: numbers(mergeProducts(model)),
    },
  ]);
  await writeFile(context.outputPath('tokenizer.json'), toTokenizerJson(model));
  return {
    metadata: { vocabularySize: vocabulary.length, endOfText: specialTokens[0]?.content ?? '' },
    highlights: {
      vocabulary: `${vocabulary.length.toLocaleString('en-US')} tokens, ${merges.length.toLocaleString('en-US')} merges`,
    },
  };
});
