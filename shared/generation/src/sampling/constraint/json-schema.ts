/** @file JSON schemas, a subset, as expressions: the JSON texts of values that a schema accepts. */
import { UserError } from '@arrowsmith/errors';
import { alternatives, type Expression, NEVER } from './expression.ts';
import { integerBetween } from './integer-range.ts';
import {
  anyValue,
  array,
  boolean,
  constant,
  nullValue,
  number,
  object,
  stringOf,
  stringOfLength,
} from './json-values.ts';
import { regularExpressionWithin } from './regular-expression.ts';
import { checkLevels, checkNesting, StateLimit } from './state-limit.ts';

type Schema = Readonly<Record<string, unknown>>;

/** Where a subschema stands, what `$ref` refers to, and how often each has been followed on the way here. */
interface Place {
  readonly path: string;
  readonly root: unknown;
  readonly followed: ReadonlyMap<string, number>;
  readonly depth: number;
  /** Schemas around it, those included that refer to it. */
  readonly levels: number;
  readonly limit: StateLimit;
}

/** They say nothing about values. */
const ANNOTATIONS =
  '$schema $id $comment $defs definitions title description default examples deprecated readOnly writeOnly'.split(' ');

/** Keywords that say something about values of a type. */
const OF_TYPE: Readonly<Record<string, readonly string[]>> = {
  object: ['properties', 'required', 'additionalProperties'],
  array: ['items', 'minItems', 'maxItems'],
  string: ['pattern', 'minLength', 'maxLength'],
  number: [],
  integer: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  boolean: [],
  null: [],
};

/** Keywords that stand for the whole of a schema: no other may stand beside them, but for annotations. */
const ALONE = ['$ref', 'anyOf', 'enum', 'const'];

const SUPPORTED = ['type', ...ALONE, ...Object.values(OF_TYPE).flat()];

/**
 * JSON texts of values that a schema accepts. Not all of them: properties come in the order of the schema, and only those that it names where
 * it names any; there is at most a space behind commas and colons, numbers have at most 15 digits, and constants are written as
 * JSON.stringify does.
 *
 * @param schema of draft 2020-12, with the keywords type, enum, const, anyOf, $ref within the schema, properties, required,
 *   additionalProperties, items, minItems, maxItems, pattern, minLength, maxLength, bounds of integers, and annotations
 * @param depth how often each `$ref` is followed within itself, and how deep values are nested of which nothing is said
 * @param limit of what is made of it, which references within references would make without end
 * @throws UserError where there is another keyword, one has a value that it cannot have, or the limit is reached
 */
export function jsonSchema(
  schema: unknown,
  { depth = 3, limit = new StateLimit() }: { depth?: number; limit?: StateLimit } = {},
): Expression {
  checkNesting(schema);
  return expressionOf(schema, { path: '#', root: schema, followed: new Map(), depth, levels: 0, limit });
}

function expressionOf(schema: unknown, around: Place): Expression {
  const place = { ...around, levels: around.levels + 1 };
  checkLevels(place.levels);
  place.limit.spend(1);
  if (schema === true) return anyValue(place.depth);
  if (schema === false) return NEVER;
  if (!isSchema(schema)) throw wrong('a schema', schema, place);
  checkKeywords(schema, place);
  if ('$ref' in schema) return referred(schema['$ref'], place);
  if ('const' in schema) return constantOf(schema['const'], place);
  if ('enum' in schema)
    return alternatives(arrayOf(schema['enum'], at(place, 'enum')).map((each) => constantOf(each, place)));
  if ('anyOf' in schema) {
    const options = arrayOf(schema['anyOf'], at(place, 'anyOf'));
    return alternatives(options.map((each, i) => expressionOf(each, at(place, 'anyOf', i))));
  }
  const types = typesOf(schema, place);
  return types === undefined
    ? anyValue(place.depth)
    : alternatives(types.map((type) => expressionOfType(type, schema, place)));
}

