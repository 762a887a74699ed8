/** @file The stage `export`: a model and its tokenizer as files that other programs load. */
import * as z from 'zod';
import { ALL_PRECISIONS, EXPORT_FORMATS, PRECISIONS, REPOSITORY_NAME, SIZE } from '@arrowsmith/export/formats';
import { unusedOption } from '@arrowsmith/export/unused-options';
import { declareStage, one, optional } from '@arrowsmith/pipeline/stage';
import type { ResolvedExport } from './resolve.ts';

const parameters = z
  .strictObject({
    format: z
      .enum(EXPORT_FORMATS)
      .default('huggingface')
      .describe(
        'huggingface: a folder for transformers, or of an adapter (`inputs: { adapter: … }`) for PEFT; gguf: a file for llama.cpp; llama2c: two files for run.c (f32) or runq.c (int8); web: a page that generates text in a browser.',
      ),
    precision: z
      .enum(ALL_PRECISIONS as [string, ...string[]])
      .optional()
      .describe(
        `How matrices are stored. huggingface: ${PRECISIONS.huggingface.join(', ')}; gguf: ${PRECISIONS.gguf.join(', ')}; llama2c: ${PRECISIONS.llama2c.join(', ')}; web: those of gguf and int8. Default: f32; of gguf and web as the model’s are stored, byte for byte.`,
      ),
    name: z
      .string()
      .min(1)
      .optional()
      .describe(
        'What the model is called in its card, in GGUF, and on its page; of an adapter, name or path of its model. Default: its family and its number of parameters; of an adapter none.',
      ),
    chatTemplate: z
      .string()
      .min(1)
      .optional()
      .describe(
        'A file with the template of conversations, from the root of the workspace: Jinja, or a tokenizer_config.json.',
      ),
    shardSize: z
      .string()
      .regex(SIZE, { error: 'must be a number and kB, MB or GB: 500MB' })
      .optional()
      .describe(
        'How large a file of weights of a Hugging Face folder may be; of more there are several, with an index. Default: 5GB.',
      ),
    push: z
      .string()
      .regex(REPOSITORY_NAME, { error: 'must be <owner>/<name>' })
      .optional()
      .describe(
        'A repository of the Hugging Face hub, <owner>/<name>, that the files are uploaded to, with the token HF_TOKEN. It is made where it is not there.',
      ),
    overwrite: z
      .boolean()
      .default(false)
      .describe('Whether a repository that has files may be written over; without it, that is refused.'),
    private: z.boolean().default(false).describe('Whether a repository that is made is private.'),
  })
  .refine(
    ({ format, precision }) => precision === undefined || (PRECISIONS[format] as readonly string[]).includes(precision),
    {
      path: ['precision'],
      error: ({ input }) => {
        const { format } = input as { format: keyof typeof PRECISIONS };
        return `must be one of ${PRECISIONS[format].join(', ')} in the format ${format}`;
      },
    },
  )
  .superRefine((asked, { addIssue }) => {
    const unused = unusedOption(asked);
    if (unused === undefined) return;
    addIssue({ code: 'custom', path: [unused.option], message: `does nothing here: ${unused.why}` });
  });

export type AskedExport = z.infer<typeof parameters>;

export default declareStage<AskedExport, ResolvedExport>({
  name: 'export',
  description:
    'Writes a model and its tokenizer as files of transformers, llama.cpp or llama2.c, or as a web page; or an adapter as PEFT’s',
  inputs: {
    model: one('model'),
    tokenizer: one('tokenizer'),
    adapter: optional('adapter'),
    measurements: optional('measurements'),
    corpus: optional('corpus'),
  },
  makes: ['files'],
  parameters,
  // The template's file may change: look again.
  cacheable: ({ chatTemplate }) => chatTemplate === undefined,
  resolve: async (asked, options) => (await import('./resolve.ts')).resolveExport(asked, options),
});
