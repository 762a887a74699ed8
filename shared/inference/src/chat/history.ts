/** @file What was said so far, as the tokens that a model continues: by its chat template, or as one text that both write. */
import type { TextModel } from '@arrowsmith/generation';
import type { ChatTemplate, Message } from './chat-template.ts';

/** What somebody said, and what the model made of it. */
export interface Turn {
  said: string;
  answer: string;
  /** Ids of the answer. */
  tokens: readonly number[];
  /** The model ended it, so that a story is at its end. */
  isEnded: boolean;
}

/** Turns as tokens and as text. */
export interface History {
  /**
   * The tokens behind which the model goes on.
   *
   * @param turns the last without an answer yet
   * @param hidden how much is left out at the beginning: turns of a conversation, tokens of a story
   */
  prompt(turns: readonly Turn[], hidden: number): number[];
  /** How much to leave out, more than before, for a prompt of this many tokens; the last turn stays. */
  hide(turns: readonly Turn[], hidden: number, mostTokens: number): number;
  /** What is said as it is put behind the turns. */
  joined(turns: readonly Turn[], said: string): string;
  /** All of it, for a file. */
  text(turns: readonly Turn[]): string;
}

/** Messages in a template, which says with what they begin; or, where it has no special tokens, behind the token that texts begin with. */
export function templateHistory(
  model: TextModel,
  template: ChatTemplate,
  {
    system,
    thinks = () => true,
    allowSpecial = true,
  }: { system?: string | undefined; thinks?: () => boolean; allowSpecial?: boolean } = {},
): History {
  const begin = allowSpecial ? [] : [model.beginOfText];
  const messagesOf = (turns: readonly Turn[]): Message[] => [
    ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
    ...turns.flatMap(({ said, answer }, i): Message[] => [
      { role: 'user', content: said },
      ...(i === turns.length - 1 && answer === '' ? [] : [{ role: 'assistant' as const, content: answer }]),
    ]),
  ];
  const prompt: History['prompt'] = (turns, hidden) => {
    const text = template(messagesOf(turns.slice(hidden)), { thinks: thinks() });
    return [...begin, ...model.encode(text, { allowSpecial })];
  };
  return {
    prompt,
    hide(turns, hidden, mostTokens) {
      let more = hidden;
      while (more < turns.length - 1 && prompt(turns, more).length > mostTokens) more++;
      return more;
    },
    joined: (_, said) => said,
    text: (turns) =>
      messagesOf(turns)
        .map(({ role, content }) => `${role}: ${content}\n\n`)
        .join(''),
  };
}

/** One text, to which who types and the model add in turn. A story that the model has ended is followed by another. */
export function storyHistory(model: TextModel): History {
  const { beginOfText } = model;
  /** All stories, and where the last one begins. */
  function tokensOf(turns: readonly Turn[]): { ids: number[]; from: number } {
    const ids = [beginOfText];
    let from = 0;
    for (const [i, { said, tokens, isEnded }] of turns.entries()) {
      ids.push(...model.encode(said), ...tokens);
      if (!isEnded || i === turns.length - 1) continue;
      from = ids.length;
      ids.push(beginOfText);
    }
    return { ids, from };
  }
  return {
    prompt(turns, hidden) {
      const { ids, from } = tokensOf(turns);
      return ids.slice(Math.max(from, hidden));
    },
    hide: (turns, hidden, mostTokens) => Math.max(hidden, tokensOf(turns).ids.length - mostTokens),
    joined(turns, said) {
      const last = turns.at(-1);
      const before = last === undefined || last.isEnded ? '' : last.answer || last.said;
      return before === '' || said === '' || /\s$/.test(before) || /^[\s.,:;!?'’”)]/.test(said) ? said : ` ${said}`;
    },
    text: (turns) => turns.map(({ said, answer, isEnded }) => `${said}${answer}${isEnded ? '\n\n' : ''}`).join(''),
  };
}
