/** @file Reads the fields of a config.json by the table of its architecture, and knows which of them were not read. */
import { UserError } from '@arrowsmith/errors';
import { LARGEST_SIZE, MOST_EXPERTS, MOST_LAYERS } from '@arrowsmith/model';
import { configTable, type ArchitectureName, type FieldKind, type FieldRule } from './config-table.ts';
import { shortened } from '../shortened.ts';
import { judgeUnread } from './unread-fields.ts';

type Json = Record<string, unknown>;

const isNumber = (x: unknown): x is number => typeof x === 'number' && Number.isFinite(x);
const isWhole = (x: unknown, least: number, most: number) =>
  Number.isInteger(x) && Number(x) >= least && Number(x) <= most;
const isSize = (x: unknown) => isWhole(x, 1, LARGEST_SIZE);
const isCount = (x: unknown) => isWhole(x, 0, LARGEST_SIZE);
const listOf = (is: (x: unknown) => boolean) => (x: unknown) => Array.isArray(x) && x.every(is);
const wholeUpTo = (most: number) => ({
  expected: `a whole number from 1 to ${most}`,
  is: (x: unknown) => isWhole(x, 1, most),
});

/** What each kind of field may be, in words and as a test. */
const KINDS: Record<FieldKind, { expected: string; is(x: unknown): boolean }> = {
  size: wholeUpTo(LARGEST_SIZE),
  layers: wholeUpTo(MOST_LAYERS),
  experts: wholeUpTo(MOST_EXPERTS),
  count: { expected: `a whole number from 0 to ${LARGEST_SIZE}`, is: isCount },
  number: { expected: 'a number', is: isNumber },
  positive: { expected: 'a number above 0', is: (x) => isNumber(x) && x > 0 },
  notNegative: { expected: 'a number of 0 or more', is: (x) => isNumber(x) && x >= 0 },
  flag: { expected: 'true or false', is: (x) => typeof x === 'boolean' || x === 0 || x === 1 },
  truth: { expected: 'true, false or a number', is: (x) => typeof x === 'boolean' || isNumber(x) },
  text: { expected: 'a string', is: (x) => typeof x === 'string' },
  counts: { expected: 'a list of whole numbers of 0 or more', is: listOf(isCount) },
  texts: { expected: 'a list of strings', is: listOf((x) => typeof x === 'string') },
  shares: { expected: 'a list of numbers from 0 to below 1', is: listOf((x) => isNumber(x) && x >= 0 && x < 1) },
  sizeOrSizes: {
    expected: 'a whole number of at least 1, or a list of them',
    is: (x) => isSize(x) || listOf(isSize)(x),
  },
  object: { expected: 'an object', is: (x) => typeof x === 'object' && x !== null && !Array.isArray(x) },
};

/**
 * The fields of one config.json. Where the file does not name a field, it has the default of its architecture's table. All of these throw a UserError
 * for a field whose value is not of its kind.
 */
export interface ConfigFields {
  /** The file. */
  where: string;
  architecture: ArchitectureName;
  number(name: string): number;
  /** The same where there may be none. */
  numberOrNone(name: string): number | undefined;
  flag(name: string): boolean;
  text(name: string): string;
  textOrNone(name: string): string | undefined;
  numbers(name: string): number[] | undefined;
  /** One of a size for all layers, and a size for each. */
  sizes(name: string): number | number[];
  texts(name: string): string[] | undefined;
  object(name: string): Json | undefined;
  /** What the file itself has under a name. */
  given(name: string): unknown;
  /** @throws UserError for the first field that was not read, and from which something may follow; see {@link judgeUnread} */
  refuseUnread(): void;
}

/** @throws UserError by its methods */
export function configFields(json: Json, where: string, architecture: ArchitectureName): ConfigFields {
  const table: Record<string, FieldRule> = configTable[architecture];
  const read = new Set<string>();
  const given = (name: string): unknown => {
    read.add(name);
    return Object.hasOwn(json, name) ? json[name] : undefined;
  };
  const value = (name: string): unknown => {
    if (!Object.hasOwn(table, name)) throw new Error(`${architecture} has no field ${name} in its table`);
    const rule = table[name]!;
    const found = given(name);
    if (found === undefined) return rule.default ?? undefined;
    return checked(where, name, found, rule.kind, rule.nullable) ?? undefined;
  };
  const required = <T>(name: string): T => {
    const found = value(name);
    if (found === undefined) throw wrong(where, name, KINDS[table[name]!.kind].expected, 'nothing');
    return found as T;
  };
  return {
    where,
    architecture,
    number: (name) => required<number>(name),
    numberOrNone: (name) => value(name) as number | undefined,
    flag: (name) => Boolean(value(name)),
    text: (name) => required<string>(name),
    textOrNone: (name) => value(name) as string | undefined,
    numbers: (name) => value(name) as number[] | undefined,
    sizes: (name) => required<number | number[]>(name),
    texts: (name) => value(name) as string[] | undefined,
    object: (name) => value(name) as Json | undefined,
    given,
    refuseUnread() {
      for (const [name, found] of Object.entries(json)) {
        if (read.has(name)) continue;
        if (Object.hasOwn(table, name)) {
          value(name); // nothing follows from it in this model, but it must be of its kind
          continue;
        }
        const judgement = judgeUnread(architecture, name, found);
        if (judgement === 'harmless') continue;
        if (judgement === 'unknown') throw unsupported(where, name, found, 'an option that this import does not know');
        throw contradiction(where, name, found, judgement.expected, `in ${architecture} ${judgement.because}`);
      }
    },
  };
}

/** A value of its kind. @throws UserError where it is not */
export function checked(where: string, name: string, found: unknown, kind: FieldKind, nullable = false): unknown {
  if (KINDS[kind].is(found) || (nullable && found === null)) return found;
  throw wrong(where, name, `${KINDS[kind].expected}${nullable && kind !== 'flag' ? ', or null' : ''}`, found);
}

/** What was found, as JSON of a bounded length. */
const shown = (found: unknown): string => {
  return shortened(JSON.stringify(found) ?? 'nothing');
};

/** A field that is not what it must be. */
export function wrong(where: string, name: string, expected: string, found: unknown): UserError {
  return new UserError({
    what: `the configuration's ${name} is not what it should be`,
    where,
    expected,
    found: found === 'nothing' ? 'nothing' : shown(found),
    fix: 'use the config.json that belongs to the weights',
  });
}

/** A field whose value is understood, but not supported. */
export function unsupported(where: string, name: string, found: unknown, why: string): UserError {
  return new UserError({
    what: `the model has ${why}: ${shortened(name)}`,
    where,
    expected: `a model without ${shortened(name)}`,
    found: `${shortened(name)} ${shown(found)}`,
    fix: 'use another model; docs/models.md lists what can be imported',
  });
}

/** A field that says something else than what is computed. */
export function contradiction(where: string, name: string, found: unknown, expected: unknown, why: string): UserError {
  return new UserError({
    what: `the configuration's ${name} contradicts its architecture: ${why}`,
    where,
    expected: `${name} ${typeof expected === 'string' && expected.includes(' ') ? expected : shown(expected)}, or no ${name}`,
    found: `${shortened(name)} ${shown(found)}`,
    fix: `transformers ignores ${name}: take it out of config.json if the weights are those of a plain model of this architecture`,
  });
}
