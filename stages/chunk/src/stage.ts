/** @file What the stage `chunk` does: encodes both splits and packs the ids into rows of one context. */
import { readFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { readDocumentTable, tokensTable } from '@arrowsmith/artifacts';
import { createEncoder, fromTokenizerJson } from '@arrowsmith/bpe';
import { UserError } from '@arrowsmith/errors';
import { implementStage } from '@arrowsmith/pipeline/stage';
import declaration from './declaration.ts';
import { type PackedCount, packRows } from './pack-rows.ts';

export default implementStage(declaration, async (context) => {
  const { contextLength } = context.parameters;
  const tokenizerPath = await context.input('tokenizer', 'tokenizer.json');
  const model = fromTokenizerJson(await readFile(tokenizerPath, 'utf8'), tokenizerPath);
  const encoder = createEncoder(model);
  const endOfText = model.specialTokens[0]?.id;
  if (endOfText === undefined) {
    throw new UserError({
      what: 'the tokenizer has no special token to end a text with',
      expected: 'at least one special token, such as <|endoftext|>',
      found: 'tokenizer.specialTokens: []',
      fix: 'name one in the pipeline file',
    });
  }
  const vocabularySize = model.vocabulary.length;
  const wide = vocabularySize > 2 ** 16;
  const packing = { contextLength, endOfText, wide, byteLength: (id: number) => encoder.tokenByteLength(id) };

  const counts: Record<string, PackedCount> = {};
  for (const split of ['train', 'validation'] as const) {
    const path = await context.input('download', `${split}.arrow`);
    const total = context.inputMetadata('download')[`${split}Bytes`] as number;
    const bar = context.progress(`encode ${split}`, { total, unit: 'bytes' });
    async function* encoded() {
      let done = 0;
      for await (const { text, bytes } of readDocumentTable(path)) {
        yield encoder.encode(text);
        bar.update((done += bytes));
        context.signal.throwIfAborted();
        await setImmediate(); // gives SIGTERM its turn
      }
    }
    const count = (counts[split] = { rows: 0, tokens: 0, bytes: 0 });
    const metadata = { split, contextLength: String(contextLength), vocabularySize: String(vocabularySize) };
    await context.table(
      `${split}.arrow`,
      tokensTable(contextLength, wide),
      metadata,
      packRows(encoded(), packing, count),
    );
    bar.end();
    if (count.tokens < contextLength) throw tooSmall(split, count, contextLength);
  }

  const { train, validation } = counts as { train: PackedCount; validation: PackedCount };
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
    metrics: { bytesPerToken },
    highlights: {
      tokens: `${millions(train.tokens)} for training, ${millions(validation.tokens)} for validation, ${bytesPerToken.toFixed(2)} bytes each`,
    },
  };
});

const millions = (count: number): string => `${(count / 1e6).toFixed(2)} M`;

function tooSmall(split: string, count: PackedCount, contextLength: number): UserError {
  return new UserError({
    what: `the ${split} split is smaller than one context`,
    expected: `at least ${contextLength} tokens (chunk.contextLength)`,
    found: `${count.tokens} tokens from ${count.bytes} bytes of text`,
    fix: 'take more text, or a shorter chunk.contextLength',
  });
}
