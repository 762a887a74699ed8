/** @file What PEFT calls the tensors of an adapter: the module's name in the model of transformers, behind what PEFT wraps it in. */

/** The adapter's file of tensors, and that of its configuration. */
export const PEFT_FILES = { tensors: 'adapter_model.safetensors', config: 'adapter_config.json' } as const;

export const PEFT_PREFIX = 'base_model.model.';

/** `model.layers.0.self_attn.q_proj` and `A` of `base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight`; undefined for another name. */
export function peftFactor(name: string): { module: string; factor: 'A' | 'B' } | undefined {
  const [, module, factor] = /^base_model\.model\.(.+)\.lora_([AB])\.weight$/.exec(name) ?? [];
  if (module === undefined || (factor !== 'A' && factor !== 'B')) return undefined;
  return { module: ownModule(module), factor };
}

/** This project's name of a module of transformers: of a model of several modalities that of its text, of Llama 4's networks `mlp`. */
const ownModule = (module: string): string =>
  module
    .replace(/^(language_model\.model|model\.language_model)\./, 'model.')
    .replace(/^(model\.layers\.\d+\.)feed_forward\./, '$1mlp.');
