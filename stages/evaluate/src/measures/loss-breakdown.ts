/** @file Where a model's loss comes from: summed by document, and by position in the context. */
import { type Column, documentLossesTable, numbers, positionLossesTable, strings } from '@arrowsmith/artifacts';
import type { RowLosses } from '@arrowsmith/training';
import type { CreateMeasure } from '../measure.ts';

export const lossBreakdown: CreateMeasure = ({ context, rows, text, vocabularySize, textOf }) => {
  const byteLengths = Int32Array.from({ length: vocabularySize }, (_, id) => textOf(id).length);
  const breakdowns: [model: string, LossBreakdown][] = [];
  return {
    begin({ name }) {
      const { contextLength } = rows;
      const breakdown = createLossBreakdown({ documents: text.documents, contextLength, byteLengths });
      breakdowns.push([name, breakdown]);
      return (row) => breakdown.add(row);
    },
    async end() {
      const documents = breakdowns.map(([name, of]) => documentColumns(name, of.documents));
      await context.table('documents.arrow', documentLossesTable, {}, documents);
      const positions = breakdowns.map(([name, of]) => positionColumns(name, of.positions));
      await context.table('positions.arrow', positionLossesTable, {}, positions);
      return {};
    },
  };
};

/** Sums over some predictions, in parallel arrays: by document of the split, or by position of the input. */
export interface LossSums {
  tokens: Float64Array;
  /** Raw UTF-8 bytes of the tokens. */
  bytes: Float64Array;
  nats: Float64Array;
}

export interface LossBreakdown {
  documents: LossSums;
  positions: LossSums;
  /** Counts a row of the split. */
  add(row: RowLosses): void;
}

/** @param byteLengths raw bytes that each token id stands for */
export function createLossBreakdown({
  documents,
  contextLength,
  byteLengths,
}: {
  documents: number;
  contextLength: number;
  byteLengths: Int32Array;
}): LossBreakdown {
  const breakdown = { documents: emptySums(documents), positions: emptySums(contextLength) };
  return {
    ...breakdown,
    add({ targets, losses, documents: of = new Int32Array(targets.length) }) {
      for (const [position, target] of targets.entries()) {
        if (target < 0) continue;
        const [bytes, nats] = [byteLengths[target]!, losses[position]!];
        addTo(breakdown.documents, of[position]!, bytes, nats);
        addTo(breakdown.positions, position, bytes, nats);
      }
    },
  };
}

const emptySums = (length: number): LossSums => ({
  tokens: new Float64Array(length),
  bytes: new Float64Array(length),
  nats: new Float64Array(length),
});

function addTo({ tokens, bytes, nats }: LossSums, at: number, tokenBytes: number, loss: number): void {
  tokens[at]! += 1;
  bytes[at]! += tokenBytes;
  nats[at]! += loss;
}

/** A record batch of the table `document-losses`. */
export function documentColumns(model: string, { tokens, bytes, nats }: LossSums): Record<string, Column> {
  return {
    ...numbered(model, 'document', tokens.length),
    tokens: numbers(Int32Array.from(tokens)),
    bytes: numbers(Int32Array.from(bytes)),
    nats: numbers(nats),
  };
}

/** A record batch of the table `position-losses`. */
export function positionColumns(model: string, { tokens, nats }: LossSums): Record<string, Column> {
  return { ...numbered(model, 'position', tokens.length), tokens: numbers(tokens), nats: numbers(nats) };
}

const numbered = (model: string, name: string, length: number): Record<string, Column> => ({
  model: strings(Array.from({ length }, () => model)),
  [name]: numbers(Int32Array.from({ length }, (_, i) => i)),
});
