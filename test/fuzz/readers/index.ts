/** @file All readers of files that come from disks, downloads or people. */
import type { Fuzzer } from '../harness.ts';
import { adapters } from './adapters.ts';
import { arrow } from './arrow.ts';
import { baselines } from './baselines.ts';
import { checkpoints } from './checkpoints.ts';
import { configJson } from './config-json.ts';
import { corpus } from './corpus.ts';
import { ledger } from './ledger.ts';
import { locks } from './locks.ts';
import { models } from './models.ts';
import { pipelineYaml } from './pipeline-yaml.ts';
import { safetensors } from './safetensors.ts';
import { store } from './store.ts';
import { tokenizerJson } from './tokenizer-json.ts';

export const fuzzers: readonly Fuzzer[] = [
  arrow,
  store,
  ledger,
  safetensors,
  ...models,
  ...adapters,
  configJson,
  tokenizerJson,
  ...corpus,
  pipelineYaml,
  checkpoints,
  baselines,
  locks,
];
