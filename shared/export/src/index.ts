/** @file Models and their tokenizers as files that other programs load. */
export { exportModel, type Written } from './export-model.ts';
export { exportGguf } from './gguf.ts';
export { ggufTokenizer } from './gguf-tokenizer.ts';
export { exportHuggingFace } from './hugging-face.ts';
export { exportLlama2c, llama2cIds, llama2cTokens } from './llama2c.ts';
export { exportAdapter, type ExportedAdapter } from './peft.ts';
export { modelCard, type CardFact, type CardMeasurement, type ModelCard } from './model-card.ts';
export type { Exported } from './exported.ts';
export { ALL_PRECISIONS, EXPORT_FORMATS, PRECISIONS, type ExportFormat } from './formats.ts';
