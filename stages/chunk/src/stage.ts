/** @file What the stage `chunk` does: encodes both splits on all cores and lays the ids out in rows of one context. */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { readPictures, readPictureSize, readTextBatches, type TextBatch, tokensTable } from '@arrowsmith/artifacts';
import { createEncoder, documentBounds, type EncodedBatch, encodeBatches, fromTokenizerJson } from '@arrowsmith/bpe';
import { UserError } from '@arrowsmith/errors';
import { implementStage } from '@arrowsmith/pipeline/stage';
import declaration, { type ChunkParameters } from './declaration.ts';
import { documentRows, packRows } from './pack-rows.ts';
import { patchesOf, type Patching, patchingOf } from './patches.ts';
import { pictureRows } from './picture-rows.ts';
import type { RowCount, RowOptions } from './rows.ts';
import { shuffledTextBatches } from './shuffled-documents.ts';

export default implementStage(declaration, async (context) => {
  const { contextLength, mode, shuffle, patchSize = 4, threads = availableParallelism() } = context.parameters;
  const { stride = mode === 'windows' ? Math.ceil(contextLength / 2) : contextLength } = context.parameters;
  const corpus = context.input('corpus');
  const tokenizerPath = await context.input('tokenizer').file('tokenizer.json');
  const model = fromTokenizerJson(await readFile(tokenizerPath, 'utf8'), tokenizerPath);
  const bounds = documentBounds(model, context.input('tokenizer').metadata);
  if (bounds === undefined) {
    throw new UserError({
      what: 'the tokenizer has no special token to end a text with',
      expected: 'at least one special token, such as <|endoftext|>',
      found: 'tokenizer.specialTokens: []',
      fix: 'name one in the pipeline file',
    });
  }
  const vocabularySize = model.vocabulary.length;
  const wide = vocabularySize > 2 ** 16;
  const encoder = createEncoder(model);
  const byteLengths = Int32Array.from({ length: vocabularySize }, (_, id) => encoder.tokenByteLength(id));
  const options: RowOptions = { contextLength, ...bounds, wide, byteLengths };
  const isOfPictures = corpus.metadata['pictures'] === true;
  checkPictures(isOfPictures, context.parameters);
  const layOut = (batches: AsyncIterable<EncodedBatch>, count: RowCount, pictures: Pictures | undefined) => {
    if (pictures !== undefined) return pictureRows(batches, pictures.patches, { ...options, ...pictures.sizes }, count);
    return mode === 'packed' ? packRows(batches, options, count) : documentRows(batches, { ...options, stride }, count);
  };

  const counts: Record<string, RowCount> = {};
  const speed = { documents: 0, bytes: 0, tokens: 0, seconds: 0 };
  for (const split of ['train', 'validation'] as const) {
    const path = await corpus.file(`${split}.arrow`);
    const total = corpus.metadata[`${split}Bytes`] as number;
    const bar = context.progress(`encode ${split}`, { total, unit: 'bytes' });
    const begin = performance.now();
    let read = 0;
    async function* texts(): AsyncGenerator<TextBatch> {
      const shuffled = shuffle !== false && split === 'train';
      for await (const batch of shuffled ? shuffledTextBatches(path, shuffle) : readTextBatches(path)) {
        yield batch;
        speed.documents += batch.offsets.length - 1;
        read += batch.offsets.at(-1)! - batch.offsets[0]!;
      }
    }
    const count = (counts[split] = { rows: 0, tokens: 0, bytes: 0 });
    async function* encoded(): AsyncGenerator<EncodedBatch> {
      for await (const batch of encodeBatches(model, texts(), { threads, signal: context.signal })) {
        yield batch;
        bar.update(Math.min(count.bytes, total)); // finished rows; overlaps count once, so this ends near the total
      }
    }
    const pictures = isOfPictures
      ? await openPictures(await corpus.file(`${split}-pictures.arrow`), patchSize)
      : undefined;
    const metadata = {
      split,
      contextLength: String(contextLength),
      vocabularySize: String(vocabularySize),
      mode,
      ...(pictures !== undefined && { vision: JSON.stringify(pictures.patching) }),
    };
    const table = tokensTable(contextLength, wide, pictures?.sizes.patchBytes);
    await context.table(`${split}.arrow`, table, metadata, layOut(encoded(), count, pictures));
    bar.end();
    speed.seconds += (performance.now() - begin) / 1000;
    speed.bytes += read;
    speed.tokens += count.tokens;
    if (count.tokens < contextLength) throw tooSmall(split, count, contextLength);
  }

  const { train, validation } = counts as { train: RowCount; validation: RowCount };
  const bytesPerToken = train.bytes / train.tokens;
  return {
    metadata: {
      contextLength,
      vocabularySize,
      trainRows: train.rows,
      trainTokens: train.tokens,
      trainBytes: train.bytes,
      validationRows: validation.rows,
      validationTokens: validation.tokens,
      validationBytes: validation.bytes,
    },
    metrics: {
      bytesPerToken: { value: bytesPerToken, unit: 'bytes per token', better: 'higher' },
      trainTokens: { value: train.tokens, unit: 'tokens', guard: 'exact' },
      validationTokens: { value: validation.tokens, unit: 'tokens', guard: 'exact' },
    },
    highlights: {
      tokens: `${millions(train.tokens)} for training, ${millions(validation.tokens)} for validation, ${bytesPerToken.toFixed(2)} bytes each`,
      rows: describeRows(mode, train, contextLength),
      encoding: describeSpeed(speed),
    },
  };
});

