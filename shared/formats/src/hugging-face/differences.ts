/** @file In what two configurations compute differently. */
import type { DecoderConfig } from '@arrowsmith/model';
import { attentionFactor } from './write-rope-fields.ts';

/** Numbers that differ by less are the same in float32. */
const TOLERANCE = 1e-7;

/**
 * In what a model differs from what a file can say of it: nothing where both compute the same. What only training knows is no difference: the family's
 * name, initial values, losses of routers, nesting, and whether documents that share a row see each other; a text of one document has no other.
 */
export function differences(read: DecoderConfig, config: DecoderConfig): string[] {
  const found: string[] = [];
  compare(computed(read), computed(config), '', found);
  return [...new Set(found)];
}

function computed(config: DecoderConfig) {
  const { family: _f, initialization: _i, routerLoss: _r, matformer: _m, confineAttention: _c, ...rest } = config;
  return { ...rest, layers: config.layers.map(({ attention, ffn }) => ({ attention: seen(attention, config), ffn })) };
}

type Attention = DecoderConfig['layers'][number]['attention'];

/** A window or a chunk as long as the context hides nothing; a factor that is left out is the usual one. */
function seen(attention: Attention, { contextLength }: DecoderConfig): Attention {
  const { window, chunk, rope } = attention;
  const scaling =
    rope?.scaling?.kind === 'yarn'
      ? { ...rope.scaling, attentionFactor: attentionFactor(rope.scaling) }
      : rope?.scaling;
  return {
    ...attention,
    window: window >= contextLength ? 0 : window,
    chunk: chunk >= contextLength ? 0 : chunk,
    rope: rope === null || scaling === undefined ? rope : { ...rope, scaling },
  };
}

function compare(read: unknown, own: unknown, path: string, found: string[]): void {
  if (read === own) return;
  if (typeof read === 'number' && typeof own === 'number') {
    if (Math.abs(read - own) <= TOLERANCE * Math.max(Math.abs(read), Math.abs(own))) return;
  }
  if (isObject(read) && isObject(own) && Array.isArray(read) === Array.isArray(own)) {
    const keys = new Set([...Object.keys(read), ...Object.keys(own)]);
    for (const key of keys) compare(read[key], own[key], path === '' ? key : `${path}.${key}`, found);
    return;
  }
  found.push(`${path} is ${told(own)}, not ${told(read)}`);
}

const isObject = (x: unknown): x is Record<string, unknown> => typeof x === 'object' && x !== null;

const told = (x: unknown): string => (x === undefined ? 'not there' : JSON.stringify(x));
