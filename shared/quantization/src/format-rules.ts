/** @file Which format each tensor of a model is quantized to: one by default, and others for parts of the model. */
import { type DecoderConfig, parameterShapes, type ParameterShape } from '@arrowsmith/model';

/** Parts of a model whose matrices may have formats of their own. */
export type ModelPart = 'embeddings' | 'output' | 'attention' | 'feedForward' | 'experts' | 'router';

/** Formats by part; where none is named, the default. */
export type FormatRules = Readonly<Partial<Record<ModelPart, string | undefined>>>;

/**
 * The format for a tensor, by its name. Where the table of embeddings is the output layer's matrix, too, `output` holds for it unless `embeddings` is
 * named.
 */
export function formatByName(config: DecoderConfig, standard: string, rules: FormatRules): (name: string) => string {
  const { embeddings = config.tieWordEmbeddings ? rules.output : undefined } = rules;
  const formats = new Map<string, string>();
  for (const parameter of parameterShapes(config)) {
    const part = partOf(parameter);
    const format = part === 'embeddings' ? embeddings : part && rules[part];
    formats.set(parameter.name, format ?? standard);
  }
  return (name) => formats.get(name) ?? standard;
}

function partOf({ name, role }: ParameterShape): ModelPart | undefined {
  if (role === 'embedding') return 'embeddings';
  if (role === 'output') return 'output';
  if (name.includes('.self_attn.')) return 'attention';
  if (name.includes('.mlp.experts.')) return 'experts';
  if (name.endsWith('.mlp.gate.weight')) return 'router';
  return name.includes('.mlp.') ? 'feedForward' : undefined;
}
