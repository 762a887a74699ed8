/**
 * @file Writes an adapter as PEFT has it (https://huggingface.co/docs/peft/developer_guides/checkpoint): adapter_config.json and
 * adapter_model.safetensors, which `PeftModel.from_pretrained(base, folder)` loads.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  adaptableMatrices,
  adapterShapes,
  type AdapterConfig,
  type DecoderConfig,
  type Weights,
} from '@arrowsmith/model';
import { llama4Name } from '../hugging-face/tensor-names.ts';
import { huggingFaceConfig } from '../hugging-face/write-config.ts';
import { CHECKPOINT_TYPES, type CheckpointType } from '../hugging-face/write-model.ts';
import { float32Tensor, type StoredTensor } from '../stored-tensor.ts';
import { writeSafetensors } from '../write-safetensors.ts';
import { PEFT_FILES, PEFT_PREFIX } from './names.ts';

/**
 * Writes both files into a folder, which is there.
 *
 * @param params.config of the model that the adapter is of
 * @param params.base name or path of that model, for those who load an adapter alone; none by default
 * @returns the architecture of transformers that the model is one of
 * @throws UserError where no architecture of transformers holds the model
 */
export async function writePeftAdapter(
  folder: string,
  params: {
    config: DecoderConfig;
    adapters: AdapterConfig;
    weights: Weights;
    type: CheckpointType;
    base?: string | undefined;
  },
): Promise<{ architecture: string }> {
  const { config, adapters, weights, type, base } = params;
  const { architecture } = huggingFaceConfig(config);
  const theirs = architecture === 'Llama4ForCausalLM' ? llama4Name : (name: string) => name;
  const tensors: Record<string, StoredTensor> = {};
  for (const { a, b } of adapterShapes(config, adapters)) {
    for (const { name, shape } of [a, b]) {
      const tensor = weights[name];
      if (tensor === undefined) throw new Error(`the adapter lacks ${name}`);
      tensors[`${PEFT_PREFIX}${theirs(name)}`] = float32Tensor(shape, tensor.data, CHECKPOINT_TYPES[type].dtype);
    }
  }
  const json = {
    alpha_pattern: {},
    auto_mapping: null,
    base_model_name_or_path: base ?? null,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    layers_pattern: null,
    layers_to_transform: null,
    lora_alpha: adapters.alpha,
    lora_dropout: 0,
    modules_to_save: null,
    peft_type: 'LORA',
    r: adapters.rank,
    rank_pattern: {},
    revision: null,
    target_modules: targetModules(config, adapters, theirs),
    task_type: 'CAUSAL_LM',
    use_dora: false,
    use_rslora: false,
  };
  await writeFile(join(folder, PEFT_FILES.config), `${JSON.stringify(json, null, 2)}\n`);
  await writeSafetensors(join(folder, PEFT_FILES.tensors), tensors, { format: 'pt' });
  return { architecture };
}

/**
 * How PEFT is told which modules have adapters: by the ends of their names where these mean no others, by all names elsewhere. An expert's projections end
 * alike, and so do those to keys of layers that use an earlier layer's, which models of transformers have nevertheless.
 */
function targetModules(
  config: DecoderConfig,
  { projections }: AdapterConfig,
  theirs: (name: string) => string,
): string[] {
  const isPlain = config.layers.every(({ attention, ffn }) => ffn.kind === 'dense' && attention.keysOfLayer === null);
  if (isPlain) return [...projections].sort();
  return adaptableMatrices(config)
    .filter(({ projection }) => projections.includes(projection))
    .map(({ module }) => theirs(`${module}.weight`).replace(/\.weight$/, ''));
}
