/** @file How a story refers to its people: by name, or by a pronoun where it is clear whom it means. */

import type { RandomBelow } from './random.ts';
import { capitalize, type Case } from './template.ts';

/** What the text needs to know of somebody; what is no person has no pronouns. */
export interface Person {
  readonly name: string;
  /** Such as "girl" or "rabbit". */
  readonly kind: string | undefined;
  readonly he: string | undefined;
  readonly him: string | undefined;
  readonly his: string | undefined;
}

/**
 * What has been said so far, as far as pronouns depend on it. A pronoun is clear when the last person mentioned whom it may
 * mean is the one it shall mean; a new paragraph begins with names.
 */
export interface Discourse {
  /** The role mentioned last, by the pronoun of who plays it. */
  readonly last: Map<string, string>;
  /** How often each role was mentioned. */
  readonly mentions: Map<string, number>;
  /** The role that spoke last. */
  speaker: string | undefined;
}

/** Notes a mention of the person in this role. */
export function mention({ last, mentions }: Discourse, role: string, he: string | undefined): void {
  if (he === undefined) return;
  last.set(he, role);
  mentions.set(role, (mentions.get(role) ?? 0) + 1);
}

/** How a sentence about what happens next may begin. */
// prettier-ignore
const NEXT = ['then', 'then', 'now', 'so', 'at once', 'without a word,', 'a moment later,', 'after that,', 'full of hope,', 'right away,', 'next,',
  'a little later,', 'with a sigh,', 'and so'];

/**
 * A clear way of mentioning a person, and notes the mention.
 *
 * @param isOnlyOne whether no other person of the story is of this kind, so that "the girl" can only be one
 */
export function refer(
  discourse: Discourse,
  role: string,
  person: Person,
  grammaticalCase: Case,
  below: RandomBelow,
  isOnlyOne: (kind: string) => boolean,
): string {
  const { he } = person;
  const isClear = he !== undefined && discourse.last.get(he) === role;
  if (grammaticalCase === 'then') return nextClause(isClear ? he : person.name, below);
  if (grammaticalCase === 'n' && below(2) === 0) {
    const next = NEXT[below(NEXT.length)]!;
    return `${next} ${refer(discourse, role, person, 's', below, isOnlyOne)}`;
  }
  const known = discourse.mentions.get(role) ?? 0;
  mention(discourse, role, he);
  if (isClear && below(8) > 0) {
    return grammaticalCase === 'o' ? person.him! : grammaticalCase === 'p' ? person.his! : he;
  }
  const { kind } = person;
  const named = kind !== undefined && known > 2 && below(6) === 0 && isOnlyOne(kind) ? `the ${kind}` : person.name;
  return grammaticalCase === 'p' ? `${named}'s` : named;
}

/** What stands between two clauses with the same subject. */
function nextClause(subject: string, below: RandomBelow): string {
  switch (below(5)) {
    case 0:
      return `. ${capitalize(subject)}`;
    case 1:
      return `. Then ${subject}`;
    case 2:
      return ' and then';
    default:
      return ' and';
  }
}
