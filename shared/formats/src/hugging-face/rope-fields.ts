/**
 * @file Rotary positions as config.json files say them: `rope_parameters` (transformers 5), or `rope_theta` beside `rope_scaling` (before). The kinds
 * and their defaults are those of transformers' modeling_rope_utils.py.
 */
import type { RopeScaling } from '@arrowsmith/model';
import { checked, unsupported, wrong, type ConfigFields } from './config-fields.ts';
import type { FieldKind } from './config-table.ts';

type Json = Record<string, unknown>;

/** Base of the wavelengths, and how they are stretched. */
export interface RopeOfConfig {
  theta: number;
  scaling?: RopeScaling;
}

/** What a kind of scaling may have beside what it reads: what other kinds read, of which none follows here. */
const OF_SOME_KIND = new Set(
  [
    'rope_theta rope_type type factor original_max_position_embeddings attention_factor beta_fast beta_slow mscale mscale_all_dim',
    'low_freq_factor high_freq_factor short_factor long_factor truncate partial_rotary_factor',
  ]
    .join(' ')
    .split(' '),
);

/** What rotary positions depend on besides themselves. */
interface RopeContext {
  where: string;
  contextLength: number;
  defaultTheta: number;
  /** The field of the same name beside the rotary ones. */
  originalContextLength: number | undefined;
}

/**
 * The rotary positions of a model with one base.
 *
 * @throws UserError for a kind of scaling that is not supported, and for values that are not of their kind
 */
export function singleRope(fields: ConfigFields): RopeOfConfig {
  const parameters = chosenParameters(fields);
  refuseTwoBases(fields, 'rope_theta', [fields.object('rope_parameters'), fields.object('rope_scaling')]);
  return ropeOf(parameters, contextOf(fields, 'rope_theta', true));
}

/**
 * The rotary positions of layers that see everything, and of sliding ones, whose base is their own (Gemma 3).
 *
 * @throws UserError as {@link singleRope}, and where sliding layers are scaled
 */
export function localAndGlobalRope(fields: ConfigFields): { global: RopeOfConfig; local: RopeOfConfig } {
  const { where } = fields;
  const newer = fields.object('rope_parameters') ?? {};
  const older = fields.object('rope_scaling') ?? {};
  const kinds = ['full_attention', 'sliding_attention'];
  const stray = Object.keys(newer).find((key) => !kinds.includes(key));
  if (stray !== undefined) {
    const expected = `rope_parameters of ${kinds.join(' and ')}, by name`;
    throw wrong(where, 'rope_parameters', expected, `${stray} ${JSON.stringify(newer[stray])}`);
  }
  const ofKind = (kind: string): Json => {
    const found = Object.hasOwn(newer, kind) ? newer[kind] : undefined;
    return found === undefined || found === null
      ? {}
      : (checked(where, `rope_parameters.${kind}`, found, 'object') as Json);
  };
  const [full, sliding] = kinds.map(ofKind) as [Json, Json];
  if (areTwo(full, older)) throw twice(fields);
  refuseTwoBases(fields, 'rope_theta', [full, older]);
  refuseTwoBases(fields, 'rope_local_base_freq', [sliding]);
  const global = ropeOf({ ...full, ...older }, contextOf(fields, 'rope_theta', !Object.hasOwn(full, 'rope_theta')));
  const local = ropeOf(sliding, contextOf(fields, 'rope_local_base_freq', !Object.hasOwn(sliding, 'rope_theta')));
  if (local.scaling !== undefined) {
    throw unsupported(where, 'rope_parameters.sliding_attention', sliding, 'scaled positions in sliding layers');
  }
  return { global, local };
}

/** @param theta the field that has the base, where the parameters have none */
function contextOf(fields: ConfigFields, theta: string, readsTheta: boolean): RopeContext {
  const within = fields.object('rope_parameters') ?? fields.object('rope_scaling') ?? {};
  const isNull = fields.given(theta) === null;
  const isUnneeded = isNull && (Object.hasOwn(within, 'rope_theta') || !readsTheta);
  const partial = fields.numberOrNone('partial_rotary_factor') ?? 1;
  if (partial !== 1) throw unsupported(fields.where, 'partial_rotary_factor', partial, 'heads that turn in part');
  return {
    where: fields.where,
    contextLength: fields.number('max_position_embeddings'),
    defaultTheta: isUnneeded ? NaN : fields.number(theta),
    originalContextLength: fields.numberOrNone('original_max_position_embeddings'),
  };
}

/** `rope_parameters` or `rope_scaling`; transformers 5 takes the older one where there are both, 4 knows no other. */
function chosenParameters(fields: ConfigFields): Json {
  const newer = fields.object('rope_parameters') ?? {};
  const older = fields.object('rope_scaling') ?? {};
  if (areTwo(newer, older)) throw twice(fields);
  return { ...newer, ...older };
}

/** Whether a file says positions in both ways, and not the same. Where it does, as an exported one, each version reads its own. */
function areTwo(newer: Json, older: Json): boolean {
  const names = new Set([...Object.keys(newer), ...Object.keys(older)].filter((name) => name !== 'rope_theta'));
  const isSame = [...names].every((name) => JSON.stringify(newer[name]) === JSON.stringify(older[name]));
  return Object.keys(newer).length > 0 && Object.keys(older).length > 0 && !isSame;
}

