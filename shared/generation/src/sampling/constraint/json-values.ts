/** @file JSON's strings, numbers and values as expressions. */
import {
  alternatives,
  characters,
  type CodePoints,
  type Expression,
  list,
  literal,
  mapCharacters,
  optional,
  repeat,
  sequence,
} from './expression.ts';
import { regularExpression } from './regular-expression.ts';

/** Made when it is first needed: classes of characters take a while, and who loads this may never need them. */
function lazy(make: () => Expression): () => Expression {
  let made: Expression | undefined;
  return () => (made ??= make());
}

const QUOTE = literal('"');
const COMMA = sequence([literal(','), optional(literal(' '))]);
const COLON = sequence([literal(':'), optional(literal(' '))]);

/** Code points that stand for themselves in a string, those that have a short escape, and the other controls. */
const PLAIN: readonly CodePoints[] = [
  [0x20, 0x21],
  [0x23, 0x5b],
  [0x5d, 0x10ffff],
];
const ESCAPED: readonly number[] = [0x22, 0x5c, ...Array.from({ length: 0x20 }, (_, control) => control)];

/** A character of any string: as it is, or escaped; \u never gives half a surrogate pair. */
const character = lazy(() =>
  alternatives([
    characters(PLAIN),
    regularExpression(String.raw`\\(?:["\\/bfnrt]|u(?:[0-9a-ce-fA-CE-F][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}))`),
  ]),
);

/** A string of `least` to `most` characters. */
export function stringOfLength(least = 0, most = Infinity): Expression {
  return sequence([QUOTE, repeat(character(), least, most), QUOTE]);
}

/** A string whose text is one of an expression, escaped where JSON needs it. */
export function stringOf(text: Expression): Expression {
  return sequence([QUOTE, mapCharacters(text, escaped), QUOTE]);
}

function escaped(ranges: readonly CodePoints[]): Expression {
  const plain = ranges.flatMap(([first, last]) =>
    PLAIN.map(([from, to]): CodePoints => [Math.max(first, from), Math.min(last, to)]),
  );
  const others = ESCAPED.filter((each) => ranges.some(([first, last]) => first <= each && each <= last));
  return alternatives([
    characters(plain.filter(([first, last]) => first <= last)),
    ...others.map((each) => literal(JSON.stringify(String.fromCharCode(each)).slice(1, -1))),
  ]);
}

/**
 * A number of at most 15 digits before and behind the point, and an exponent of at most two: bounded, so that none goes on for ever, and
 * float64 tells each from its neighbours.
 */
export const number = lazy(() =>
  regularExpression(String.raw`-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?(?:[eE][+-]?\d{1,2})?`),
);

export const boolean = alternatives([literal('true'), literal('false')]);

export const nullValue = literal('null');

/** A value as JSON.stringify writes it. */
export function constant(value: unknown): Expression {
  return literal(JSON.stringify(value));
}

/** Items in their order; the last of them any number of times, if `more`. */
export function array(items: readonly { item: Expression; optional: boolean }[], more: boolean): Expression {
  return sequence([literal('['), list(items, COMMA, more), literal(']')]);
}

/** Properties in their order; the last of them any number of times, if `more`. */
export function object(
  properties: readonly { name: Expression; value: Expression; optional: boolean }[],
  more = false,
): Expression {
  const members = properties.map(({ name, value, ...rest }) => ({ item: sequence([name, COLON, value]), ...rest }));
  return sequence([literal('{'), list(members, COMMA, more), literal('}')]);
}

/** By depth: a schema may have hundreds of thousands of places of which it says nothing. */
const anyValues: Expression[] = [];

/** Any value, with arrays and objects within each other to a depth. */
export function anyValue(depth: number): Expression {
  const inner = depth === 0 ? alternatives([]) : anyValue(depth - 1);
  return (anyValues[depth] ??= alternatives([
    stringOfLength(),
    number(),
    boolean,
    nullValue,
    array([{ item: inner, optional: true }], true),
    object([{ name: stringOfLength(), value: inner, optional: true }], true),
  ]));
}
