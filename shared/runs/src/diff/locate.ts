/** @file Where an artifact lies that a command line names: a path, or a step of a run. */
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { blobPath, type FileEntry, readManifest, sha256OfFile, verifiedBlob } from '@arrowsmith/artifacts/store';
import { UserError } from '@arrowsmith/errors';
import { parseRecord } from '@arrowsmith/pipeline';
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
 * What a manifest speaks of is checked byte for byte.
 * @throws UserError when there is no such path, run, step or file, the store lost it, or it has changed since it was written
 */
export async function locateArtifact(asked: string, context: ReferenceContext): Promise<LocatedArtifact> {
  const path = resolve(context.workspace.root, asked);
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() === true) {
    const { files, entries } = await filesIn(path);
    for (const [name, entry] of entries) await verifyFile(files.get(name)!, entry);
    if (files.size > 0) return { asked, files, beside: files };
  }
  if (found?.isFile() === true) {
    // What lies around it may be anything, and matters only where it is an artifact.
    const around = await filesIn(dirname(path)).catch(() => ({
      files: new Map<string, string>(),
      entries: NO_ENTRIES,
    }));
    const entry = around.entries.get(basename(path));
    if (entry !== undefined) await verifyFile(path, entry);
    return { asked, files: new Map([[basename(path), path]]), beside: around.files };
  }
  const match = /^(.+):([\w-]+)(?:\/(.+))?$/.exec(asked);
  if (match === null) throw noArtifact(asked, context.workspace.root);
  const [, reference = '', step = '', file] = match;
  return ofRun(asked, { reference, step, file }, context);
}

const NO_ENTRIES: ReadonlyMap<string, FileEntry> = new Map();

interface Folder {
  files: Map<string, string>;
  /** What the manifest says about them, where there is one. */
  entries: ReadonlyMap<string, FileEntry>;
}

/**
 * The files that a manifest names, or all Arrow files of a folder without one.
 * @throws UserError when the manifest is none, or not the one that the record beside it names
 */
async function filesIn(folder: string): Promise<Folder> {
  const path = join(folder, 'manifest.json');
  if (!existsSync(path)) {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.arrow')).sort();
    return { files: new Map(names.map((name) => [name, join(folder, name)])), entries: NO_ENTRIES };
  }
  const manifest = await readManifest(path, REMAKE);
  const record = await readFile(join(folder, 'run.json'), 'utf8').then(parseRecord, () => undefined);
  const sha256 = await sha256OfFile(path);
  if (record !== undefined && 'run' in record && record.run.manifest !== sha256) {
    throw new UserError({
      what: 'the manifest of an artifact has changed since it was written',
      where: path,
      expected: `sha256 ${record.run.manifest}, as run.json says`,
      found: `sha256 ${sha256}`,
      fix: REMAKE,
    });
  }
  const names = Object.keys(manifest.files).sort();
  return {
    files: new Map(names.map((name) => [name, join(folder, name)])),
    entries: new Map(Object.entries(manifest.files)),
  };
}

const REMAKE = 'run the step that writes it with --skip-nx-cache, or name a single file of the folder';

/** @throws UserError when a file is not what the manifest beside it says */
async function verifyFile(path: string, { bytes, sha256 }: FileEntry): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  const actual = found?.isFile() === true && found.size === bytes ? await sha256OfFile(path) : undefined;
  if (actual === sha256) return;
  const size = found?.isFile() === true ? `${found.size} bytes` : 'no file';
  throw new UserError({
    what: `${path} is ${found === undefined ? 'missing' : 'corrupt'}`,
    expected: `${bytes} bytes with sha256 ${sha256}, as the manifest beside it says`,
    found: actual === undefined ? size : `sha256 ${actual}`,
    fix: 'run the step that writes it with --skip-nx-cache',
  });
}

async function ofRun(
  asked: string,
  { reference, step, file }: { reference: string; step: string; file: string | undefined },
  context: ReferenceContext,
): Promise<LocatedArtifact> {
  const [{ run }] = (await resolveReferences([reference], context)) as [
    Awaited<ReturnType<typeof resolveReferences>>[0],
  ];
  if (run.steps[step] === undefined) {
    throw new UserError({
      what: `run ${run.id} has no step ${step}`,
      where: asked,
      expected: `one of ${Object.keys(run.steps).join(', ')}`,
      fix: 'check the spelling, or choose another run',
    });
  }
  const manifest = await readRunManifest(context.workspace, run, step);
  if (manifest === undefined) {
    throw new UserError({
      what: `the artifact of ${step} of run ${run.id} is no longer in the store`,
      where: blobPath(context.workspace.store, run.steps[step].manifest),
      found: 'no such files, or damaged ones (deleted, cut off, or removed by garbage collection)',
      fix: `with the parameters of that run, ${rerun(run, step)} makes it again; npx nx run pipeline:compare still compares parameters, metrics and digests`,
    });
  }
  const { store } = context.workspace;
  const all = new Map(Object.entries(manifest.files).map(([name, { sha256 }]) => [name, blobPath(store, sha256)]));
  for (const [name, entry] of Object.entries(manifest.files)) {
    if (file === undefined || file === name)
      await verifiedBlob(store, entry, `${step}/${name} of run ${run.id}`, rerun(run, step));
  }
  if (file === undefined) return { asked, files: all, beside: all };
  const path = all.get(file);
  if (path !== undefined) return { asked, files: new Map([[file, path]]), beside: all };
  throw new UserError({
    what: `the artifact of ${step} has no file ${file}`,
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
    expected: 'the path of a file or folder, or <run>:<step> with a file or not, such as latest:train/weights.arrow',
    fix: 'npx nx run pipeline:runs lists runs; ls artifacts/<pipeline> lists steps',
  });
}