/**
 * Bases may be said in several places, which are to say the same: versions 4 and 5 of transformers read others.
 *
 * @param name the field of config.json
 * @param within what may have it as `rope_theta`
 * @throws UserError where two differ
 */
function refuseTwoBases(fields: ConfigFields, name: string, within: readonly (Json | undefined)[]): void {
  const beside = fields.given(name);
  const inside = within.map((each) =>
    each !== undefined && Object.hasOwn(each, 'rope_theta') ? each['rope_theta'] : undefined,
  );
  const [first, ...others] = [beside, ...inside].filter((base) => base !== undefined && base !== null);
  const other = others.find((base) => base !== first);
  if (other === undefined) return;
  throw wrong(fields.where, name, `the same base everywhere: rotary positions say ${JSON.stringify(other)}`, first);
}

const twice = (fields: ConfigFields) =>
  wrong(
    fields.where,
    'rope_scaling',
    'rope_parameters or rope_scaling, or the same in both',
    fields.given('rope_scaling'),
  );

function ropeOf(parameters: Json, context: RopeContext): RopeOfConfig {
  const where = `${context.where}, rotary positions`;
  const optional = (name: string, kind: FieldKind): unknown => {
    const found = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    return found === undefined || found === null ? undefined : checked(where, name, found, kind);
  };
  const positive = (name: string): number => {
    const found = optional(name, 'positive');
    if (found === undefined) throw wrong(where, name, 'a number above 0', 'nothing');
    return found as number;
  };
  const stray = Object.keys(parameters).find((name) => !OF_SOME_KIND.has(name) && parameters[name] !== null);
  if (stray !== undefined)
    throw unsupported(where, stray, parameters[stray], 'an option that this import does not know');
  if (parameters['rope_theta'] === null) throw wrong(where, 'rope_theta', 'a number above 0', null);
  const theta = (optional('rope_theta', 'positive') as number | undefined) ?? context.defaultTheta;
  if (theta < 1) throw wrong(where, 'rope_theta', 'a number of at least 1', theta);
  const [newer, older] = [optional('rope_type', 'text'), optional('type', 'text')] as (string | undefined)[];
  if (newer !== undefined && older !== undefined && newer !== older) {
    throw wrong(where, 'rope_type', `${JSON.stringify(older)}, as type says`, newer);
  }
  const partial = optional('partial_rotary_factor', 'positive') ?? 1;
  if (partial !== 1) throw unsupported(where, 'partial_rotary_factor', partial, 'heads that turn in part');

  /** The length before it was stretched. */
  const original = (): number => {
    const inside = optional('original_max_position_embeddings', 'size') as number | undefined;
    const { originalContextLength: beside, contextLength } = context;
    // Version 4 reads the inner one only, version 5 the outer one where there is one.
    if (beside !== undefined && beside !== (inside ?? contextLength)) {
      throw wrong(where, 'original_max_position_embeddings', `${beside}, as it says beside it`, inside ?? 'nothing');
    }
    return inside ?? contextLength;
  };
  const kind = newer ?? older ?? 'default';
  switch (kind) {
    case 'default':
      return { theta };
    case 'linear':
      return { theta, scaling: { kind, factor: positive('factor') } };
    case 'llama3': {
      const [low, high] = [positive('low_freq_factor'), positive('high_freq_factor')];
      if (high < low) throw wrong(where, 'high_freq_factor', `at least low_freq_factor, ${low}`, high);
      const scaling = { kind, factor: positive('factor'), lowFrequencyFactor: low, highFrequencyFactor: high } as const;
      return { theta, scaling: { ...scaling, originalContextLength: original() } };
    }
    case 'yarn': {
      if (theta === 1) throw wrong(where, 'rope_theta', 'a number above 1', theta);
      if (Object.hasOwn(parameters, 'truncate') && !parameters['truncate']) {
        throw unsupported(where, 'truncate', parameters['truncate'], 'a ramp between fractions of rotaryPairs');
      }
      const given = optional('factor', 'positive') as number | undefined;
      const factor = given ?? context.contextLength / original();
      const [mscale, mscaleAll] = ['mscale', 'mscale_all_dim'].map((name) => optional(name, 'notNegative')) as number[];
      const amplitude = (m: number) => (factor <= 1 ? 1 : 0.1 * m * Math.log(factor) + 1);
      const ofScales = mscale && mscaleAll ? amplitude(mscale) / amplitude(mscaleAll) : undefined;
      const attentionFactor = optional('attention_factor', 'positive') as number | undefined;
      return {
        theta,
        scaling: {
          kind,
          factor,
          originalContextLength: original(),
          betaFast: (optional('beta_fast', 'notNegative') as number) || 32,
          betaSlow: (optional('beta_slow', 'notNegative') as number) || 1,
          attentionFactor: attentionFactor ?? ofScales ?? amplitude(1),
        },
      };
    }
    default:
      throw unsupported(where, 'rope_type', kind, 'a kind of rotary scaling that is not supported');
  }
}

/** Where an architecture knows some kinds of scaling only. @throws UserError for another */
export function refuseOtherScaling(fields: ConfigFields, { scaling }: RopeOfConfig, known: readonly string[]): void {
  if (scaling === undefined || known.includes(scaling.kind)) return;
  throw unsupported(fields.where, 'rope_scaling', scaling.kind, `a scaling that ${fields.architecture} has not`);
}
