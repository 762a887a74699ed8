/** @file ggml's numbers of types of tensors (`ggml_type`). */

/** Of the formats that it has in common with this project. */
export const GGML_TYPES: ReadonlyMap<string, number> = new Map([
  ['f32', 0],
  ['f16', 1],
  ['Q4_0', 2],
  ['Q4_1', 3],
  ['Q5_0', 6],
  ['Q5_1', 7],
  ['Q8_0', 8],
  ['Q2_K', 10],
  ['Q3_K', 11],
  ['Q4_K', 12],
  ['Q5_K', 13],
  ['Q6_K', 14],
  ['IQ4_NL', 20],
  ['bf16', 30],
]);

/** Names of the others, for whoever meets one. */
const OTHERS: ReadonlyMap<number, string> = new Map([
  [9, 'Q8_1'],
  [15, 'Q8_K'],
  [16, 'IQ2_XXS'],
  [17, 'IQ2_XS'],
  [18, 'IQ3_XXS'],
  [19, 'IQ1_S'],
  [21, 'IQ3_S'],
  [22, 'IQ2_S'],
  [23, 'IQ4_XS'],
  [24, 'I8'],
  [25, 'I16'],
  [26, 'I32'],
  [27, 'I64'],
  [28, 'F64'],
  [29, 'IQ1_M'],
  [34, 'TQ1_0'],
  [35, 'TQ2_0'],
  [39, 'MXFP4'],
  [40, 'NVFP4'],
]);

const FORMATS: ReadonlyMap<number, string> = new Map([...GGML_TYPES].map(([format, type]) => [type, format]));

/** The number format of a type; undefined of one that this project has not. */
export const formatOfType = (type: number): string | undefined => FORMATS.get(type);

/** What a type is called. */
export const nameOfType = (type: number): string => FORMATS.get(type) ?? OTHERS.get(type) ?? `type ${type}`;
