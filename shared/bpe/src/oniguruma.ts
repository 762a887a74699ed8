/**
 * @file Regular expressions of tokenizer.json files, which Hugging Face's tokenizers give to Oniguruma (its Ruby syntax), for
 * JavaScript. What may differ in meaning, or take time that grows exponentially with the text, is refused.
 */

/** A construct that is not translated; `found` says which. */
export class UnsupportedRegex extends Error {
  readonly found: string;

  constructor(found: string) {
    super(found);
    this.found = found;
  }
}

/** General categories by their short names; long names and other properties are asked of the engine. */
const CATEGORY = /^(?:C[cfno]?|L[lmotu]?|M[cen]?|N[dlo]?|P[cdefios]?|S[ckmo]?|Z[lps]?)$/;
const LONG_CATEGORY = /^(?:Letter|Mark|Number|Punctuation|Symbol|Separator)$/;
/** Oniguruma's \s and \d are these properties; its \w has no join controls. */
const SHORTHANDS: Readonly<Record<string, string>> = {
  s: '\\p{White_Space}',
  S: '\\P{White_Space}',
  d: '\\p{Nd}',
  D: '\\P{Nd}',
  w: '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}]',
  W: '[^\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}]',
};
/** Outside of a class, Oniguruma's \w has ² ³ ¹ ¼ ½ ¾, too. */
const LATIN1_NUMBERS = '\\xb2\\xb3\\xb9\\xbc-\\xbe';
const CONTROLS: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, a: 7, e: 27 };
/** Letters that fold to several others together (ß is ss): Oniguruma finds these, too. */
const FOLD_TOGETHER = /ff|fi|fl|ss|st/;
/** Parts of a pattern; published ones have some hundreds. A bound on the depth keeps the stack small. */
const LONGEST = 10_000;
const DEEPEST = 50;
/** Parts in succession that each may take any number of characters: time grows with that power of a text's length. */
const MOST_REPEATS = 4;
/** Optional parts and alternatives in succession, as a power of two: without a bound, time grows exponentially with their number. */
const MOST_CHOICES = 16;

/**
 * The same pattern for JavaScript, with flags `v` and those given.
 *
 * @throws UnsupportedRegex
 */
export function fromOniguruma(pattern: string, flags = 'g'): RegExp {
  if (pattern.length > LONGEST) throw new UnsupportedRegex(`a pattern of ${pattern.length} characters`);
  const source = translate(pattern);
  try {
    return new RegExp(source, `${flags}v`);
  } catch {
    throw new UnsupportedRegex('a pattern that is not well-formed');
  }
}

/** A translated part. */
interface Part {
  source: string;
  /** It takes any number of characters. */
  repeats: boolean;
  /** Ways in which it can take the same text, as a power of two. */
  choices: number;
  /** The letter it stands for, for {@link FOLD_TOGETHER}; another character where it stands for none. */
  literal: string;
}

