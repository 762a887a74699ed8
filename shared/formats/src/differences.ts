/** @file In what two configurations compute differently. */
import type { DecoderConfig } from '@arrowsmith/model';
import { attentionFactor } from './hugging-face/write-rope-fields.ts';

/** A limit of coefficients that none reaches. */
export const NO_LIMIT = 1e9;

/** Numbers that differ by less are the same in float32. */
const TOLERANCE = 1e-7;

/**
 * In what a model differs from what a file can say of it, one line for all layers that differ alike: nothing where both compute the same. What only training knows is no difference: the family's
 * name, initial values, losses of routers, nesting, and whether documents that share a row see each other; a text of one document has no other.
 */
export function differences(read: DecoderConfig, config: DecoderConfig): string[] {
  const found: Difference[] = [];
  compare(computed(read), computed(config), '', found);
  const layersOf = new Map<string, number[]>();
  const others: string[] = [];
  for (const { path, text } of found) {
    const [, layer, rest] = /^layers\.(\d+)\.(.+)$/.exec(path) ?? [];
    if (layer === undefined) others.push(`${path} is ${text}`);
    else layersOf.set(`${rest} is ${text}`, [...(layersOf.get(`${rest} is ${text}`) ?? []), Number(layer)]);
  }
  return [...others, ...[...layersOf].map(([text, layers]) => `${text}, ${placesOf(layers, config)}`)];
}

interface Difference {
  path: string;
  text: string;
}

function placesOf(layers: readonly number[], config: DecoderConfig): string {
  if (layers.length === config.layers.length) return 'in all layers';
  return layers.length === 1 ? `in layer ${layers.join()}` : `in layers ${layers.join(' ')}`;
}

function computed(config: DecoderConfig) {
  const { family: _f, initialization: _i, routerLoss: _r, matformer: _m, confineAttention: _c, ...rest } = config;
  const { altUp } = config;
  const isLimited = altUp !== null && altUp.coefficientClip < NO_LIMIT;
  const limit = isLimited ? altUp.coefficientClip : 0;
  return {
    ...rest,
    altUp: altUp && { ...altUp, coefficientClip: limit },
    layers: config.layers.map(({ attention, ffn }) => ({ attention: seen(attention, config), ffn })),
  };
}

type Attention = DecoderConfig['layers'][number]['attention'];

/** A window or a chunk as long as the context hides nothing, and no temperature rises beyond it; a factor that is left out is the usual one. */
function seen(attention: Attention, { contextLength }: DecoderConfig): Attention {
  const { window, chunk, rope, temperatureTuning } = attention;
  const scaling =
    rope?.scaling?.kind === 'yarn'
      ? { ...rope.scaling, attentionFactor: attentionFactor(rope.scaling) }
      : rope?.scaling;
  return {
    ...attention,
    window: window >= contextLength ? 0 : window,
    chunk: chunk >= contextLength ? 0 : chunk,
    temperatureTuning:
      temperatureTuning !== null && temperatureTuning.floorScale > contextLength ? null : temperatureTuning,
    rope: rope === null || scaling === undefined ? rope : { ...rope, scaling },
  };
}

function compare(read: unknown, own: unknown, path: string, found: Difference[]): void {
  if (read === own) return;
  if (typeof read === 'number' && typeof own === 'number') {
    if (Math.abs(read - own) <= TOLERANCE * Math.max(Math.abs(read), Math.abs(own))) return;
  }
  if (isObject(read) && isObject(own) && Array.isArray(read) === Array.isArray(own)) {
    const keys = new Set([...Object.keys(read), ...Object.keys(own)]);
    for (const key of keys) compare(read[key], own[key], path === '' ? key : `${path}.${key}`, found);
    return;
  }
  found.push({ path, text: `${told(own)}, not ${told(read)}` });
}

const isObject = (x: unknown): x is Record<string, unknown> => typeof x === 'object' && x !== null;

const told = (x: unknown): string => (x === undefined ? 'not there' : JSON.stringify(x));