/** The pictures of a split, cut into patches, and how. */
interface Pictures {
  patching: Patching;
  sizes: { patches: number; patchBytes: number };
  patches: AsyncGenerator<Uint8Array>;
}

async function openPictures(path: string, patchSize: number): Promise<Pictures> {
  const size = await readPictureSize(path);
  const patching = patchingOf(size, patchSize);
  async function* cut(): AsyncGenerator<Uint8Array> {
    for await (const pixels of readPictures(path)) yield patchesOf(pixels, size, patchSize);
  }
  const patchBytes = size.width * size.height * size.channels;
  return { patching, sizes: { patches: patching.patches, patchBytes }, patches: cut() };
}

/** @throws UserError when rows cannot begin with pictures, or a patch size is given without any */
function checkPictures(isOfPictures: boolean, { mode, shuffle, patchSize }: ChunkParameters): void {
  if (isOfPictures && (mode !== 'documents' || shuffle !== false)) {
    throw new UserError({
      what: 'pictures need rows of their own, in the order of the corpus',
      expected: 'chunk.mode documents, without chunk.shuffle (training reads rows in random order in any case)',
      found: `mode ${mode}, shuffle ${shuffle}`,
      fix: 'set chunk.mode to documents, and leave chunk.shuffle out',
    });
  }
  if (!isOfPictures && patchSize !== undefined) {
    throw new UserError({
      what: 'there are no pictures to cut into patches',
      expected: 'download.source.type pictures',
      found: `chunk.patchSize ${patchSize}, and documents of text`,
      fix: 'leave chunk.patchSize out',
    });
  }
}

const millions = (count: number): string => `${(count / 1e6).toFixed(2)} M`;

function describeRows(mode: string, { rows, tokens }: RowCount, contextLength: number): string {
  const used = (100 * tokens) / (rows * contextLength);
  return `${rows.toLocaleString('en-US')} for training, ${mode}, ${used.toFixed(1)} % of their predictions count`;
}

function describeSpeed({
  documents,
  bytes,
  tokens,
  seconds,
}: Record<'documents' | 'bytes' | 'tokens' | 'seconds', number>) {
  const perSecond = (count: number) => Math.round(count / seconds).toLocaleString('en-US');
  return `${perSecond(documents)} documents/s, ${(bytes / seconds / 1e6).toFixed(1)} MB/s, ${perSecond(tokens)} tokens/s`;
}

function tooSmall(split: string, count: RowCount, contextLength: number): UserError {
  return new UserError({
    what: `the ${split} split is smaller than one context`,
    expected: `at least ${contextLength} tokens (chunk.contextLength)`,
    found: `${count.tokens} tokens from ${count.bytes} bytes of text`,
    fix: 'take more text, or a shorter chunk.contextLength',
  });
}
