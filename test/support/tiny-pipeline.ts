/** @file A pipeline of all stages that takes a few seconds. */

/** What is in pipelines/tiny.yaml of a test's workspace. */
export const TINY_PIPELINE = `
steps:
  download:
    source: { type: embedded, stories: 40, validationStories: 8, seed: 1 }
  tokenizer: { vocabularySize: 300 }
  chunk: { contextLength: 32 }
  train:
    steps: 3
    batchSize: 2
    model: { hiddenSize: 16, layers: 1, heads: 2, kvHeads: 1, intermediateSize: 32 }
    validation: { rows: 2 }
  quantize:
  evaluate:
    sampling: [{ temperature: 0, maximumTokens: 4 }, { temperature: 0.8, topP: 0.9, maximumTokens: 4 }]
`;

/** In the order in which they run. */
export const TINY_STAGES = ['download', 'tokenizer', 'chunk', 'train', 'quantize', 'evaluate'];