function expressionOfType(type: unknown, schema: Schema, place: Place): Expression {
  switch (type) {
    case 'object':
      return objectOf(schema, place);
    case 'array':
      return arrayOfItems(schema, place);
    case 'string':
      return stringOfSchema(schema, place);
    case 'number':
      return numberOf(schema, place);
    case 'integer':
      return integerOf(schema, place);
    case 'boolean':
      return boolean;
    case 'null':
      return nullValue;
    default:
      throw wrong(`one of ${Object.keys(OF_TYPE).join(', ')}`, type, at(place, 'type'));
  }
}

/** The types of a schema; where it names none, that of its keywords, since values of other types are only some of those it accepts. */
function typesOf(schema: Schema, place: Place): readonly unknown[] | undefined {
  const { type } = schema;
  if (Array.isArray(type)) return arrayOf(type, at(place, 'type'));
  if (type !== undefined) return [type];
  const meant = Object.keys(OF_TYPE).filter((each) => OF_TYPE[each]?.some((keyword) => keyword in schema));
  return meant.length === 0 ? undefined : meant;
}

function objectOf(schema: Schema, place: Place): Expression {
  const { properties = {}, required = [], additionalProperties: others = true } = schema;
  if (!isSchema(properties)) throw wrong('schemas by property', properties, at(place, 'properties'));
  const needed = new Set(arrayOf(required, at(place, 'required')));
  const schemas = new Map<string, unknown>(Object.entries(properties));
  for (const name of needed) {
    if (typeof name !== 'string') throw wrong('names of properties', name, at(place, 'required'));
    if (!schemas.has(name)) schemas.set(name, others);
  }
  if (schemas.size === 0) {
    const value = expressionOf(others, at(place, 'additionalProperties'));
    return object([{ name: stringOfLength(), value, optional: true }], true);
  }
  if (typeof others !== 'boolean') {
    throw unsupported('additionalProperties as a schema beside properties', at(place, 'additionalProperties'));
  }
  return object(
    Array.from(schemas, ([name, each]) => ({
      name: constantOf(name, place),
      value: expressionOf(each, at(place, 'properties', name)),
      optional: !needed.has(name),
    })),
  );
}

function arrayOfItems(schema: Schema, place: Place): Expression {
  const { items = true } = schema;
  const [least, most] = boundsOf(schema, 'minItems', 'maxItems', place);
  const item = expressionOf(items, at(place, 'items'));
  const more = most === Infinity;
  const count = more ? Math.max(1, least) : most;
  place.limit.spend(count);
  return least > most
    ? NEVER
    : array(
        Array.from({ length: count }, (_, i) => ({ item, optional: i >= least })),
        more,
      );
}

function stringOfSchema(schema: Schema, place: Place): Expression {
  const [least, most] = boundsOf(schema, 'minLength', 'maxLength', place);
  const { pattern } = schema;
  if (pattern === undefined) return least > most ? NEVER : stringOfLength(least, most);
  if (typeof pattern !== 'string') throw wrong('a regular expression', pattern, at(place, 'pattern'));
  if (least > 0 || most < Infinity) throw unsupported('a length beside pattern', place);
  return stringOf(regularExpressionWithin(pattern, place.limit));
}

function numberOf(schema: Schema, place: Place): Expression {
  const [bound] = (OF_TYPE['integer'] ?? []).filter((keyword) => keyword in schema);
  if (bound !== undefined) throw unsupported(`${bound} of a number that is no integer`, at(place, bound));
  return number();
}

function integerOf(schema: Schema, place: Place): Expression {
  const bound = (keyword: string, otherwise: number): number => {
    const value = schema[keyword] ?? otherwise;
    if (typeof value === 'number') return value;
    throw wrong('a number', value, at(place, keyword));
  };
  const least = Math.max(bound('minimum', -Infinity), Math.floor(bound('exclusiveMinimum', -Infinity)) + 1);
  const most = Math.min(bound('maximum', Infinity), Math.ceil(bound('exclusiveMaximum', Infinity)) - 1);
  return integerBetween(least, most);
}

