/** @file The formats that models are exported in, and the precisions of each. Whoever declares parameters needs this alone. */

export const EXPORT_FORMATS = ['huggingface', 'gguf', 'llama2c', 'web'] as const;

export type ExportFormat = (typeof EXPORT_FORMATS)[number];

const GGUF = 'f32 f16 bf16 Q8_0 Q6_K Q5_K Q5_1 Q5_0 Q4_K Q4_1 Q4_0 IQ4_NL Q3_K Q2_K'.split(' ');

/** How matrices are stored, by format. */
export const PRECISIONS = {
  huggingface: ['f32', 'f16', 'bf16'],
  gguf: GGUF,
  llama2c: ['f32', 'int8'],
  web: [...GGUF, 'int8'],
} as const satisfies Record<ExportFormat, readonly string[]>;

/** All precisions of any format. */
export const ALL_PRECISIONS: readonly string[] = [...new Set(Object.values(PRECISIONS).flat())];

/** `<owner>/<name>`, as the Hugging Face hub takes names of repositories. */
export const REPOSITORY_NAME = /^[A-Za-z0-9][\w.-]{0,95}\/[A-Za-z0-9][\w.-]{0,95}$/;

/** How sizes are written, decimal as on the hub: 500MB, 2.5GB. */
export const SIZE = /^\d+(\.\d+)?(kB|MB|GB)$/;

/** The bytes of a size, {@link SIZE}; undefined for what is none. */
export function bytesOfSize(size: string): number | undefined {
  const [, number, , unit] = /^(\d+(\.\d+)?)(kB|MB|GB)$/.exec(size) ?? [];
  if (number === undefined || unit === undefined || Number(number) === 0) return undefined;
  return Number(number) * { kB: 1e3, MB: 1e6, GB: 1e9 }[unit as 'kB' | 'MB' | 'GB'];
}
