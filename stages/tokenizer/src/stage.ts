/**
 * @file What the stage `tokenizer` does: learns merges from the training split, or takes a pretrained tokenizer; proves on the validation split
 * that no text is lost; and writes the tokenizer as tables and as tokenizer.json.
 */
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
import { chooseEndOfText, mergeProducts, toTokenizerJson, trainBpe, type BpeModel } from '@arrowsmith/bpe';
import { implementStage, type Progress, type StageContext } from '@arrowsmith/pipeline/stage';
import declaration from './declaration.ts';
import { readPretrained } from './pretrained.ts';
import { longestTokens, measureTokenizer, normalFormOf } from './report.ts';
import type { ResolvedTokenizer } from './resolve.ts';

/** Longest tokens that are shown. */
const LONGEST = 5;

export default implementStage(declaration, async (context) => {
  const { file, endOfText: asked } = context.parameters;
  const model = file === undefined ? await train(context) : await readPretrained(context.root, file);
  const endOfText = chooseEndOfText(model, asked, { where: `${context.step}.endOfText` });

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

  const total = context.input('corpus').metadata['validationDocuments'] as number;
  const bar = context.progress('encode and decode validation', { total, unit: 'documents' });
  const validation = readTextBatches(await context.input('corpus').file('validation.arrow'));
  const onDocuments = (done: number) => bar.update(done);
  const report = await measureTokenizer(model, validation, { signal: context.signal, onDocuments });
  bar.update(report.documents);
  bar.end();
  const bytesPerToken = report.bytes / Math.max(1, report.tokens);
  const wholeWordShare = report.wholeWords / Math.max(1, report.words);
  const longest = longestTokens(model, LONGEST).map((token) => JSON.stringify(Buffer.from(token).toString('utf8')));
  const form = normalFormOf(model);
  const normalized = form === undefined ? '' : `, in normalization form ${form}`;
  const { documents, roundTrips } = report;
  const comingBack =
    roundTrips === documents ? `all ${count(documents)}` : `${count(roundTrips)} of ${count(documents)}`;
  const unused = vocabulary.filter(({ length }) => length === 0).length;
  const tokens = `${count(vocabulary.length - unused)} tokens${unused === 0 ? '' : ` (${count(unused)} more ids are unused)`}`;
  const highlights = {
    vocabulary: `${tokens}, ${count(merges.length)} merges${file === undefined ? '' : `, from ${file.path}`}`,
    compression: `${bytesPerToken.toFixed(2)} bytes per token on the validation split`,
    'whole words': `${(100 * wholeWordShare).toFixed(1)}% of ${count(report.words)} words are one token`,
    'longest tokens': longest.join(' '),
    'round trip': `${comingBack} validation documents decode to themselves${normalized}`,
  };
  for (const [label, line] of Object.entries(highlights)) context.note(`${context.step}: ${label}: ${line}`);
  return {
    metadata: { vocabularySize: vocabulary.length, endOfText },
    metrics: {
      vocabularySize: { value: vocabulary.length, unit: 'tokens', guard: 'exact' },
      bytesPerToken: { value: bytesPerToken, unit: 'bytes per token', better: 'higher', guard: 'exact' },
      wholeWordShare: { value: wholeWordShare, better: 'higher' },
      validationTokens: { value: report.tokens, unit: 'tokens' },
      roundTripDocuments: { value: roundTrips, unit: 'documents', better: 'higher', guard: 'exact' },
    },
    highlights,
  };
});

async function train(context: StageContext<ResolvedTokenizer>): Promise<BpeModel> {
  const { file: _file, endOfText, ...options } = context.parameters;
  const special = { specialTokens: named(options.specialTokens) };
  chooseEndOfText(special, endOfText, { where: `${context.step}.endOfText` }); // before hours of work
  const total = context.input('corpus').metadata['trainDocuments'] as number;
  const counting = context.progress('count words', { total, unit: 'documents' });
  let merging: Progress | undefined;
  const model = await trainBpe(readTextBatches(await context.input('corpus').file('train.arrow')), {
    ...options,
    signal: context.signal,
    onProgress: ({ phase, done, total: tokens }) => {
      if (phase === 'count') return counting.update(done);
      if (merging === undefined) counting.end();
      merging ??= context.progress('learn merges', { total: tokens, unit: 'tokens' });
      merging.update(done);
    },
  });
  merging?.end();
  return model;
}

const named = (contents: readonly string[]) => contents.map((content, id) => ({ content, id }));

const count = (n: number): string => n.toLocaleString('en-US');
