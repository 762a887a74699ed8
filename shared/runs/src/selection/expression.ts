/**
 * @file The language of `--where`: conditions on the fields of a run.
 *
 *     or         = and { ("or" | "||") and }
 *     and        = not { ("and" | "&&") not }
 *     not        = ("not" | "!") not | comparison
 *     comparison = "(" or ")" | operand [ operator operand ]
 *     operator   = "<" | "<=" | ">" | ">=" | "=" | "==" | "!=" | "~"
 *     operand    = field | number | text in quotes | "true" | "false"
 *
 * `~` asks whether a text contains another, whatever the case. A field alone asks whether it is there and not false, 0 or empty. A comparison with
 * what a run does not have is false; times are compared as text, which for ISO 8601 is their order.
 */
import { UserError } from '@arrowsmith/errors';
import type { FieldValue } from './fields.ts';

/** Gives the value of a field; undefined where there is none. */
export type Lookup = (path: string) => FieldValue | undefined;

export interface Condition {
  /** Fields that it asks for, and where they stand in the text. */
  fields: { path: string; at: number }[];
  holds(lookup: Lookup): boolean;
}

type Operand = (lookup: Lookup) => FieldValue | undefined;
type Test = (lookup: Lookup) => boolean;

interface Token {
  kind: 'field' | 'value' | 'operator' | 'and' | 'or' | 'not' | '(' | ')' | 'end';
  text: string;
  at: number;
  value?: FieldValue;
}

const TOKEN =
  /\s*(?:(?<number>-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?(?![\w.]))|(?<quoted>"[^"]*"|'[^']*')|(?<operator><=|>=|==|!=|[<>=~])|(?<and>&&|and\b)|(?<or>\|\||or\b)|(?<not>!|not\b)|(?<bracket>[()])|(?<word>[a-z][\w-]*(?:\.[\w-]+)*))/iy;

const OPERATORS: Record<string, (a: FieldValue, b: FieldValue) => boolean> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '=': (a, b) => a === b,
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '~': (a, b) => String(a).toLowerCase().includes(String(b).toLowerCase()),
};

/**
 * Reads a condition.
 * @throws UserError pointing at the position that is not understood
 */
export function parseCondition(text: string): Condition {
  const tokens = tokenize(text);
  const fields: Condition['fields'] = [];
  let next = 0;
  const peek = (): Token => tokens[next]!;
  const take = (kind: Token['kind']): Token | undefined => (peek().kind === kind ? tokens[next++] : undefined);
  const fail = (expected: string): never => {
    throw syntaxError(text, peek().at, expected, peek().kind === 'end' ? 'the end' : peek().text);
  };

  function or(): Test {
    const tests = [and()];
    while (take('or')) tests.push(and());
    return tests.length === 1 ? tests[0]! : (lookup) => tests.some((test) => test(lookup));
  }
  function and(): Test {
    const tests = [not()];
    while (take('and')) tests.push(not());
    return tests.length === 1 ? tests[0]! : (lookup) => tests.every((test) => test(lookup));
  }
  function not(): Test {
    if (!take('not')) return comparison();
    const test = not();
    return (lookup) => !test(lookup);
  }
  function comparison(): Test {
    if (take('(')) {
      const test = or();
      if (!take(')')) fail('")", "and" or "or"');
      return test;
    }
    const left = operand();
    const operator = take('operator');
    if (operator === undefined) return (lookup) => Boolean(left(lookup));
    const right = operand();
    const compare = OPERATORS[operator.text]!;
    return (lookup) => {
      const [a, b] = [left(lookup), right(lookup)];
      if (a === undefined || b === undefined) return false;
      return operator.text === '~' || typeof a === typeof b ? compare(a, b) : operator.text === '!=';
    };
  }
  function operand(): Operand {
    const value = take('value');
    if (value !== undefined) return () => value.value;
    const field = take('field') ?? fail('a field (metrics.bitsPerByte), a number or a text in quotes');
    fields.push({ path: field.text, at: field.at });
    return (lookup) => lookup(field.text);
  }

  const test = or();
  if (peek().kind !== 'end') fail('an operator (< <= > >= = != ~), "and", "or" or the end');
  return { fields, holds: test };
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (text.slice(at).trim() !== '') {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    const start = at + /^\s*/.exec(text.slice(at))![0].length;
    if (match === null) {
      const quote = /["']/.test(text[start]!);
      throw syntaxError(
        text,
        start,
        quote ? 'a closing quote' : 'a field, a number, a text in quotes or an operator',
        text.slice(start, start + 12),
      );
    }
    tokens.push(tokenOf(match.groups!, match[0].trim(), start));
    at = TOKEN.lastIndex;
  }
  return [...tokens, { kind: 'end', text: '', at: text.length }];
}

function tokenOf(groups: Record<string, string | undefined>, text: string, at: number): Token {
  if (groups['number'] !== undefined) return { kind: 'value', text, at, value: Number(text) };
  if (groups['quoted'] !== undefined) return { kind: 'value', text, at, value: text.slice(1, -1) };
  if (groups['bracket'] !== undefined) return { kind: text as '(' | ')', text, at };
  if (text === 'true' || text === 'false') return { kind: 'value', text, at, value: text === 'true' };
  const kind = (['operator', 'and', 'or', 'not'] as const).find((name) => groups[name] !== undefined);
  return { kind: kind ?? 'field', text, at };
}

/** @param at position in the text, which is shown with a mark below it */
export function syntaxError(text: string, at: number, expected: string, found: string): UserError {
  return new UserError({
    what: `--where is not understood at character ${at + 1}\n  ${text}\n  ${' '.repeat(at)}^`,
    expected,
    found,
    fix: `for example --where="metrics.bitsPerByte < 1 and train.steps >= 200 and not name ~ 'try'"`,
  });
}
