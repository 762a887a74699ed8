/** @file How documents lie in the files of a source, and which of them are held out for validation: parameters that all sources of files have. */
import * as z from 'zod';

export const layout = {
  format: z
    .enum(['text', 'raw', 'jsonl', 'json', 'csv', 'tsv', 'parquet'])
    .optional()
    .describe(
      'how documents lie in the files; without it, as their names and content say. text: UTF-8; raw: the same of files that look like another format; jsonl and json: an object per line, or an array of objects; csv and tsv: a table with a header; parquet: a row per document. All but parquet may be compressed (.gz, .zst)',
    ),
  separator: z
    .string()
    .min(1)
    .optional()
    .describe('text only: what stands between two documents, e.g. <|endoftext|>; without it each file is one document'),
  invalidUtf8: z
    .enum(['fail', 'replace'])
    .optional()
    .describe(
      'bytes that are not UTF-8: stop and say where (fail, the default), or put U+FFFD in their place and say how often',
    ),
  licence: z.string().min(1).optional().describe('licence of the text, for its data card, e.g. CC0-1.0'),
  field: z
    .string()
    .min(1)
    .optional()
    .describe(
      'json, csv, parquet: the field or column that holds the text (text by default, messages for conversations); data.text is the field text of the object in data',
    ),
  delimiter: z
    .string()
    .refine((text) => text.length === 1 && text <= '~' && !'"\n\r'.includes(text), {
      message: 'expected one character, such as ; or |',
    })
    .optional()
    .describe('csv only: what stands between two cells (a comma by default)'),
  conversation: z
    .strictObject({
      turn: z
        .string()
        .refine((turn) => turn.includes('{content}'), { message: 'expected {content} in it' })
        .default('{role}: {content}')
        .describe('a turn as text, e.g. <|im_start|>{role}\\n{content}<|im_end|>'),
      between: z.string().default('\n\n').describe('what stands between two turns'),
    })
    .optional()
    .describe(
      'json and parquet: the field holds the turns of a conversation, each with role and content; how they become a text',
    ),
  validationShare: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.1)
    .describe('share of the documents held out for validation, used where no validation file is named'),
};

/** What is read of it. */
export type Layout = Omit<z.infer<z.ZodObject<typeof layout>>, 'licence'>;

/** To refine a schema with a layout. */
export function separatorOnlyInText({ format, separator }: Partial<Pick<Layout, 'format' | 'separator'>>): boolean {
  return separator === undefined || ['text', 'raw', undefined].includes(format);
}

export const separatorIssue = { path: ['separator'], message: 'a separator is for the format text only' };
