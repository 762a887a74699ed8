/** @file The little language in which stories are written: choices, slots and articles, compiled once, rendered often. */

/**
 * A compiled template. In the source text
 *
 * * `[red|blue|green]` is a choice of one of the alternatives, which may nest, may be empty and may span paragraphs;
 *   `?[red|blue]` is such a choice or, half of the time, nothing;
 * * `{toy}` is the `name` of the row that plays the role `toy`, `{toy.sound}` another field of it;
 *   `{Toy}` and `{toy.Sound}` begin with a capital letter; `{he}`, `{him}`, `{his}` and `{himself}` are the hero's;
 * * `{a}` is the article that the next word needs, "a" or "an", and `{A}` is "A" or "An";
 * * a line break is a space, or nothing next to `[`, `|` and `]`; a blank line separates paragraphs.
 */
export type Template = string | Sequence | Choice | Slot;

interface Sequence {
  readonly type: 'sequence';
  readonly parts: readonly Template[];
}

interface Choice {
  readonly type: 'choice';
  readonly options: readonly Template[];
}

/** A reference to a field of the row that plays a role in the story. */
export interface Slot {
  readonly type: 'slot';
  readonly role: string;
  readonly field: string;
  readonly capital: boolean;
}

/** What rendering needs to know of the story that is being told. */
export interface Teller {
  /** The template of a role's field. */
  lookup(role: string, field: string): Template;
  /** A uniformly random integer in [0, n). */
  below(n: number): number;
}

/** Stands after an article whose form depends on the word that follows; {@link finish} replaces it. */
const ARTICLE = '~';

/** Text without marks; a question mark is one only before a bracket. */
const PLAIN = /(?:[^[\]{}|?]|\?(?!\[))+/y;

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
    .replace(/\n/g, ' ')
    .replace(/\f/g, '\n\n');
  let at = 0;
  const fail = (problem: string): never => {
    throw new Error(`${problem} at "${text.slice(Math.max(0, at - 40), at + 20)}"`);
  };

  function sequence(depth: number): Template {
    const parts: Template[] = [];
    const literal = (piece: string) => {
      const last = parts.at(-1);
      if (typeof last === 'string') parts[parts.length - 1] = last + piece;
      else if (piece !== '') parts.push(piece);
    };
    while (at < text.length) {
      PLAIN.lastIndex = at;
      const plain = PLAIN.exec(text)?.[0];
      if (plain !== undefined) {
        literal(plain);
        at += plain.length;
        continue;
      }
      const mark = text[at];
      if (mark === '?') {
        at += 1;
        parts.push({ type: 'choice', options: ['', choice(depth + 1)] });
      } else if (mark === '[') {
        parts.push(choice(depth + 1));
      } else if (mark === '{') {
        const close = text.indexOf('}', at);
        if (close < 0) fail('a slot is not closed');
        const name = text.slice(at + 1, close);
        at = close + 1;
        if (name === 'a' || name === 'A') literal(name + ARTICLE);
        else parts.push(slot(name));
      } else if (mark === '}' || depth === 0) {
        fail(`"${mark}" without its beginning`);
      } else {
        break;
      }
    }
    return parts.length === 0 ? '' : parts.length === 1 ? parts[0]! : { type: 'sequence', parts };
  }

  function choice(depth: number): Choice {
    const options: Template[] = [];
    do {
      at += 1;
      options.push(sequence(depth));
    } while (text[at] === '|');
    if (text[at] !== ']') fail('a choice is not closed');
    at += 1;
    return { type: 'choice', options };
  }

  function slot(name: string): Slot {
    const match = /^(?<role>[A-Za-z]\w*)(?:\.(?<field>\w+))?$/.exec(name);
    if (!match) return fail(`"{${name}}" is not a slot`);
    const role = uncapitalize(match.groups?.role ?? '');
    const field = uncapitalize(match.groups?.field ?? 'name');
    const capital = /(^|\.)[A-Z]/.test(name);
    return ['he', 'him', 'his', 'himself'].includes(role)
      ? { type: 'slot', role: 'hero', field: role, capital }
      : { type: 'slot', role, field, capital };
  }

  return sequence(0);
}

function uncapitalize(word: string): string {
  return word.charAt(0).toLowerCase() + word.slice(1);
}

/** Render a template in the state of a story; {@link finish} makes the result fit to be read. */
export function render(template: Template, teller: Teller): string {
  if (typeof template === 'string') return template;
  switch (template.type) {
    case 'sequence': {
      let text = '';
      for (const part of template.parts) text += typeof part === 'string' ? part : render(part, teller);
      return text;
    }
    case 'choice':
      return render(template.options[teller.below(template.options.length)]!, teller);
    case 'slot': {
      const text = render(teller.lookup(template.role, template.field), teller);
      return template.capital ? text.charAt(0).toUpperCase() + text.slice(1) : text;
    }
  }
}

/** Give the articles their form and remove the spaces that empty alternatives left behind. */
export function finish(text: string): string {
  return text
    .replace(/~(?= (?:[aeio]|u(?!ni|se)|hour|honest))/gi, 'n')
    .replace(/~/g, '')
    .replace(/ +(?=[ .,!?])/g, '')
    .replace(/ ?\n\n ?/g, '\n\n')
    .trim();
}

/** The slots and choices directly and indirectly inside a template, for checks of what is written. */
export function* walk(template: Template): Generator<Slot | Choice> {
  if (typeof template === 'string') return;
  if (template.type === 'sequence') {
    for (const part of template.parts) yield* walk(part);
    return;
  }
  yield template;
  if (template.type === 'choice') for (const option of template.options) yield* walk(option);
}
