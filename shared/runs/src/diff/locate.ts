/** @file Where an artifact lies that a command line names: a path, or a stage of a run. */
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { blobPath, manifestSchema } from '@arrowsmith/artifacts/store';
import { UserError } from '@arrowsmith/errors';
import { readRunManifest, rerun } from '../artifact-reader.ts';
import { type ReferenceContext, resolveReferences } from '../selection/references.ts';

/** Files of an artifact by name. */
export interface LocatedArtifact {
  asked: string;
  files: ReadonlyMap<string, string>;
  /** Where the files around a single file are, e.g. the vocabulary beside merges. */
  beside: ReadonlyMap<string, string>;
}

/**
 * Finds an artifact: `artifacts/tinystories/train`, `artifacts/tinystories/train/weights.arrow`, `latest:train`, `latest~1:train/weights.arrow`.
 * @throws UserError when there is no such path, run, stage or file, or the store lost it
 */
export async function locateArtifact(asked: string, context: ReferenceContext): Promise<LocatedArtifact> {
  const path = resolve(context.workspace.root, asked);
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() === true) {
    const files = await filesIn(path);
    if (files.size > 0) return { asked, files, beside: files };
  }
  if (found?.isFile() === true) {
    const beside = await filesIn(dirname(path));
    return { asked, files: new Map([[basename(path), path]]), beside };
  }
  const match = /^(.+):([\w-]+)(?:\/(.+))?$/.exec(asked);
  if (match === null) throw noArtifact(asked, context.workspace.root);
  const [, reference = '', stage = '', file] = match;
  return ofRun(asked, { reference, stage, file }, context);
}

/** The files that a manifest names, or all Arrow files of a folder without one. */
async function filesIn(folder: string): Promise<Map<string, string>> {
  const text = await readFile(join(folder, 'manifest.json'), 'utf8').catch(() => undefined);
  const manifest = text === undefined ? undefined : manifestSchema.safeParse(JSON.parse(text)).data;
  const names = manifest
    ? Object.keys(manifest.files)
    : (await readdir(folder)).filter((name) => name.endsWith('.arrow'));
  return new Map(names.sort().map((name) => [name, join(folder, name)]));
}

async function ofRun(
  asked: string,
  { reference, stage, file }: { reference: string; stage: string; file: string | undefined },
  context: ReferenceContext,
): Promise<LocatedArtifact> {
  const [{ run }] = (await resolveReferences([reference], context)) as [
    Awaited<ReturnType<typeof resolveReferences>>[0],
  ];
  if (run.stages[stage] === undefined) {
    throw new UserError({
      what: `run ${run.id} has no stage ${stage}`,
      where: asked,
      expected: `one of ${Object.keys(run.stages).join(', ')}`,
      fix: 'check the spelling, or choose another run',
    });
  }
  const manifest = await readRunManifest(context.workspace, run, stage);
  if (manifest === undefined) {
    throw new UserError({
      what: `the artifact of ${stage} of run ${run.id} is no longer in the store`,
      where: blobPath(context.workspace.store, run.stages[stage].manifest),
      found: 'no such files (deleted, or removed by garbage collection)',
      fix: `with the parameters of that run, ${rerun(run, stage)} makes it again; npx nx run pipeline:compare still compares parameters, metrics and digests`,
    });
  }
  const all = new Map(
    Object.entries(manifest.files).map(([name, { sha256 }]) => [name, blobPath(context.workspace.store, sha256)]),
  );
  if (file === undefined) return { asked, files: all, beside: all };
  const path = all.get(file);
  if (path !== undefined) return { asked, files: new Map([[file, path]]), beside: all };
  throw new UserError({
    what: `the artifact of ${stage} has no file ${file}`,
    where: asked,
    expected: `one of ${[...all.keys()].join(', ')}`,
    fix: 'check the spelling',
  });
}

function noArtifact(asked: string, root: string): UserError {
  const folder = dirname(resolve(root, asked));
  const where = existsSync(folder) ? relative(root, folder) || '.' : root;
  return new UserError({
    what: `there is no artifact "${asked}"`,
    where,
    expected: 'the path of a file or folder, or <run>:<stage> with a file or not, such as latest:train/weights.arrow',
    fix: 'npx nx run pipeline:runs lists runs; ls artifacts/<pipeline> lists stages',
  });
}