function translate(pattern: string): string {
  const characters = Array.from(pattern);
  let at = 0;
  let atomicGroups = 0;

  const peek = (text: string): boolean => text === characters.slice(at, at + text.length).join('');
  const take = (text: string): boolean => {
    if (!peek(text)) return false;
    at += text.length;
    return true;
  };
  const expect = (text: string): void => {
    if (!take(text)) throw new UnsupportedRegex(`a pattern without the ${text} that is expected at character ${at}`);
  };

  /** Alternatives up to `)` or the end. */
  function alternatives(ignoreCase: boolean, behind: boolean, depth: number): Omit<Part, 'literal'> {
    if (depth > DEEPEST) throw new UnsupportedRegex('groups within groups, too deep');
    const sources: string[] = [];
    let repeats = false;
    let choices = 0;
    do {
      const parts: Part[] = [];
      while (at < characters.length && !peek('|') && !peek(')')) parts.push(quantified(ignoreCase, behind, depth));
      const count = parts.filter((part) => part.repeats).length;
      if (count > MOST_REPEATS) throw new UnsupportedRegex(`more than ${MOST_REPEATS} repetitions in succession`);
      if (ignoreCase && FOLD_TOGETHER.test(parts.map((part) => part.literal).join(''))) {
        throw new UnsupportedRegex('letters that fold together, such as "ss", where case does not matter');
      }
      repeats ||= count > 0;
      choices = Math.max(
        choices,
        parts.reduce((sum, part) => sum + part.choices, 0),
      );
      if (choices > MOST_CHOICES) throw new UnsupportedRegex('too many optional parts and alternatives in succession');
      sources.push(parts.map(({ source }) => source).join(''));
    } while (take('|'));
    // The outermost alternatives are tried once.
    if (depth > 0) choices += Math.log2(sources.length);
    return { source: sources.join('|'), repeats, choices };
  }

  function quantified(ignoreCase: boolean, behind: boolean, depth: number): Part {
    const isGroup = peek('(');
    const part = atom(ignoreCase, behind, depth);
    const quantifier = takeQuantifier();
    if (quantifier === undefined) return part;
    const { text, least, most, possessive } = quantifier;
    const unbounded = most > 16;
    if (takeQuantifier() !== undefined) throw new UnsupportedRegex('a repetition of a repetition');
    // Within a repetition, more than one way to take the same characters makes exponentially many.
    if (isGroup && (unbounded || (part.repeats && text !== '?'))) throw new UnsupportedRegex('a repeated group');
    const source = `${part.source}${text}`;
    if (possessive && behind) throw new UnsupportedRegex('a possessive repetition in a lookbehind');
    return {
      source: possessive ? atomic(source) : source,
      repeats: unbounded || part.repeats,
      choices:
        unbounded || least === most ? part.choices * (isGroup ? most : 1) : (part.choices + 1) * (isGroup ? most : 1),
      literal: '\0',
    };
  }

  function takeQuantifier(): { text: string; least: number; most: number; possessive: boolean } | undefined {
    for (const text of ['?', '*', '+']) {
      if (!take(text)) continue;
      const suffix = take('?') ? '?' : '';
      const possessive = suffix === '' && take('+');
      return { text: text + suffix, least: text === '+' ? 1 : 0, most: text === '?' ? 1 : Infinity, possessive };
    }
    const braces = /^\{(\d*)(,?)(\d*)\}/.exec(characters.slice(at, at + 24).join(''));
    if (braces === null) {
      if (peek('{')) throw new UnsupportedRegex('a brace that is no repetition');
      return undefined;
    }
    const [all, from = '', comma = '', to = ''] = braces;
    at += all.length;
    if (from === '' && to === '') throw new UnsupportedRegex(`the repetition ${all}`);
    const [least, most] = [Number(from), comma === '' ? Number(from) : to === '' ? Infinity : Number(to)];
    if (least > most || least > 1000 || (most > 1000 && most !== Infinity) || peek('?') || peek('+')) {
      throw new UnsupportedRegex(`the repetition ${all}`);
    }
    const text = `{${least}${comma}${most === Infinity || comma === '' ? '' : most}}`;
    return { text, least, most, possessive: false };
  }

  /** JavaScript has no atomic groups: a lookahead is one, and what it found is taken by a reference to it. */
  function atomic(source: string): string {
    const name = `atomic${atomicGroups++}`;
    return `(?:(?=(?<${name}>${source}))\\k<${name}>)`;
  }

  function atom(ignoreCase: boolean, behind: boolean, depth: number): Part {
    const plain = (source: string): Part => ({ source, repeats: false, choices: 0, literal: '\0' });
    if (take('(')) return group(ignoreCase, behind, depth);
    if (take('[')) return plain(characterClass(ignoreCase, depth));
    if (take('.')) return plain('[^\\n]');
    if (take('\\')) {
      const escaped = escape();
      if (typeof escaped === 'string') {
        if (ignoreCase) throw new UnsupportedRegex('a class of characters where case does not matter');
        if (escaped === SHORTHANDS['w']) return plain(`[${escaped}${LATIN1_NUMBERS}]`);
        if (escaped === SHORTHANDS['W']) return plain(`[${escaped}--[${LATIN1_NUMBERS}]]`);
        return plain(escaped);
      }
      return literal(escaped, ignoreCase);
    }
    const character = characters[at]!;
    if ('^$*+?{'.includes(character)) throw new UnsupportedRegex(`${character} at character ${at}`);
    at++;
    return literal(character.codePointAt(0)!, ignoreCase);
  }

  function literal(codePoint: number, ignoreCase: boolean): Part {
    const text = String.fromCodePoint(codePoint).toLowerCase();
    return {
      source: ignoreCase ? `[${folded(codePoint)}]` : code(codePoint),
      repeats: false,
      choices: 0,
      literal: text,
    };
  }

  function group(ignoreCase: boolean, behind: boolean, depth: number): Part {
    const kind = ['?:', '?=', '?!', '?<=', '?<!', '?>', '?i:'].find(take) ?? '';
    if (kind === '' && peek('?')) {
      throw new UnsupportedRegex(`the group (${characters.slice(at, at + 4).join('')}...`);
    }
    const isBehind = behind || kind.startsWith('?<');
    const { source, repeats, choices } = alternatives(ignoreCase || kind === '?i:', isBehind, depth + 1);
    expect(')');
    if (kind === '?>') {
      if (isBehind) throw new UnsupportedRegex('an atomic group in a lookbehind');
      return { source: atomic(source), repeats, choices, literal: '\0' };
    }
    const opening = kind.startsWith('?') && kind !== '?i:' ? kind : '?:';
    return { source: `(${opening}${source})`, repeats, choices, literal: '\0' };
  }

  /** What follows a backslash: a code point, or the source of a class. */
  function escape(): number | string {
    const character = characters[at++];
    if (character === undefined) throw new UnsupportedRegex('a backslash at the end');
    if (Object.hasOwn(SHORTHANDS, character)) return SHORTHANDS[character]!;
    if (Object.hasOwn(CONTROLS, character)) return CONTROLS[character]!;
    if (character === 'p' || character === 'P') return property(character === 'P');
    if (character === 'u' || character === 'x') {
      const rest = characters.slice(at, at + 10).join('');
      const digits = (character === 'u' ? /^([\da-fA-F]{4})/ : /^(?:\{([\da-fA-F]{1,6})\}|([\da-fA-F]{2}))/).exec(rest);
      const codePoint = Number.parseInt(digits?.[1] ?? digits?.[2] ?? 'none', 16);
      // In Oniguruma \xff is a byte of UTF-8.
      const isByte = digits?.[2] !== undefined && codePoint > 0x7f;
      if (digits === null || isByte || codePoint > 0x10ffff || (codePoint >= 0xd800 && codePoint < 0xe000)) {
        throw new UnsupportedRegex(`\\${character}${rest.slice(0, 4)}`);
      }
      at += digits[0].length;
      return codePoint;
    }
    if (/[\da-zA-Z]/.test(character)) throw new UnsupportedRegex(`\\${character}`);
    return character.codePointAt(0)!;
  }

  function property(negated: boolean): string {
    expect('{');
    const negatedAgain = take('^');
    const end = characters.indexOf('}', at);
    const name = end < 0 ? '' : characters.slice(at, end).join('');
    const known =
      CATEGORY.test(name) || LONG_CATEGORY.test(name) ? name : isScript(name) ? `Script=${name}` : undefined;
    if (known === undefined) throw new UnsupportedRegex(`the property \\p{${name.slice(0, 40)}}`);
    at = end + 1;
    return `\\${negated === negatedAgain ? 'p' : 'P'}{${known}}`;
  }

  /** What follows `[`: a union of its items, or the intersection of several such. */
  function characterClass(ignoreCase: boolean, depth: number): string {
    if (depth > DEEPEST) throw new UnsupportedRegex('classes within classes, too deep');
    const negated = take('^');
    const unions: string[] = [];
    let union = '';
    if (peek(']')) throw new UnsupportedRegex('an empty class');
    while (!take(']')) {
      if (at >= characters.length) throw new UnsupportedRegex('a class without its ]');
      if (take('&&')) {
        if (union === '') throw new UnsupportedRegex('an empty intersection');
        unions.push(`[${union}]`);
        union = '';
      } else union += classItem(ignoreCase, depth);
    }
    if (unions.length > 0 && union === '') throw new UnsupportedRegex('an empty intersection');
    const source = unions.length === 0 ? union : [...unions, `[${union}]`].join('&&');
    return `[${negated ? '^' : ''}${source}]`;
  }

  function classItem(ignoreCase: boolean, depth: number): string {
    if (peek('[:')) throw new UnsupportedRegex('a POSIX class');
    if (take('[')) return characterClass(ignoreCase, depth + 1);
    const first = classCharacter();
    if (typeof first === 'string') {
      if (ignoreCase) throw new UnsupportedRegex('a class of characters where case does not matter');
      return first;
    }
    const isRange = peek('-') && !peek('-]') && !peek('-&&') && !peek('-[');
    if (!isRange) return ignoreCase ? folded(first) : code(first);
    at++;
    const last = classCharacter();
    if (typeof last === 'string' || last < first) throw new UnsupportedRegex('a range of characters without an end');
    if (ignoreCase) throw new UnsupportedRegex('a range of characters where case does not matter');
    return `${code(first)}-${code(last)}`;
  }

  function classCharacter(): number | string {
    if (take('\\')) return escape();
    const character = characters[at++];
    if (character === undefined) throw new UnsupportedRegex('a class without its ]');
    return character.codePointAt(0)!;
  }

  const { source } = alternatives(false, false, 0);
  if (at < characters.length) throw new UnsupportedRegex(`a parenthesis that nothing opens, at character ${at}`);
  return source;
}

/** A code point, so that it has no other meaning in a pattern. */
function code(codePoint: number): string {
  return `\\u{${codePoint.toString(16)}}`;
}

/** All that a character is equal to where case does not matter. Of letters only the English ones, whose folding is simple. */
function folded(codePoint: number): string {
  const character = String.fromCodePoint(codePoint);
  if (/[^\p{L}\p{M}\p{N}\p{S}]|(?![a-zA-Z])[\0-\x7f]/u.test(character)) return code(codePoint);
  if (!/[a-zA-Z]/.test(character)) throw new UnsupportedRegex(`"${character}" where case does not matter`);
  const others = { s: '\\u{17f}', k: '\\u{212a}' }[character.toLowerCase()] ?? '';
  return code(character.toLowerCase().charCodeAt(0)) + code(character.toUpperCase().charCodeAt(0)) + others;
}

function isScript(name: string): boolean {
  if (!/^[A-Z][a-z]{2,}(?:_[A-Z][a-z]+)*$/.test(name)) return false;
  try {
    new RegExp(`\\p{Script=${name}}`, 'u').test('');
    return true;
  } catch {
    return false;
  }
}
