/** @file Regular expressions, a subset of JavaScript's, as expressions of this folder. */
import { UserError } from '@arrowsmith/errors';
import { classRanges, isKnownClass } from './character-classes.ts';
import { alternatives, characters, EMPTY, type Expression, literal, repeat, sequence } from './expression.ts';
import { checkLevels, StateLimit } from './state-limit.ts';

/** How many states could be made while JavaScript finds the characters of a class, or of one with a Unicode property. */
const CLASS_STATES = 500;
const PROPERTY_STATES = 5000;

/**
 * The texts that a regular expression matches as a whole, written in JavaScript's syntax with the flag `u`: literals, escapes, classes,
 * Unicode properties, groups of any name, alternatives, and quantifiers, of which lazy ones mean the same. `^` may stand at the beginning
 * and `$` at the end of the whole or of one of its outermost alternatives, and changes nothing there.
 *
 * @throws UserError where it is no regular expression, or has look-around, backreferences, word boundaries or flags of groups, or is larger than the limit
 */
export function regularExpression(source: string, limit: StateLimit = new StateLimit()): Expression {
  return alternatives(parse(source, limit).map(({ expression }) => expression));
}

/**
 * The texts in which a regular expression matches anywhere, as `pattern` in a JSON schema means it: where there is no `^`, anything may
 * come before, and where there is no `$`, behind.
 *
 * @throws UserError as {@link regularExpression} does
 */
export function regularExpressionWithin(source: string, limit: StateLimit = new StateLimit()): Expression {
  const anything = repeat(characters([[0, 0x10ffff]]), 0, Infinity);
  return alternatives(
    parse(source, limit).map(({ expression, fromStart, toEnd }) =>
      sequence([fromStart ? EMPTY : anything, expression, toEnd ? EMPTY : anything]),
    ),
  );
}

/** One of the outermost alternatives, and whether it is anchored. */
interface Alternative {
  expression: Expression;
  fromStart: boolean;
  toEnd: boolean;
}

const CONTROLS: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f', v: '\v', 0: '\0' };

/** What classes, quantifiers and escapes of code points are written as. */
const CLASS = /\[(?:\\.|[^\]\\])*\]|\\[dDwWsS]|\\[pP]\{[^}]*\}|\./suy;
const QUANTIFIER = /(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/uy;
const SURROGATE_PAIR = /\\u([dD][89abAB][\da-fA-F]{2})\\u([dD][c-fC-F][\da-fA-F]{2})/uy;
const CODE_POINT = /\\x([\da-fA-F]{2})|\\u([\da-fA-F]{4})|\\u\{([\da-fA-F]+)\}/uy;

function parse(source: string, limit: StateLimit): Alternative[] {
  checkSyntax(source);
  let at = 0;
  let groups = 0; // around what stands here

  /** Takes what stands here, if it does. */
  function take(text: string): boolean {
    if (!source.startsWith(text, at)) return false;
    at += text.length;
    return true;
  }

  function match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = at;
    const found = pattern.exec(source);
    if (found !== null) at += found[0].length;
    return found;
  }

  function refuse(what: string): never {
    throw new UserError({
      what: `the regular expression has ${what}, which output cannot be made to follow`,
      where: `character ${at + 1} of ${source}`,
      expected: 'literals, classes, groups, alternatives and quantifiers',
      fix: 'write it without',
    });
  }

  /** Alternatives up to the end, or to the end of a group. */
  function parseAlternatives(outermost: boolean): Alternative[] {
    const found: Alternative[] = [];
    do {
      const fromStart = outermost && take('^');
      const parts: Expression[] = [];
      while (!atEndOfAlternative(outermost)) parts.push(quantified(atom()));
      found.push({ expression: sequence(parts), fromStart, toEnd: outermost && take('$') });
    } while (take('|'));
    return found;
  }

  function atEndOfAlternative(outermost: boolean): boolean {
    const rest = source.slice(at, at + 2);
    return /^(?:[|)]|$)/u.test(rest) || (outermost && /^\$(?:\||$)/u.test(rest));
  }

  function quantified(item: Expression): Expression {
    const found = match(QUANTIFIER);
    if (found === null) return item;
    const [, sign, least = '', comma, most = ''] = found;
    if (sign === '*') return repeat(item, 0, Infinity);
    if (sign === '+') return repeat(item, 1, Infinity);
    if (sign === '?') return repeat(item, 0, 1);
    return repeat(item, Number(least), comma === '' ? Number(least) : most === '' ? Infinity : Number(most));
  }

  function atom(): Expression {
    limit.spend(1);
    if (/[\^$]/u.test(source.charAt(at))) refuse('an anchor within');
    if (/^\(\?<?[=!]/u.test(source.slice(at, at + 4))) refuse('a look-around');
    if (take('(')) {
      if (match(/\?(?::|<[^>]*>)/uy) === null && source.charAt(at) === '?') refuse('flags of a group');
      checkLevels(++groups);
      const inner = parseAlternatives(false).map(({ expression }) => expression);
      take(')');
      groups--;
      return alternatives(inner);
    }
    const found = match(CLASS);
    if (found !== null) {
      if (!isKnownClass(found[0])) limit.spend(/\\p/i.test(found[0]) ? PROPERTY_STATES : CLASS_STATES);
      return characters(classRanges(found[0]));
    }
    return source.charAt(at) === '\\' ? escape() : oneCharacter();
  }

  function escape(): Expression {
    const kind = source.charAt(at + 1);
    if (kind === 'b' || kind === 'B') refuse('a word boundary');
    if (kind === 'k' || (kind >= '1' && kind <= '9')) refuse('a backreference');
    const control = match(/\\c(\w)/uy);
    if (control !== null) return literal(String.fromCharCode((control[1]?.charCodeAt(0) ?? 0) % 32));
    const codePoint = parseCodePoint();
    if (codePoint !== undefined) return characters([[codePoint, codePoint]]);
    at += 1;
    const named = CONTROLS[kind];
    if (named === undefined) return oneCharacter();
    at += 1;
    return literal(named);
  }

  /** `\x41`, `\u0041`, `\u{1F600}`, `\ud83d\ude00`. */
  function parseCodePoint(): number | undefined {
    const [, high, low] = match(SURROGATE_PAIR) ?? [];
    if (high !== undefined && low !== undefined) {
      return String.fromCharCode(parseInt(high, 16), parseInt(low, 16)).codePointAt(0);
    }
    const hex = match(CODE_POINT)
      ?.slice(1)
      .find((each) => each !== undefined);
    return hex === undefined ? undefined : parseInt(hex, 16);
  }

  function oneCharacter(): Expression {
    const character = String.fromCodePoint(source.codePointAt(at) ?? 0);
    at += character.length;
    return literal(character);
  }

  return parseAlternatives(true);
}

/** @throws UserError with what JavaScript says of it */
function checkSyntax(source: string): void {
  try {
    RegExp(source, 'u');
  } catch (error) {
    throw new UserError(
      {
        what: 'this is no regular expression',
        where: source,
        expected: "JavaScript's syntax, with the flag u",
        found: error instanceof Error ? error.message : String(error),
        fix: 'put a backslash before what stands for itself, such as \\( or \\.',
      },
      { cause: error },
    );
  }
}
