/** @file Fuzzes the Arrow tables that stages hand over. */
import { join } from 'node:path';
import {
  bytes,
  documentBatches,
  documentsTable,
  metricsTable,
  numbers,
  readBatches,
  readTensors,
  readTextBatches,
  strings,
  vocabularyTable,
  booleans,
  writeTable,
  writeTensors,
} from '@arrowsmith/artifacts';
import type { Fuzzer } from '../harness.ts';

export const arrow: Fuzzer = {
  name: 'arrow',
  async prepare(folder) {
    const path = (name: string) => join(folder, name);
    const column = numbers(Float64Array.of(1, 2.5, Number.NaN));
    await writeTable(path('metrics.arrow'), metricsTable, { contextLength: '16' }, [
      {
        model: strings(['full', 'int8', 'x']),
        tokens: column,
        bytes: column,
        loss: column,
        perplexity: column,
        bitsPerByte: column,
        weightBytes: column,
      },
    ]);
    const tokens = ['a', 'b', '<|end|>', '漢'].map((text) => Buffer.from(text));
    await writeTable(path('vocabulary.arrow'), vocabularyTable, { vocabularySize: '4', pattern: 'gpt2' }, [
      {
        id: numbers(Int32Array.of(0, 1, 2, 3)),
        bytes: bytes(tokens),
        text: strings(tokens.map(String)),
        special: booleans([false, false, true, false]),
      },
    ]);
    await writeTensors(path('weights.arrow'), {
      a: { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
      b: { shape: [], data: Float32Array.of(7) },
    });
    async function* someTexts() {
      yield* ['The cat sat.', 'Ça va? 漢字', 'x'.repeat(300)];
    }
    const batches = documentBatches(someTexts(), { documents: 0, bytes: 0 });
    await writeTable(path('documents.arrow'), documentsTable, { split: 'train', source: '{}' }, batches);
    const rowsOf = async (name: string, kind: string): Promise<string[]> => {
      const rows: string[] = [];
      for await (const batch of readBatches(path(name), kind)) {
        for (const row of batch)
          rows.push(JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)));
      }
      return rows;
    };
    return {
      files: ['metrics', 'vocabulary', 'weights', 'documents'].map((name) => ({
        path: path(`${name}.arrow`),
        kind: 'bytes',
      })),
      async read() {
        const texts: string[] = [];
        for await (const batch of readTextBatches(path('documents.arrow'))) {
          for (let i = 1; i < batch.offsets.length; i++) {
            texts.push(Buffer.from(batch.bytes.subarray(batch.offsets[i - 1], batch.offsets[i])).toString());
          }
        }
        const tables = [await rowsOf('metrics.arrow', 'metrics'), await rowsOf('vocabulary.arrow', 'vocabulary')];
        return [...tables, texts, (await readTensors(path('weights.arrow'))).tensors];
      },
    };
  },
};
