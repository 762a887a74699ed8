/** @file Options of an export that would change nothing: whoever gives one believes that it does. */
import type { ExportFormat } from './formats.ts';

/** The options that only some exports read. */
interface Options {
  format: ExportFormat;
  shardSize?: string | undefined;
  chatTemplate?: string | undefined;
  push?: string | undefined;
  overwrite?: boolean | undefined;
  private?: boolean | undefined;
}

/** An option that does nothing beside the others, and why. */
export interface UnusedOption {
  option: 'shardSize' | 'chatTemplate' | 'overwrite' | 'private';
  why: string;
}

/** The first option that does nothing; undefined where there is none. */
export function unusedOption(options: Options): UnusedOption | undefined {
  const { format, shardSize, chatTemplate, push } = options;
  if (shardSize !== undefined && format !== 'huggingface')
    return {
      option: 'shardSize',
      why: `the format ${format} has its weights in one file; huggingface may have several`,
    };
  if (chatTemplate !== undefined && (format === 'llama2c' || format === 'web'))
    return { option: 'chatTemplate', why: `the format ${format} holds no template; huggingface and gguf do` };
  for (const option of ['overwrite', 'private'] as const)
    if (options[option] === true && push === undefined)
      return { option, why: 'it is of the repository that push names, and none is named' };
  return undefined;
}
