/** @file The model families, by the name that `train.model.family` has. */
import { commandA } from './command-a.ts';
import type { Family } from './family.ts';
import { gemma2 } from './gemma2.ts';
import { gemma3 } from './gemma3.ts';
import { gemma3n } from './gemma3n.ts';
import { llama3 } from './llama3.ts';
import { llama4 } from './llama4.ts';
import { mistral } from './mistral.ts';
import { qwen2 } from './qwen2.ts';
import { qwen3, qwen3Moe } from './qwen3.ts';
import { smollm3 } from './smollm3.ts';

export const families = {
  llama3,
  llama4,
  mistral,
  qwen2,
  qwen3,
  'qwen3-moe': qwen3Moe,
  smollm3,
  'command-a': commandA,
  gemma2,
  gemma3,
  gemma3n,
} satisfies Record<string, Family>;
