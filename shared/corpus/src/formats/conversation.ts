/** @file Conversations: lists of turns, as chat data sets have them, put into one text by a template. */

import { UserError } from '@arrowsmith/errors';

/** How a conversation becomes a text. */
export interface Conversation {
  /** A turn, with `{role}` and `{content}` in the places of its parts. */
  turn: string;
  /** What stands between two turns. */
  between: string;
}

/**
 * The text of a conversation. A turn names who speaks in `role` or `from`, and what is said in `content` or `value` (OpenAI's
 * and ShareGPT's names); content is a string, null (a turn that says nothing and is left out), or a list of parts of which
 * those with a `text` count.
 *
 * @param where place of the record, for messages
 * @throws {UserError} for what is not a list of such turns
 */
export function conversationText(value: unknown, { turn, between }: Conversation, where: string): string {
  if (!Array.isArray(value)) throw notTurns(where, `a value of type ${typeof value}`);
  const turns = value.flatMap((item: unknown, index) => {
    const { role, content } = partsOf(item, `${where}, turn ${index + 1}`);
    if (content === '') return [];
    return [turn.replace(/\{(role|content)\}/g, (_, part) => (part === 'role' ? role : content))];
  });
  return turns.join(between);
}

function partsOf(item: unknown, where: string): { role: string; content: string } {
  if (typeof item !== 'object' || item === null) throw notTurns(where, `a value of type ${typeof item}`);
  const role = own(item, 'role') ?? own(item, 'from');
  const content = own(item, 'content') ?? own(item, 'value') ?? '';
  const text =
    typeof content === 'string' ? content : Array.isArray(content) ? content.map(textOfPart).join('') : undefined;
  if (typeof role === 'string' && text !== undefined) return { role, content: text };
  throw notTurns(where, typeof role === 'string' ? 'content that is no text' : 'no role');
}

const own = (item: object, name: string): unknown =>
  Object.hasOwn(item, name) ? (item as Record<string, unknown>)[name] : undefined;

function textOfPart(part: unknown): string {
  if (typeof part === 'string') return part;
  const text = typeof part === 'object' && part !== null ? own(part, 'text') : undefined;
  return typeof text === 'string' ? text : '';
}

function notTurns(where: string, found: string): UserError {
  return new UserError({
    what: `${where}: not a conversation`,
    expected: 'a list of turns, each an object with role and content (or from and value)',
    found,
    fix: 'set the field of the source to the one that holds the turns, or leave conversation out if it holds text',
  });
}
