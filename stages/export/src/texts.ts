/** @file What the artifact of a tokenizer says of texts: what begins and ends them, and how conversations are written. */
import { readJsonObject } from '@arrowsmith/errors';
import type { Exported } from '@arrowsmith/export';
import type { InputArtifact } from '@arrowsmith/pipeline/stage';

/** @throws UserError where its tokenizer_config.json is damaged */
export async function readTexts(
  tokenizer: InputArtifact,
): Promise<Pick<Exported, 'endOfText' | 'beginOfText' | 'endTokens' | 'chatTemplate'>> {
  const { endOfText = '', beginOfText, endTokens } = tokenizer.metadata;
  return {
    endOfText: String(endOfText),
    ...(beginOfText === undefined ? {} : { beginOfText: String(beginOfText) }),
    endTokens: typeof endTokens === 'string' ? (JSON.parse(endTokens) as string[]) : [],
    chatTemplate: tokenizer.has('tokenizer_config.json')
      ? await templateIn(await tokenizer.file('tokenizer_config.json'))
      : undefined,
  };
}

async function templateIn(path: string): Promise<string | undefined> {
  const { chat_template: template } = await readJsonObject(path, {
    what: 'the template of conversations cannot be read',
    expected: 'a JSON object, as the stage `import` writes it',
    fix: 'run the step of the tokenizer again',
  });
  return typeof template === 'string' ? template : undefined;
}
