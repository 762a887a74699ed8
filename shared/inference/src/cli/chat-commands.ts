/** @file Commands of a conversation: lines that begin with a slash. */
import { writeFile } from 'node:fs/promises';
import { nearest, UserError } from '@arrowsmith/errors';
import type { ChatSession } from '../chat/chat-session.ts';
import type { WrittenSettings } from './chat-settings.ts';

export interface CommandContext {
  session: ChatSession;
  settings: WrittenSettings;
  /** Tells something that is no part of the conversation. */
  tell(text: string): void;
}

interface ChatCommand {
  words: string;
  summary: string;
  /** @param words what follows the command, in one piece @returns whether the conversation goes on */
  run(context: CommandContext, words: string): boolean | Promise<boolean>;
}

const COMMANDS: Readonly<Record<string, ChatCommand>> = {
  set: {
    words: '<setting> [value]',
    summary: 'changes how it answers: /set temperature 0.7; without a value: the default',
    run({ session, settings, tell }, words) {
      const [name = '', value] = split(words);
      settings.set(name, value);
      session.settings = settings.read();
      tell(`${name}: ${settings.list().find(([each]) => each.toLowerCase() === name.toLowerCase())?.[1] ?? 'set'}`);
      return true;
    },
  },
  settings: {
    words: '',
    summary: 'how it answers now',
    run({ settings, tell }) {
      const width = Math.max(...settings.list().map(([name]) => name.length));
      tell(settings.list().map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')); // prettier-ignore
      return true;
    },
  },
  reset: {
    words: '',
    summary: 'forgets all that was said',
    run({ session, tell }) {
      session.reset();
      tell('begun anew');
      return true;
    },
  },
  undo: {
    words: '',
    summary: 'takes back what you said last, and the answer',
    run({ session, tell }) {
      tell(session.undo() ? 'taken back' : 'nothing was said yet');
      return true;
    },
  },
  save: {
    words: '<file>',
    summary: 'writes all that was said to a file',
    async run({ session, tell }, file) {
      await save(file, session.text());
      tell(`written to ${file}`);
      return true;
    },
  },
  help: {
    words: '',
    summary: 'this',
    run({ session, tell }) {
      tell(help(session));
      return true;
    },
  },
  exit: { words: '', summary: 'ends the conversation; so does Ctrl-D', run: () => false },
};

/** A command, if a line is one. Two slashes begin text that begins with one. */
export const isCommand = (line: string): boolean => /^\/(?!\/)/.test(line);

/**
 * Does what a line says.
 *
 * @returns whether the conversation goes on
 * @throws UserError for an unknown command, and what it cannot do
 */
export async function runCommand(line: string, context: CommandContext): Promise<boolean> {
  const [name = '', words = ''] = split(line.slice(1));
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command !== undefined) return command.run(context, words);
  const [near] = nearest(name, Object.keys(COMMANDS));
  throw new UserError({
    what: `there is no command /${name}`,
    expected: Object.keys(COMMANDS).map((each) => `/${each}`).join(' '), // prettier-ignore
    found: line,
    fix: near === undefined ? '/help tells what they do; // begins text with a slash' : `did you mean /${near}?`,
  });
}

/** What can be done. */
function help({ isStory }: ChatSession): string {
  const heads = Object.entries(COMMANDS).map(([name, { words }]) => `/${name}${words === '' ? '' : ` ${words}`}`);
  const width = Math.max(...heads.map((head) => head.length));
  const about = Object.values(COMMANDS).map(({ summary }, i) => `${heads[i]?.padEnd(width)}  ${summary}`);
  return [
    isStory ? 'What you type is continued; an empty line lets the story go on.' : 'What you type is answered.',
    'Ctrl-C stops the answer.',
    '',
    ...about,
  ].join('\n');
}

/** The first word, and what follows it. */
function split(words: string): [first: string, rest: string | undefined] {
  const [, first = '', rest = ''] = /^(\S*)\s*([^]*)$/.exec(words.trim()) ?? [];
  return [first, rest === '' ? undefined : rest];
}

async function save(file: string, text: string): Promise<void> {
  try {
    if (file === '') throw new Error('no name of a file');
    await writeFile(file, `${text.trimEnd()}\n`);
  } catch (cause) {
    throw new UserError(
      {
        what: 'the conversation is not written',
        expected: '/save and a file in a folder that there is',
        found: (cause as Error).message,
        fix: 'for example /save conversation.txt',
      },
      { cause },
    );
  }
}
