/** @file `nx run pipeline:chat`: a conversation with the model of a run, or a story that both write. */
import { randomInt } from 'node:crypto';
import { resolve } from 'node:path';
import { printPart } from '@arrowsmith/errors';
import { readChatTemplate } from '@arrowsmith/generation';
import { main, readOptions, text } from '@arrowsmith/pipeline/cli';
import { type ChatOptions, ChatSession } from '../chat/chat-session.ts';
import { describeDrafts } from '../describe-texts.ts';
import { chatInput } from './chat-input.ts';
import { readThinking, WrittenSettings } from './chat-settings.ts';
import { converse } from './converse.ts';
import { engineOptions, readEngine } from './engine-options.ts';
import { loadAsked, modelOptions } from './model-options.ts';
import { readSampling, samplingOptions } from './sampling-options.ts';
import { INTERRUPTED, printNote, SEEDS, whenOutputEnds } from './terminal.ts';

await main(async (workspace, signal) => {
  const options = readOptions({
    name: 'chat',
    description:
      'A conversation with a model, by its chat template or a given one; with a model that has none, as those that write stories, what you type is continued. Lines that begin with a slash are commands: /help.',
    options: {
      ...modelOptions,
      ...engineOptions,
      ...samplingOptions,
      chatTemplate: text(
        'How a conversation is written: the file of a chat template, Jinja or the tokenizer_config.json of a model of the hub; or plain, which is role: content, with an empty line between two turns.',
        'file',
        'the model’s own; without one, what you type is continued',
      ),
      thinking: text(
        'Tokens of thought at most, or off, of models that think between tags.',
        'number',
        'as the model likes',
      ),
      system: text('What the model is told before the conversation, where it has a chat template.', 'text'),
    },
    example: '--temperature=0.7',
  });
  const {
    run,
    pipeline,
    model: asked,
    folder,
    cache,
    cachePrecision,
    contextLength,
    activations,
    draft,
    draftTokens,
    chatTemplate,
    thinking,
    system,
    ...sampling
  } = options;
  const engine = readEngine({ cache, cachePrecision, contextLength, activations, draft, draftTokens });
  readSampling(sampling); // what is wrong is told before a model is loaded
  readThinking(thinking);
  const template = await readTemplate(chatTemplate, workspace.root);
  whenOutputEnds();
  const model = await loadAsked({ run, pipeline, model: asked, folder, ...engine }, workspace.root, 1);
  if (signal.aborted) process.exit(INTERRUPTED);
  const thinks = model.thinkingTags !== undefined;
  const settings = new WrittenSettings({ seed: String(randomInt(SEEDS)), ...sampling }, thinks, thinking);
  const session = new ChatSession(model, settings.read(), { system, template });
  printNote(`${model.name}; context of ${model.contextLength} tokens; ${greeting(session)}; /help, Ctrl-D ends`);
  const input = chatInput('> ');
  signal.addEventListener('abort', () => input.close());
  await converse(input, { session, settings, tell: printNote, put: printPart }, signal);
  if (draft !== undefined) printNote(describeDrafts(model.state().drafts));
  if (signal.aborted) process.exit(INTERRUPTED);
});

/** @throws UserError where there is no template in the file */
async function readTemplate(written: string | undefined, root: string): Promise<ChatOptions['template']> {
  if (written === undefined || written === 'plain') return written;
  return readChatTemplate(resolve(root, written));
}

function greeting({ isStory }: ChatSession): string {
  return isStory ? 'it continues what you type, and goes on at an empty line' : 'it answers';
}
