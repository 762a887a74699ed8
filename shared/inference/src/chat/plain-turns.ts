/** @file Conversations as training texts have them that `conversation` of a corpus makes: who speaks, a colon, what was said. */
import type { Message } from './chat-template.ts';

/** Between two turns. */
const BETWEEN = '\n\n';

/** Up to where the assistant goes on. A model writes a space behind the colon, which is no part of what it said. */
export const plainTurns = (messages: readonly Message[]): string =>
  [...messages.map(({ role, content }) => `${role}: ${content.trim()}`), 'assistant:'].join(BETWEEN);

/** Strings that end an answer: where the next turn would begin. */
export const PLAIN_STOPS: readonly string[] = ['system', 'developer', 'user', 'assistant'].map(
  (role) => `${BETWEEN}${role}:`,
);
