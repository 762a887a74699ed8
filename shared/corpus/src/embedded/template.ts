/** @file The little language in which stories are written: choices, slots, references, speech, causes; compiled once, rendered often. */

import { variantsOf } from './variants.ts';

/**
 * A compiled template. In the source text
 *
 * * `[red|blue|green]` is a choice of one of the alternatives, which may nest, may be empty and may span paragraphs;
 *   `?[red|blue]` is such a choice or, half of the time, nothing;
 * * `{toy}` is the `name` of the row that plays the role `toy`, `{toy.sound}` another field of it;
 *   `{Toy}` and `{toy.Sound}` begin with a capital letter; `{he}`, `{him}`, `{his}` and `{himself}` are the hero's;
 * * `{hero:s}` refers to a person as a subject: by name, by pronoun where it can mean nobody else, or as "the girl";
 *   `{hero:o}` does so as an object, `{hero:p}` as a possessive; `{Hero:s}` begins with a capital letter;
 * * `{Hero:n}` is a subject with which a sentence about what happens next begins: "Then she", "At once Tom";
 * * `{hero:then}` goes on with the same subject: "and", "and then", or a full stop and a new sentence;
 * * `<hero: Come here. Look!>` is direct speech, with the speaker named before, behind or between;
 *   `<hero whispered/sobbed: ...>` says by which verbs;
 * * `<because it rained; they ran home>` is a cause and an effect, in one of the orders and words for that;
 * * `{a}` is the article that the next word needs, "a" or "an", and `{A}` is "A" or "An";
 * * words that have others of the same meaning in `variants.ts` may be said in either way;
 * * a line break is a space, or nothing next to `[`, `|` and `]`; a blank line separates paragraphs.
 */
export type Template = string | Sequence | Choice | Slot | Reference | Speech | Cause | Paragraph;

interface Sequence {
  readonly type: 'sequence';
  readonly parts: readonly Template[];
}

interface Choice {
  readonly type: 'choice';
  readonly options: readonly Template[];
}

/** A field of the row that plays a role in the story. */
export interface Slot {
  readonly type: 'slot';
  readonly role: string;
  readonly field: string;
  readonly capital: boolean;
}

/** What a reference is in its sentence: subject, subject of what happens next, object, possessive, the same subject in a next clause. */
export type Case = 's' | 'n' | 'o' | 'p' | 'then';

/** A mention of a person whose form depends on who was mentioned before. */
export interface Reference {
  readonly type: 'reference';
  readonly role: string;
  readonly case: Case;
  readonly capital: boolean;
}

/** Direct speech. */
export interface Speech {
  readonly type: 'speech';
  readonly role: string;
  /** Verbs of saying; by default those that fit the punctuation. */
  readonly verbs: readonly string[];
  readonly text: Template;
}

/** Two clauses without capital letter and full stop. */
export interface Cause {
  readonly type: 'cause';
  readonly cause: Template;
  readonly effect: Template;
}

/** The blank line between two paragraphs. */
interface Paragraph {
  readonly type: 'paragraph';
}

/** Stands after an article whose form depends on the word that follows; {@link finish} replaces it. */
const ARTICLE = '~';

