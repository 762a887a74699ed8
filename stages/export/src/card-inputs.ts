/** @file What the model card says of data and of measurements, from the tables of the stages that know it. */
import { readBatches } from '@arrowsmith/artifacts';
import type { CardFact, CardMeasurement } from '@arrowsmith/export';
import type { InputArtifact } from '@arrowsmith/pipeline/stage';

/** What the data card of a corpus says; nothing of one that has none. */
export async function readFacts(corpus: InputArtifact): Promise<CardFact[]> {
  if (!corpus.has('card.arrow')) return [];
  const facts: CardFact[] = [];
  for await (const batch of readBatches(await corpus.file('card.arrow'), 'data-card')) {
    const text = (column: string, row: number) => String(batch.getChild(column)?.get(row) ?? '');
    for (let row = 0; row < batch.numRows; row++) {
      facts.push({
        section: text('section', row),
        split: text('split', row),
        name: text('name', row),
        text: text('text', row),
      });
    }
  }
  return facts;
}

/** What was measured of the model of a step; of all models where it is not among them, as they may be called otherwise. */
export async function readMeasured(measurements: InputArtifact, step: string): Promise<CardMeasurement[]> {
  if (!measurements.has('metrics.arrow')) return [];
  const all: CardMeasurement[] = [];
  for await (const batch of readBatches(await measurements.file('metrics.arrow'), 'metrics')) {
    const number = (column: string, row: number) => Number(batch.getChild(column)?.get(row));
    for (let row = 0; row < batch.numRows; row++) {
      all.push({
        model: String(batch.getChild('model')?.get(row)),
        tokens: number('tokens', row),
        loss: number('loss', row),
        perplexity: number('perplexity', row),
        bitsPerByte: number('bitsPerByte', row),
      });
    }
  }
  const own = all.filter(({ model }) => model === step);
  return own.length > 0 ? own : all;
}
