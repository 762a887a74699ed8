/** @file The manifest of an artifact: its content and nothing else, so that equal content has an equal manifest. */
import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { UserError } from '@arrowsmith/errors';
import { canonicalJson, type Json } from './canonical-json.ts';

export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in hexadecimal');

/** Of a file of an artifact: a link of that name stands in the artifact's folder, beside these two. */
const fileName = z
  .string()
  .regex(/^[^/\\]+$/, 'a name without a folder')
  .refine((name) => !['.', '..', 'manifest.json', 'run.json'].includes(name), 'another name');

export const fileEntrySchema = z.strictObject({
  sha256: sha256Schema,
  bytes: z.int().min(0),
  /** Rows of an Arrow table; absent for other files. */
  rows: z.int().min(0).optional(),
});

export const manifestSchema = z.strictObject({
  /** Version of this format. */
  format: z.literal(1),
  stage: z.string(),
  /** What a reader of the artifact needs to know: vocabulary size, context length, raw byte counts … */
  metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  /** Set when this content stands in for something that was asked for, or derives from such content. */
  substitution: z.string().optional(),
  files: z.record(fileName, fileEntrySchema),
});

export type FileEntry = z.infer<typeof fileEntrySchema>;
export type Manifest = z.infer<typeof manifestSchema>;

/** The manifest's one spelling; what downstream stages are keyed by is the digest of these bytes. */
export function serializeManifest(manifest: Manifest): string {
  return `${canonicalJson(manifest as Json, 2)}\n`;
}

/** A manifest from its text, or what is wrong with it. */
export function parseManifest(text: string): { manifest: Manifest } | { problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { problem: (error as Error).message };
  }
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return { manifest: parsed.data };
  const issues = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
  return { problem: issues.join('; ') };
}

/**
 * Reads a manifest.
 * @param fix what the reader of the error should run when the manifest is broken
 * @param make what to run when there is none
 * @throws UserError when it is missing, not JSON, or not a manifest
 */
export async function readManifest(path: string, fix: string, make = fix): Promise<Manifest> {
  const parsed = parseManifest(await readManifestText(path, fix, make));
  if ('manifest' in parsed) return parsed.manifest;
  throw new UserError({
    what: `${path} is not an artifact manifest`,
    expected: 'JSON with format 1, stage, metadata and files',
    found: parsed.problem,
    fix,
  });
}

/** The text of a manifest, as {@link readManifest}. */
async function readManifestText(path: string, fix: string, make: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EISDIR')
      throw new UserError({ what: `${path} is not an artifact manifest`, expected: 'a file', found: 'a folder', fix });
    if (code !== 'ENOENT') throw error;
    throw new UserError({ what: `there is no artifact manifest ${path}`, expected: 'a finished stage', fix: make });
  }
}