/** Text without marks; a question mark is one only before a bracket. */
const PLAIN = /(?:[^[\]{}|?<>;\f]|\?(?!\[))+/y;

/**
 * Compile the source of a template.
 *
 * @throws Error naming the source if its brackets or braces do not match. Templates are part of the program.
 */
export function compile(source: string): Template {
  const text = source
    .trim()
    .replace(/[ \t]*\n[ \t]*\n\s*/g, '\f')
    .replace(/\s*\n\s*/g, '\n')
    .replace(/(?<=[[|])[\n\f]|[\n\f](?=[|\]])/g, '')
    .replace(/\n/g, ' ');
  let at = 0;
  const fail = (problem: string): never => {
    throw new Error(`${problem} at "${text.slice(Math.max(0, at - 40), at + 20)}"`);
  };

  /** Reads up to one of the marks that end it, or to the end of the source where none may. */
  function sequence(ends: string): Template {
    const parts: Template[] = [];
    const vary = (plain: string) => {
      for (const piece of variantsOf(plain)) {
        if (typeof piece === 'string') literal(piece);
        else parts.push({ type: 'choice', options: piece });
      }
    };
    const literal = (piece: string) => {
      const last = parts.at(-1);
      if (typeof last === 'string') parts[parts.length - 1] = last + piece;
      else if (piece !== '') parts.push(piece);
    };
    while (at < text.length) {
      PLAIN.lastIndex = at;
      const plain = PLAIN.exec(text)?.[0];
      if (plain !== undefined) {
        vary(plain);
        at += plain.length;
        continue;
      }
      const mark = text[at]!;
      if (ends.includes(mark)) break;
      if (mark === '?') {
        at += 1;
        parts.push({ type: 'choice', options: ['', choice()] });
      } else if (mark === '[') {
        parts.push(choice());
      } else if (mark === '{') {
        const brace = text.indexOf('}', at);
        if (brace < 0) fail('a slot is not closed');
        const name = text.slice(at + 1, brace);
        at = brace + 1;
        if (name === 'a' || name === 'A') literal(name + ARTICLE);
        else parts.push(slot(name));
      } else if (mark === '<') {
        parts.push(angled());
      } else if (mark === '\f') {
        at += 1;
        parts.push({ type: 'paragraph' });
      } else {
        fail(`"${mark}" without its beginning`);
      }
    }
    return parts.length === 0 ? '' : parts.length === 1 ? parts[0]! : { type: 'sequence', parts };
  }

  function close(mark: string, what: string): void {
    if (text[at] !== mark) fail(`${what} is not closed`);
    at += 1;
  }

  function choice(): Choice {
    const options: Template[] = [];
    do {
      at += 1;
      options.push(sequence('|]'));
    } while (text[at] === '|');
    close(']', 'a choice');
    return { type: 'choice', options };
  }

  function angled(): Speech | Cause {
    const because = /<because /y;
    const speaker = /<(?<role>\w+)(?: (?<verbs>[\w /]+))?: /y;
    because.lastIndex = speaker.lastIndex = at;
    if (because.test(text)) {
      at = because.lastIndex;
      const cause = sequence(';');
      close(';', 'a cause');
      const effect = sequence('>');
      close('>', 'an effect');
      return { type: 'cause', cause, effect: typeof effect === 'string' ? effect.trimStart() : trimmed(effect) };
    }
    const match = speaker.exec(text);
    if (!match) return fail('neither speech nor a cause');
    at = speaker.lastIndex;
    const spoken = sequence('>');
    close('>', 'speech');
    return { type: 'speech', role: match.groups!.role!, verbs: match.groups!.verbs?.split('/') ?? [], text: spoken };
  }

  function slot(name: string): Slot | Reference {
    const reference = /^(?<role>[A-Za-z]\w*):(?<case>s|n|o|p|then)$/.exec(name);
    if (reference) {
      const { role, case: grammaticalCase } = reference.groups as { role: string; case: Case };
      return { type: 'reference', role: uncapitalize(role), case: grammaticalCase, capital: /^[A-Z]/.test(role) };
    }
    const match = /^(?<role>[A-Za-z]\w*)(?:\.(?<field>\w+))?$/.exec(name);
    if (!match) return fail(`"{${name}}" is not a slot`);
    const role = uncapitalize(match.groups?.role ?? '');
    const field = uncapitalize(match.groups?.field ?? 'name');
    const capital = /(^|\.)[A-Z]/.test(name);
    return PRONOUNS.has(role)
      ? { type: 'slot', role: 'hero', field: role, capital }
      : { type: 'slot', role, field, capital };
  }

  const whole = sequence('');
  return whole;
}

/** Fields that are pronouns: such a slot is a mention of the person. */
export const PRONOUNS: ReadonlySet<string> = new Set(['he', 'him', 'his', 'himself']);

/** A sequence whose first literal has no space at its beginning. */
function trimmed(template: Template): Template {
  if (typeof template === 'string' || template.type !== 'sequence') return template;
  const [first, ...rest] = template.parts;
  if (typeof first !== 'string') return template;
  const start = first.trimStart();
  return { type: 'sequence', parts: start === '' ? rest : [start, ...rest] };
}

const uncapitalize = (word: string) => word.charAt(0).toLowerCase() + word.slice(1);

/** The text with a capital letter at its beginning. */
export function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What an empty alternative may leave behind, and what shall stand there. */
const SPACES = [
  ['  ', ' '],
  [' .', '.'],
  [' ,', ','],
  [' !', '!'],
  [' ?', '?'],
  [' \n', '\n'],
  ['\n ', '\n'],
] as const;

/** Give the articles their form and remove the spaces that empty alternatives left behind. */
export function finish(text: string): string {
  let finished = text;
  if (finished.includes(ARTICLE)) {
    finished = finished.replace(/~(?= (?:[aeio]|u(?!ni|se)|hour|honest))/gi, 'n').replaceAll(ARTICLE, '');
  }
  for (const [stray, right] of SPACES) {
    while (finished.includes(stray)) finished = finished.replaceAll(stray, right);
  }
  return finished.trim();
}

/** The parts directly and indirectly inside a template that are not literal, for checks of what is written. */
export function* walk(template: Template): Generator<Exclude<Template, string | Sequence | Paragraph>> {
  if (typeof template === 'string' || template.type === 'paragraph') return;
  if (template.type === 'sequence') {
    for (const part of template.parts) yield* walk(part);
    return;
  }
  yield template;
  if (template.type === 'choice') for (const option of template.options) yield* walk(option);
  if (template.type === 'speech') yield* walk(template.text);
  if (template.type === 'cause') {
    yield* walk(template.cause);
    yield* walk(template.effect);
  }
}
