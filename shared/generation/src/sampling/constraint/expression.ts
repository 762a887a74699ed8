/** @file Regular languages over characters, as trees: what regular expressions and JSON schemas are translated to. */

/** Code points from `first` to `last`; surrogates among them do not count. */
export type CodePoints = readonly [first: number, last: number];

/** A set of texts. */
export type Expression =
  /** One character. */
  | { readonly kind: 'characters'; readonly ranges: readonly CodePoints[] }
  /** One part behind the other; without parts, the empty text. */
  | { readonly kind: 'sequence'; readonly parts: readonly Expression[] }
  /** Any of them; without options, no text at all. */
  | { readonly kind: 'alternatives'; readonly options: readonly Expression[] }
  | { readonly kind: 'repeat'; readonly item: Expression; readonly least: number; readonly most: number }
  /** Members in their order with separators between those that are there. */
  | {
      readonly kind: 'list';
      readonly members: readonly Member[];
      readonly separator: Expression;
      /** The last member may be there any number of times. */
      readonly more: boolean;
    };

/** A member of a list. */
export interface Member {
  readonly item: Expression;
  readonly optional: boolean;
}

/** The empty text. */
export const EMPTY: Expression = { kind: 'sequence', parts: [] };

/**
 * No text at all. The functions below leave it out of what they make, so that only it itself has no text: from every place in
 * any other expression there is a way to an end.
 */
export const NEVER: Expression = { kind: 'alternatives', options: [] };

/** One character of ranges, of which those of surrogates alone have none. */
export function characters(ranges: readonly CodePoints[]): Expression {
  const some = ranges.filter(([first, last]) => first < 0xd800 || last > 0xdfff);
  return some.length === 0 ? NEVER : { kind: 'characters', ranges: some };
}

/** A text as it is. */
export function literal(text: string): Expression {
  return sequence(
    Array.from(text, (character) => {
      const codePoint = character.codePointAt(0) ?? 0;
      return characters([[codePoint, codePoint]]);
    }),
  );
}

/** One behind the other. */
export function sequence(parts: readonly Expression[]): Expression {
  if (parts.includes(NEVER)) return NEVER;
  const [only, another] = parts;
  return only !== undefined && another === undefined ? only : { kind: 'sequence', parts };
}

/** Any of them. */
export function alternatives(options: readonly Expression[]): Expression {
  const some = options.filter((each) => each !== NEVER);
  const [only, another] = some;
  if (only === undefined) return NEVER;
  return another === undefined ? only : { kind: 'alternatives', options: some };
}

/** `least` to `most` times, of which the latter may be Infinity. */
export function repeat(item: Expression, least: number, most: number): Expression {
  if (item === NEVER) return least === 0 ? EMPTY : NEVER;
  return { kind: 'repeat', item, least, most };
}

/** There or not. */
export function optional(item: Expression): Expression {
  return repeat(item, 0, 1);
}

/** Members with separators between them. */
export function list(members: readonly Member[], separator: Expression, more = false): Expression {
  if (members.some((each) => each.item === NEVER && !each.optional)) return NEVER;
  const last = members.at(-1);
  return {
    kind: 'list',
    members: members.filter(({ item }) => item !== NEVER),
    separator,
    more: more && last !== undefined && last.item !== NEVER,
  };
}

/** The expression with something else in the place of each of its characters. */
export function mapCharacters(
  expression: Expression,
  change: (ranges: readonly CodePoints[]) => Expression,
): Expression {
  const changed = (each: Expression) => mapCharacters(each, change);
  switch (expression.kind) {
    case 'characters':
      return change(expression.ranges);
    case 'sequence':
      return sequence(expression.parts.map(changed));
    case 'alternatives':
      return alternatives(expression.options.map(changed));
    case 'repeat':
      return repeat(changed(expression.item), expression.least, expression.most);
    case 'list':
      return list(
        expression.members.map((member) => ({ ...member, item: changed(member.item) })),
        changed(expression.separator),
        expression.more,
      );
  }
}
