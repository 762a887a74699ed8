/** @file `nx run pipeline:chat`: a conversation with the model of a run, or a story that both write. */
import { randomInt } from 'node:crypto';
import { printPart } from '@arrowsmith/errors';
import { main, readOptions, text } from '@arrowsmith/pipeline/cli';
import { ChatSession } from '../chat/chat-session.ts';
import { describeDrafts } from '../describe-texts.ts';
import { chatInput } from './chat-input.ts';
import { WrittenSettings } from './chat-settings.ts';
import { converse } from './converse.ts';
import { engineOptions, readEngine } from './engine-options.ts';
import { loadAsked, modelOptions } from './model-options.ts';
import { readSampling, samplingOptions } from './sampling-options.ts';
import { INTERRUPTED, printNote, SEEDS, whenOutputEnds } from './terminal.ts';

await main(async (workspace, signal) => {
  const options = readOptions({
    name: 'chat',
    description:
      'A conversation with a model, by its chat template; with a model that has none, as those that write stories, what you type is continued. Lines that begin with a slash are commands: /help.',
    options: {
      ...modelOptions,
      ...engineOptions,
      ...samplingOptions,
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
    system,
    ...sampling
  } = options;
  const engine = readEngine({ cache, cachePrecision, contextLength, activations, draft, draftTokens });
  readSampling(sampling); // what is wrong is told before a model is loaded
  whenOutputEnds();
  const model = await loadAsked({ run, pipeline, model: asked, folder, ...engine }, workspace.root, 1);
  if (signal.aborted) process.exit(INTERRUPTED);
  const thinks = model.thinkingTags !== undefined;
  const settings = new WrittenSettings({ seed: String(randomInt(SEEDS)), ...sampling }, thinks);
  const session = new ChatSession(model, settings.read(), { system });
  printNote(`${model.name}; context of ${model.contextLength} tokens; ${greeting(session)}; /help, Ctrl-D ends`);
  const input = chatInput('> ');
  signal.addEventListener('abort', () => input.close());
  await converse(input, { session, settings, tell: printNote, put: printPart }, signal);
  if (draft !== undefined) printNote(describeDrafts(model.state().drafts));
  if (signal.aborted) process.exit(INTERRUPTED);
});

function greeting({ isStory }: ChatSession): string {
  return isStory ? 'it continues what you type, and goes on at an empty line' : 'it answers';
}
