/** @file What fields of a config.json must be to each other. */
import type { ModelOptions } from '@arrowsmith/model';
import { wrong, type ConfigFields } from './config-fields.ts';

/** @throws UserError for sizes that no model can have together */
export function checkImported(options: ModelOptions, fields: ConfigFields): void {
  const { heads, kvHeads, headDim, layers, moe, altUp, sharedKvLayers } = options;
  const refuse = (name: string, expected: string, found: unknown) => {
    throw wrong(fields.where, name, expected, found);
  };
  if (heads % kvHeads !== 0) refuse('num_key_value_heads', `a divisor of num_attention_heads, ${heads}`, kvHeads);
  if (headDim! % 2 !== 0) refuse('head_dim', 'an even number, as rotary positions turn pairs', headDim);
  if (moe !== undefined && moe.topK > moe.experts) {
    refuse('num_experts_per_tok', `at most the number of experts, ${moe.experts}`, moe.topK);
  }
  if (altUp !== null && altUp.active >= altUp.inputs) {
    refuse('altup_active_idx', `below altup_num_inputs, ${altUp.inputs}`, altUp.active);
  }
  if (sharedKvLayers >= layers && sharedKvLayers > 0) {
    refuse('num_kv_shared_layers', `below num_hidden_layers, ${layers}`, sharedKvLayers);
  }
  const [own, shared] = [options.attentionPattern.slice(0, layers - sharedKvLayers), sharedKvLayers];
  if (shared > 0 && [...options.attentionPattern].some((letter) => !own.includes(letter))) {
    refuse('num_kv_shared_layers', 'so many that a layer of each kind keeps keys of its own', sharedKvLayers);
  }
}
