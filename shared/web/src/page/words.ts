/** @file What the page says of a model, and of a text. */
import type { Backend, GeneratedText, WebModel } from '../client/index.ts';

export const BACKEND_NAMES: Readonly<Record<Backend, string>> = {
  webgpu: 'WebGPU',
  wasm: 'WebAssembly',
  webgl: 'WebGL',
  cpu: 'JavaScript',
};

export const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

/** A number in three digits or so. */
export const decimal = (value: number): string => (value < 10 ? value.toFixed(1) : value.toFixed(0));

export function describeModel({ parameters, precision, config }: WebModel): string {
  const count = parameters < 1e6 ? `${Math.round(parameters / 1e3)} thousand` : `${decimal(parameters / 1e6)} million`;
  return (
    `A language model of ${count} parameters that runs in this page: ${config.family}, ${config.layers.length} layers, ` +
    `a context of ${config.contextLength} tokens, stored as ${precision}. What you type stays on this device.`
  );
}

const ENDS: Readonly<Record<GeneratedText['finishReason'], string>> = {
  model: 'the model ended it',
  length: 'as long as asked for',
  context: 'the context is full',
  stop: 'a stop string ended it',
  cancelled: 'stopped',
};

export function describeText(written: GeneratedText, seed: number, backend: Backend): string {
  const { tokens, tokensPerSecond, finishReason, cutTokens } = written;
  const speed = tokensPerSecond === 0 ? '' : `, ${decimal(tokensPerSecond)} a second by ${BACKEND_NAMES[backend]}`;
  const cut = cutTokens === 0 ? '' : `; the first ${cutTokens} tokens of the prompt did not fit`;
  return `${tokens.length} tokens${speed}; ${ENDS[finishReason]}; seed ${seed}${cut}`;
}
