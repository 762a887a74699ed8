/** @file The stage `tokenizer`: learns a byte-level BPE vocabulary from the training split. */
import { tokenizerParameters } from '@arrowsmith/bpe/parameters';
import { declareStage } from '@arrowsmith/pipeline/stage';

export default declareStage({
  name: 'tokenizer',
  description: 'Trains a byte-level BPE tokenizer on the training split',
  inputs: ['download'],
  parameters: tokenizerParameters,
  immaterial: ['threads'],
});
