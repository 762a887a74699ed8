/** @file The manifest of an artifact: its content and nothing else, so that equal content has an equal manifest. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { UserError } from '@arrowsmith/errors';
import { canonicalJson, type Json } from './canonical-json.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in hexadecimal');

export const fileEntrySchema = z.strictObject({
  sha256,
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
  files: z.record(z.string(), fileEntrySchema),
});

export type FileEntry = z.infer<typeof fileEntrySchema>;
export type Manifest = z.infer<typeof manifestSchema>;

/** The manifest's one spelling; what downstream stages are keyed by is the digest of these bytes. */
export function serializeManifest(manifest: Manifest): string {
  return `${canonicalJson(manifest as Json, 2)}\n`;
}

/**
 * Reads a manifest.
 * @param fix what the reader of the error should run when the manifest is missing or broken
 * @throws UserError when it is missing, not JSON, or not a manifest
 */
export async function readManifest(path: string, fix: string): Promise<Manifest> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new UserError({ what: `there is no artifact manifest ${path}`, expected: 'a finished stage', fix });
  }
  const parsed = manifestSchema.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new UserError({
      what: `${path} is not an artifact manifest`,
      expected: 'JSON with format 1, stage, metadata and files',
      found: parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`).join('; '),
      fix,
    });
  }
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
