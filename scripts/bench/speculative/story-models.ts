/** @file Two sizes of model with the same tokens, trained on the embedded stories. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BpeEncoder, createEncoder, textBatches, trainBpe } from '@arrowsmith/bpe';
import { embeddedStories } from '@arrowsmith/corpus';
import { decoderConfig, type DecoderConfig, modelParameters, type Weights } from '@arrowsmith/model';
import { train, trainingParameters, type TokenRows } from '@arrowsmith/training';

const VOCABULARY = 1024;
const STORIES = 3000;
const HELD_OUT = 60;
const STEPS = { small: 1000, large: 450 };

/** Of a row, and of a text. */
export const CONTEXT = 256;

const END_OF_TEXT = '<|endoftext|>';

/** In f32 one takes 0.7 MB, the other 22. */
const sizes = {
  small: { hiddenSize: 64, layers: 2, heads: 4, kvHeads: 2, intermediateSize: 192 },
  large: { hiddenSize: 256, layers: 6, heads: 4, kvHeads: 4, intermediateSize: 768 },
};

export interface StoryModels {
  small: { config: DecoderConfig; weights: Weights };
  large: { config: DecoderConfig; weights: Weights };
  encoder: BpeEncoder;
  endOfText: number;
  /** Stories that nothing was trained on. */
  heldOut: string[];
}

/** Trains them, for some minutes; another time they are read from the machine's folder for temporary files. */
export async function storyModels(): Promise<StoryModels> {
  const stories = [...embeddedStories({ stories: STORIES, seed: 1 })];
  const tokenizer = await trainBpe(textBatches(stories), {
    vocabularySize: VOCABULARY,
    pattern: 'gpt2',
    specialTokens: [END_OF_TEXT],
  });
  const encoder = createEncoder(tokenizer);
  const [endOfText = 0] = encoder.encode(END_OF_TEXT, { allowSpecial: true });
  const rowsOf = (documents: readonly string[]) =>
    tokenRows(documents.flatMap((story) => [endOfText, ...encoder.encode(story)]));
  const heldOut = [...embeddedStories({ stories: HELD_OUT, seed: 2 })];
  const [rows, validation] = [rowsOf(stories), rowsOf(heldOut)];
  const trained = async (size: keyof typeof sizes) => {
    const config = decoderConfig(modelParameters.parse({ family: 'llama3', ...sizes[size], ropeTheta: 10_000 }), {
      vocabularySize: encoder.vocabularySize,
      contextLength: CONTEXT,
    });
    const { weights, log } = await train({
      config,
      parameters: trainingParameters.parse({ steps: STEPS[size], batchSize: 4, validation: { every: 100, rows: 16 } }),
      train: rows,
      validation,
      checkpointDirectory: join(tmpdir(), `arrowsmith-bench-speculative-${size}-${STEPS[size]}`),
      onValidation: ({ step, validationLoss }) =>
        console.error(`${size}, step ${step}: loss ${validationLoss?.toFixed(3)}`),
    });
    console.error(`${size}: ${log.length} steps`);
    return { config, weights };
  };
  return { small: await trained('small'), large: await trained('large'), encoder, endOfText, heldOut };
}

/** Rows that follow one another in a text. */
function tokenRows(ids: readonly number[]): TokenRows {
  return {
    rows: Math.floor((ids.length - 1) / CONTEXT),
    contextLength: CONTEXT,
    read: (indices) => {
      const column = (shift: number) =>
        Int32Array.from(indices.flatMap((row) => ids.slice(row * CONTEXT + shift, (row + 1) * CONTEXT + shift)));
      return Promise.resolve({ inputs: column(0), targets: column(1) });
    },
  };
}
