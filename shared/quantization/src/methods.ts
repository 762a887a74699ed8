/** @file Methods of quantization. */

/** What each does; those but `nearest` look at rows of text first. */
export const METHODS = {
  nearest: 'each value becomes the nearest that its format has',
  importance:
    'scales are fitted to the values that large inputs are multiplied with (as llama.cpp’s importance matrix)',
  gptq: 'values make up for the errors of those before them',
  awq: 'channels of large inputs are made larger, and smaller where they come from',
  smoothquant: 'channels of large inputs are made smaller where they come from, for activations of int8',
} as const;

export type Method = keyof typeof METHODS;

export const methods = Object.keys(METHODS) as [Method, ...Method[]];

/** Whether a method needs to know the inputs of matrices. */
export const calibrates = (method: Method): boolean => method !== 'nearest';

/** Whether it needs the products of channels, too: in² numbers a matrix. */
export const needsProducts = (method: Method): boolean => method === 'gptq' || method === 'awq';
