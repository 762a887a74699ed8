/** @file The tables of measurements that comparisons read. */
import { documentLossesTable, readBatches, samplesTable } from '@arrowsmith/artifacts';
import type { SampleComparison } from './comparison.ts';

/** Losses of one model by document of the evaluated text. */
export interface ModelLosses {
  tokens: Float64Array;
  bytes: Float64Array;
  nats: Float64Array;
}

/** Reads `documents.arrow`: losses by model. @param nameOf what a model is called, of what the table calls it */
export async function readDocumentLosses(
  path: string,
  nameOf: (model: string) => string,
): Promise<Map<string, ModelLosses>> {
  const rows = new Map<string, { tokens: number[]; bytes: number[]; nats: number[] }>();
  for await (const batch of readBatches(path, documentLossesTable.kind)) {
    const column = (name: string) => batch.getChild(name)!;
    const models = column('model');
    const [tokens, bytes, nats] = ['tokens', 'bytes', 'nats'].map((name) => column(name).toArray() as Float64Array);
    for (let row = 0; row < batch.numRows; row++) {
      const model = nameOf(models.get(row) as string);
      const of = rows.get(model) ?? { tokens: [], bytes: [], nats: [] };
      rows.set(model, of);
      of.tokens.push(tokens![row]!);
      of.bytes.push(bytes![row]!);
      of.nats.push(nats![row]!);
    }
  }
  const typed = [...rows].map(([model, { tokens, bytes, nats }]) => {
    const losses = {
      tokens: Float64Array.from(tokens),
      bytes: Float64Array.from(bytes),
      nats: Float64Array.from(nats),
    };
    return [model, losses] as const;
  });
  return new Map(typed);
}

/** A generated text and how it was generated. */
export type Sample = Omit<SampleComparison, 'texts'> & { text: string };

/** Reads `samples.arrow`. @param nameOf as above */
export async function readSamples(path: string, nameOf: (model: string) => string): Promise<Sample[]> {
  const samples: Sample[] = [];
  for await (const batch of readBatches(path, samplesTable.kind)) {
    for (let row = 0; row < batch.numRows; row++) {
      const get = <T>(name: string): T => batch.getChild(name)!.get(row) as T;
      samples.push({
        model: nameOf(get('model')),
        method: get('method'),
        temperature: get('temperature'),
        topK: get('topK'),
        topP: get('topP'),
        seed: get('seed'),
        prompt: get('prompt'),
        text: get('text'),
      });
    }
  }
  return samples;
}

/** Samples that were asked for alike, side by side. @param runs the samples of each run, where it still has some */
export function compareSamples(runs: readonly (readonly Sample[] | undefined)[]): SampleComparison[] {
  const compared = new Map<string, SampleComparison>();
  for (const [i, samples = []] of runs.entries()) {
    for (const { text, ...how } of samples) {
      const key = JSON.stringify(how);
      const entry = compared.get(key) ?? { ...how, texts: runs.map(() => null) };
      compared.set(key, entry);
      entry.texts[i] = text;
    }
  }
  return [...compared.values()];
}
