/** @file A conversation, line by line: what is typed is answered, and commands are done. */
import { UserError } from '@arrowsmith/errors';
import type { Answer, ChatSession } from '../chat/chat-session.ts';
import { type CommandContext, isCommand, runCommand } from './chat-commands.ts';
import type { ChatInput } from './chat-input.ts';

/** What is said to the model goes out here, what is said of it by `tell`. */
export interface ConversationContext extends CommandContext {
  put(piece: string): void;
}

/** Answers lines and does commands until there are no more, or the signal says so. */
export async function converse(input: ChatInput, context: ConversationContext, signal: AbortSignal): Promise<void> {
  for (let line = await input.next(); line !== undefined && !signal.aborted; line = await input.next()) {
    try {
      if (isCommand(line)) {
        if (await runCommand(line, context)) continue;
        input.close();
        return;
      }
      if (line.trim() === '' && (!context.session.isStory || context.session.turns.length === 0)) continue;
      await answer(line.replace(/^\/\//, '/'), input, context, signal);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      context.tell(error.message);
    }
  }
}

/** Shows an answer as it comes, until it ends or Ctrl-C stops it. */
async function answer(
  line: string,
  input: ChatInput,
  { session, tell, put }: ConversationContext,
  ended: AbortSignal,
): Promise<void> {
  const controller = new AbortController();
  const given = session.say(line, AbortSignal.any([controller.signal, ended]));
  if (given.leftOut > 0) tell(leftOut(given, session));
  await input.during(
    () => controller.abort(),
    async () => {
      if (session.isStory && !input.isTerminal) put(given.said); // in a terminal it stands there
      try {
        for await (const piece of given.pieces) put(piece);
      } catch (error) {
        if (!controller.signal.aborted && !ended.aborted) throw error;
      }
      put('\n');
    },
  );
  const note = noteOf(given, session);
  if (note !== undefined) tell(note);
}

function leftOut({ leftOut: count }: Answer, { isStory }: ChatSession): string {
  if (isStory) return `the context does not hold all of the story: ${count} tokens of its beginning are left out`;
  const turns = count === 1 ? 'the oldest turn is' : `the ${count} oldest turns are`;
  return `the context does not hold all of the conversation: ${turns} left out`;
}

/** What ended an answer, where a person should know. */
function noteOf({ generation }: Answer, { isStory }: ChatSession): string | undefined {
  const { finishReason } = generation.soFar;
  if (finishReason === undefined || finishReason === 'cancelled') return 'stopped';
  if (finishReason === 'context') return `the context is full${isStory ? '; an empty line goes on' : ''}`;
  if (finishReason === 'length') return `as long as asked for${isStory ? '; an empty line goes on' : ''}`;
  return isStory && finishReason === 'model' ? 'the end; what you type begins another story' : undefined;
}
