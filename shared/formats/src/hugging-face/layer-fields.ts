/** @file What a config.json says layer by layer: which see what, which have positions, which have experts, and how large they are. */
import { contradiction, unsupported, wrong, type ConfigFields } from './config-fields.ts';

/** What layers are called, and their letter in a pattern. */
const LETTERS = new Map([
  ['full_attention', 'G'],
  ['sliding_attention', 'S'],
  ['chunked_attention', 'C'],
]);

/** One letter a layer. */
export const patternOf = (layers: number, letter: (layer: number) => string): string =>
  Array.from({ length: layers }, (_, layer) => letter(layer)).join('');

/** A letter for each layer, from `layer_types`, or from the rule by which files without it are read. */
export function attentionPattern(fields: ConfigFields, rule: (layer: number) => string): string {
  const layers = fields.number('num_hidden_layers');
  return statedPattern(fields, layers) ?? patternOf(layers, rule);
}

function statedPattern(fields: ConfigFields, layers: number): string | undefined {
  const types = fields.texts('layer_types');
  if (types === undefined) return undefined;
  // Llama 4's local layers are chunked, those of others slide; transformers has no mask for the other kind.
  const local = fields.architecture === 'Llama4ForCausalLM' ? 'C' : 'S';
  const unknown = types.find((type) => !['G', local].includes(LETTERS.get(type)!));
  if (unknown !== undefined) throw unsupported(fields.where, 'layer_types', unknown, 'a kind of attention');
  if (types.length !== layers) throw wrong(fields.where, 'layer_types', `${layers} of them`, types.length);
  return types.map((type) => LETTERS.get(type)!).join('');
}

/** The pattern of an architecture that does not read `layer_types`. @throws UserError where the file has others */
export function fixedPattern(fields: ConfigFields, letter: string): string {
  const layers = fields.number('num_hidden_layers');
  const pattern = letter.repeat(layers);
  const stated = statedPattern(fields, layers);
  if (stated === undefined || stated === pattern) return pattern;
  const why = `all layers are alike, as sliding_window says`;
  throw contradiction(fields.where, 'layer_types', fields.given('layer_types'), 'one kind of attention', why);
}

/** Global every so many layers, sliding otherwise. */
export const everyNth =
  (n: number) =>
  (layer: number): string =>
    (layer + 1) % n === 0 ? 'G' : 'S';

/** The same, where transformers does not read how many, but a file may say it. */
export function everyNthOnly(fields: ConfigFields, n: number): (layer: number) => string {
  const stated = fields.numberOrNone('sliding_window_pattern') ?? n;
  if (stated !== n && fields.texts('layer_types') === undefined) {
    const why = `every layer of ${n} sees everything`;
    throw contradiction(fields.where, 'sliding_window_pattern', stated, n, why);
  }
  return everyNth(n);
}

/** R for a layer with positions and N for one without, from `no_rope_layers`, whose 1 is a layer with positions. */
export function positionPattern(fields: ConfigFields, isListed: (list: number[]) => boolean): string {
  const layers = fields.number('num_hidden_layers');
  const interval = fields.number('no_rope_layer_interval');
  const list = fields.numbers('no_rope_layers');
  if (list === undefined || !isListed(list)) return patternOf(layers, (i) => ((i + 1) % interval === 0 ? 'N' : 'R'));
  if (list.length !== layers) throw wrong(fields.where, 'no_rope_layers', `${layers} of them`, list.length);
  return list.map((has) => (has === 0 ? 'N' : 'R')).join('');
}

/** Which layers of Qwen's mixtures are dense. */
export function qwenExperts(fields: ConfigFields): string {
  const step = fields.number('decoder_sparse_step');
  const dense = new Set(fields.numbers('mlp_only_layers'));
  return patternOf(fields.number('num_hidden_layers'), (layer) =>
    dense.has(layer) || (layer + 1) % step !== 0 ? 'D' : 'E',
  );
}

/** `layer_switch`, which only some files of Cohere's have, says the same as `sliding_window_pattern`. */
export function checkLayerSwitch(fields: ConfigFields, pattern: string): void {
  const stated = fields.given('layer_switch');
  if (stated === undefined || stated === null) return;
  const expected =
    Number.isInteger(stated) && Number(stated) > 0 ? patternOf(pattern.length, everyNth(Number(stated))) : '';
  if (expected !== pattern) {
    const why = 'layer_types, or sliding_window_pattern, say which layers slide';
    throw contradiction(fields.where, 'layer_switch', stated, pattern.indexOf('G') + 1, why);
  }
}

/** Gemma 3n's inner size of each layer's feed-forward network. */
export function sizesOfLayers(fields: ConfigFields): number[] {
  const layers = fields.number('num_hidden_layers');
  const found = fields.sizes('intermediate_size');
  if (typeof found === 'number') return Array.from({ length: layers }, () => found);
  if (found.length !== layers) throw wrong(fields.where, 'intermediate_size', `a number, or ${layers} numbers`, found);
  return found;
}

/** The share of each layer's gate that is cut off; of more than ten layers, by default 0.95 of the first ten. */
export function sparsityOfLayers(fields: ConfigFields, layers: number): number[] {
  const found = fields.numbers('activation_sparsity_pattern');
  if (found === undefined) return Array.from({ length: layers }, (_, i) => (layers > 10 && i < 10 ? 0.95 : 0));
  if (found.length !== layers) {
    throw wrong(fields.where, 'activation_sparsity_pattern', `${layers} numbers`, `${found.length} of them`);
  }
  return found;
}
