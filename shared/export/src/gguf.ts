/** @file A GGUF file: what llama.cpp loads, the tokenizer within it. */
import {
  GGML_TYPES,
  ggufArchitecture,
  ggufTensors,
  needsMeanNeuron,
  withMeanNeuron,
  writeGguf,
  type GgufMetadata,
} from '@arrowsmith/formats';
import { checkVocabulary, type Exported } from './exported.ts';
import { ggufTokenizer } from './gguf-tokenizer.ts';

/** llama.cpp's numbers for what most matrices of a file are stored in (`llama_ftype`). */
const FILE_TYPES: ReadonlyMap<string, number> = new Map([
  ['f32', 0],
  ['f16', 1],
  ['Q4_0', 2],
  ['Q4_1', 3],
  ['Q8_0', 7],
  ['Q5_0', 8],
  ['Q5_1', 9],
  ['Q2_K', 10],
  ['Q3_K', 11],
  ['Q4_K', 14],
  ['Q5_K', 16],
  ['Q6_K', 18],
  ['IQ4_NL', 25],
  ['bf16', 32],
]);

/**
 * Writes a file.
 *
 * @param format of matrices; undefined: as they are stored, without computing any anew
 * @returns the architecture of llama.cpp, the format of most bytes, and how many tensors have which
 * @throws UserError where llama.cpp computes something else, cuts text otherwise, or has no such format
 */
export async function exportGguf(
  path: string,
  model: Exported,
  format: string | undefined,
  { name }: { name: string },
): Promise<{ architecture: string; format: string; formats: ReadonlyMap<string, number> }> {
  checkVocabulary(model);
  const architecture = ggufArchitecture(model.config);
  const { tokenizer } = model;
  const { config, read } = needsMeanNeuron(model.config) && isFloat(model, format) ? withMeanNeuron(model) : model;
  const tokens = architecture.cutsVocabulary === true ? tokenizer.vocabulary.length : config.vocabularySize;
  const tensors = [...ggufTensors({ config, architecture, read, format, tokens })];
  const formats = new Map<string, number>();
  for (const tensor of tensors) formats.set(tensor.format, (formats.get(tensor.format) ?? 0) + 1);
  const most = mostBytes(tensors);
  const own = architecture.metadata(config);
  const sizeKey = `${architecture.name}.vocab_size`;
  const metadata: GgufMetadata = {
    'general.architecture': { type: 'string', value: architecture.name },
    'general.type': { type: 'string', value: 'model' },
    'general.name': { type: 'string', value: name },
    ...own,
    ...(sizeKey in own ? { [sizeKey]: { type: 'uint32', value: tokens } } : {}),
    'general.file_type': { type: 'uint32', value: FILE_TYPES.get(most) ?? 0 },
    'general.quantization_version': { type: 'uint32', value: 2 },
    ...ggufTokenizer(model, tokens),
  };
  await writeGguf(path, { metadata, tensors });
  return { architecture: architecture.name, format: most, formats };
}

const FLOATS: ReadonlySet<string> = new Set(['f32', 'f16', 'bf16']);

/** Whether networks are stored as floats, whose rows may have any length; what others round by is more than what a row more would mend. */
function isFloat({ names, read }: Exported, format: string | undefined): boolean {
  if (format !== undefined) return FLOATS.has(format);
  return names.filter((name) => name.includes('.mlp.')).every((name) => FLOATS.has(read(name).format));
}

/** The format that most bytes have. */
function mostBytes(tensors: readonly { format: string; bytes: Uint8Array }[]): string {
  const bytes = new Map([...GGML_TYPES.keys()].map((format) => [format, 0]));
  for (const tensor of tensors) bytes.set(tensor.format, (bytes.get(tensor.format) ?? 0) + tensor.bytes.length);
  return [...bytes].reduce((most, each) => (each[1] > most[1] ? each : most))[0];
}
