/** @file `nx run pipeline:export`: the model of a run, or in a folder, as files that other programs load; what the stage does, without a pipeline. */
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { print, printError, UserError } from '@arrowsmith/errors';
import {
  EXPORT_FORMATS,
  exportModel,
  modelCard,
  PRECISIONS,
  type Exported,
  type ExportFormat,
  type ModelCard,
  type Written,
} from '@arrowsmith/export';
import { checkTemplate } from '@arrowsmith/export/chat-template';
import { unusedOption } from '@arrowsmith/export/unused-options';
import { readChatTemplate } from '@arrowsmith/generation';
import { flag, main, readOptions, startProgress, text } from '@arrowsmith/pipeline/cli';
import type { Workspace } from '@arrowsmith/pipeline';
import { checkPush, type Pushed, pushToHub } from '@arrowsmith/export/push';
import { modelCardInputs } from '@arrowsmith/runs/model-card';
import { openExported } from '../exported-model.ts';
import { findAsked } from './find-model.ts';
import { type NamedModel, modelOptions, oneModel } from './model-options.ts';

await main(async (workspace, signal) => {
  const options = readOptions({
    name: 'export',
    description:
      'Writes a model and its tokenizer as files that other programs load; docs/export.md has what each format holds. The stage of the same name does it within a pipeline.',
    options: {
      format: text(`One of ${EXPORT_FORMATS.join(', ')}.`, 'format', 'huggingface'),
      precision: text(
        `How matrices are stored: ${PRECISIONS.gguf.join(', ')} in GGUF; ${PRECISIONS.huggingface.join(', ')} in Hugging Face’s; ${PRECISIONS.llama2c.join(', ')} in llama2.c’s; GGUF’s and int8 in a web page.`,
        'precision',
        'f32; in GGUF and a web page as the model’s are',
      ),
      name: text('What the model is called in the files.', 'name', 'its family and number of parameters'),
      chatTemplate: text('A file with the template of conversations, Jinja or a tokenizer_config.json.', 'file'),
      output: text('The folder, which is new or empty.', 'folder', 'artifacts/exports/<name>-<format>'),
      shardSize: text('How large a file of weights of a Hugging Face folder may be: 500MB, 2GB.', 'size', '5GB'),
      push: text(
        'A repository of the Hugging Face hub that the files are uploaded to, with HF_TOKEN.',
        '<owner>/<name>',
      ),
      overwrite: flag('Write over a repository that has files.'),
      private: flag('Make a repository that is not there a private one.'),
      ...modelOptions,
    },
    example: '--format=gguf --precision=Q8_0',
  });
  const format = readFormat(options.format);
  refuseUnused({ ...options, format });
  if (options.push !== undefined) checkPush(options.push);
  const { exported, known } = await find(workspace, oneModel(options));
  const chatTemplate =
    options.chatTemplate === undefined
      ? exported.chatTemplate
      : await readTemplate(workspace.root, options.chatTemplate);
  const parent = resolve(workspace.root, options.output === undefined ? 'artifacts/exports' : dirname(options.output));
  await mkdir(parent, { recursive: true });
  const folder = join(parent, `.export-${process.pid}`); // a temporary one would be nobody else's
  await mkdir(folder, { recursive: true });
  try {
    const { precision, name, shardSize } = options;
    const written = await exportModel(folder, { ...exported, chatTemplate }, { format, precision, name, shardSize });
    if (format === 'huggingface') {
      const { config, tokenizer, endOfText } = exported;
      const tokens = tokenizer.vocabulary.length;
      const card = modelCard({ ...written, config, tokens, endOfText, ...known });
      await writeFile(join(folder, 'README.md'), card);
    }
    const own = `${written.name.replaceAll(/[^\w.-]+/g, '-')}-${format}`;
    const output = options.output === undefined ? join(parent, own) : resolve(workspace.root, options.output);
    await refuseFilled(output);
    // First, so that the same command can be run again where the upload fails.
    const uploaded =
      options.push === undefined ? undefined : await upload(folder, options.push, written, options, signal);
    await place(folder, output);
    const files = (await readdir(output)).sort();
    print(`${written.name} as ${written.architecture}, ${written.precision}: ${relative(workspace.root, output)}`);
    for (const file of files) print(`  ${file}`);
    if (written.mixed !== undefined) print(`  ${written.mixed}`);
    for (const notice of written.notices ?? []) printError(`notice: ${notice}`);
    if (uploaded !== undefined) print(`uploaded to ${uploaded.url}, commit ${uploaded.commit.slice(0, 12)}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

/** @throws UserError for a format that there is not */
function readFormat(asked: string | undefined): ExportFormat {
  if (asked === undefined) return 'huggingface';
  const format = EXPORT_FORMATS.find((each) => each === asked);
  if (format !== undefined) return format;
  throw new UserError({
    what: `there is no format ${asked}`,
    expected: `one of ${EXPORT_FORMATS.join(', ')}`,
    found: asked,
    fix: 'npx arrowsmith export --help',
  });
}

/** @throws UserError for an option that would change nothing */
function refuseUnused(options: Parameters<typeof unusedOption>[0]): void {
  const unused = unusedOption(options);
  if (unused === undefined) return;
  const { option, why } = unused;
  throw new UserError({
    what: `--${option} does nothing here`,
    expected: why,
    found: `--${option}, --format=${options.format}${options.push === undefined ? ', no --push' : ''}`,
    fix: `leave --${option} out`,
  });
}

/** @throws UserError for a file without a template, or with one that is not understood */
async function readTemplate(root: string, file: string): Promise<string> {
  const { source } = await readChatTemplate(resolve(root, file));
  checkTemplate(source, file);
  return source;
}

/** The model that is asked for, and what its run knows of it. */
async function find(workspace: Workspace, asked: NamedModel): Promise<{ exported: Exported; known: Known }> {
  const { files, run, step } = await findAsked(workspace, asked);
  const nothing = { facts: [], measured: [], provenance: [], steps: undefined };
  if (run === undefined || step === undefined) return { exported: await openExported(files), known: nothing };
  const steps = run.steps[step]?.metadata['steps'];
  const known = { ...(await modelCardInputs(workspace, run, step)), steps };
  return { exported: await openExported(files), known };
}

type Known = Pick<ModelCard, 'facts' | 'measured' | 'provenance' | 'steps'>;

/** Uploads the files of a folder, and shows how far that is. */
async function upload(
  folder: string,
  repository: string,
  { name, architecture, precision }: Written,
  { overwrite, private: isPrivate }: { overwrite?: boolean | undefined; private?: boolean | undefined },
  signal: AbortSignal,
): Promise<Pushed> {
  const bar = startProgress(`upload ${repository}`, { total: 100, unit: '%' }, process.stderr);
  const title = `${name}: ${architecture}, ${precision}`;
  const onProgress = (share: number) => bar.update(Math.floor(100 * share));
  const pushed = await pushToHub({ folder, repository, overwrite, isPrivate, title, signal, onProgress });
  bar.end();
  return pushed;
}

/** @throws UserError where there is something that would be lost */
async function refuseFilled(output: string): Promise<void> {
  const there = await readdir(output).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    if (error.code === 'ENOTDIR') return ['a file'];
    throw error;
  });
  if (there.length > 0) {
    throw new UserError({
      what: 'the folder for the export is not empty',
      where: output,
      expected: 'a new folder, or an empty one',
      found: there.slice(0, 8).join(', '),
      fix: 'name another by --output, or remove it',
    });
  }
}

/** Puts a folder in its place, whole: one that is empty, or not there. */
async function place(folder: string, output: string): Promise<void> {
  await rm(output, { recursive: true, force: true });
  await rename(folder, output);
}