/** A value as it is, a character after the other. */
function constantOf(value: unknown, { limit }: Place): Expression {
  limit.spend(JSON.stringify(value).length);
  return constant(value);
}

/** The bounds of two keywords. */
function boundsOf(schema: Schema, least: string, most: string, place: Place): [number, number] {
  const bound = (keyword: string, otherwise: number): number => {
    const value = schema[keyword] ?? otherwise;
    if (value === otherwise) return otherwise;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
    throw wrong('an integer of at least 0', value, at(place, keyword));
  };
  return [bound(least, 0), bound(most, Infinity)];
}

/** What a reference refers to, as often within itself as `depth` says. */
function referred(reference: unknown, place: Place): Expression {
  const here = at(place, '$ref');
  if (typeof reference !== 'string' || !/^#(\/|$)/.test(reference))
    throw wrong('a place of this schema, as #/$defs/…', reference, here);
  const times = place.followed.get(reference) ?? 0;
  if (times > place.depth) return NEVER;
  const names = reference.split('/').slice(1);
  const target = names.reduce<unknown>((schema, name) => {
    const key = decoded(name, here).replaceAll('~1', '/').replaceAll('~0', '~');
    return isSchema(schema) && Object.hasOwn(schema, key) ? schema[key] : undefined;
  }, place.root);
  if (target === undefined) throw wrong('a place that the schema has', reference, here);
  return expressionOf(target, {
    ...place,
    path: reference,
    followed: new Map([...place.followed, [reference, times + 1]]),
  });
}

/** @throws UserError where a percent sign stands for no character */
function decoded(name: string, here: Place): string {
  try {
    return decodeURIComponent(name);
  } catch {
    throw wrong('a place of this schema, in which % begins a character of UTF-8', name, here);
  }
}

function checkKeywords(schema: Schema, place: Place): void {
  const keywords = Object.keys(schema).filter((keyword) => !ANNOTATIONS.includes(keyword));
  for (const keyword of keywords) {
    if (!SUPPORTED.includes(keyword)) throw unsupported(keyword, at(place, keyword));
  }
  const [other] = keywords.filter((keyword) => !ALONE.includes(keyword));
  const [alone, second = other] = keywords.filter((keyword) => ALONE.includes(keyword));
  if (alone === undefined || second === undefined) return;
  // A type beside constants is often written, and says nothing where they are all of it.
  if (keywords.length === 2 && second === 'type' && constantsHaveType(schema)) return;
  throw unsupported(`${second} beside ${alone}`, at(place, second));
}

function constantsHaveType({ type, enum: values, const: value }: Schema): boolean {
  const all = Array.isArray(values) ? values : [value];
  const types: unknown[] = Array.isArray(type) ? type : [type];
  const typeOf = (each: unknown): string => (each === null ? 'null' : Array.isArray(each) ? 'array' : typeof each);
  return all.every((each) => types.includes(typeOf(each)) || (Number.isInteger(each) && types.includes('integer')));
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function arrayOf(value: unknown, place: Place): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw wrong('an array', value, place);
}

function at(place: Place, ...names: (string | number)[]): Place {
  const escaped = names.map((name) => `${name}`.replaceAll('~', '~0').replaceAll('/', '~1'));
  return { ...place, path: [place.path, ...escaped].join('/') };
}

function wrong(expected: string, found: unknown, { path }: Place): UserError {
  return new UserError({
    what: 'this is no JSON schema that output can be made to follow',
    where: path,
    expected,
    found: JSON.stringify(found) ?? String(found),
  });
}

function unsupported(keyword: string, { path }: Place): UserError {
  return new UserError({
    what: `the JSON schema has ${keyword}, which is not supported`,
    where: path,
    expected: SUPPORTED.join(', '),
    fix: 'say it with these, or in the description alone, and check the output',
  });
}
