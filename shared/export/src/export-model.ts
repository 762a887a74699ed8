/** @file Writes a model in the format that is asked for. */
import { join } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import type { CheckpointType } from '@arrowsmith/formats';
import { countParameters } from '@arrowsmith/model';
import { checkFinite, decodeStored } from '@arrowsmith/quantization';
import type { Exported } from './exported.ts';
import { bytesOfSize, PRECISIONS, type ExportFormat } from './formats.ts';
import { exportGguf } from './gguf.ts';
import { exportHuggingFace } from './hugging-face.ts';
import { otherFormats } from './other-formats.ts';
import { exportLlama2c, llama2cNotices } from './llama2c.ts';

/** What was written. */
export interface Written {
  name: string;
  /** What the program that loads it calls models of its kind. */
  architecture: string;
  precision: string;
  /** How many tensors have which format, where it is not one for all matrices. */
  mixed?: string;
  /** What the format could not hold, or was stored otherwise than asked for, and why. */
  notices?: readonly string[];
}

/**
 * Writes the files of a model into a folder, which is there.
 *
 * @param options.precision of matrices; by default f32, or of GGUF and of a web page as they are stored
 * @param options.name by default the family and the number of parameters
 * @param options.shardSize of the files of a Hugging Face folder at most, such as 500MB; 5GB by default
 * @throws UserError where the format does not hold the model or its tokenizer, and for a weight that is not finite
 */
export async function exportModel(
  folder: string,
  asked: Exported,
  options: {
    format: ExportFormat;
    precision?: string | undefined;
    name?: string | undefined;
    shardSize?: string | undefined;
  },
): Promise<Written> {
  const { format, precision } = options;
  const model = withFiniteWeights(asked);
  const name = options.name ?? `${model.config.family}-${shortCount(countParameters(model.config))}`;
  switch (format) {
    case 'huggingface': {
      const type = known<CheckpointType>(PRECISIONS.huggingface, precision ?? 'f32', format);
      const { architecture } = await exportHuggingFace(folder, model, type, {
        shardBytes: shardBytesOf(options.shardSize),
      });
      return { name, architecture, precision: type };
    }
    case 'gguf': {
      if (precision !== undefined) known(PRECISIONS.gguf, precision, format);
      const file = join(folder, `${name.replaceAll(/[^\w.-]+/g, '-')}.gguf`);
      const written = await exportGguf(file, model, precision, { name });
      const mixed = [...written.formats].map(([each, count]) => `${count} ${each}`).join(', ');
      const notices = otherFormats(precision, written.formats);
      return {
        name,
        architecture: written.architecture,
        precision: written.format,
        mixed: `tensors: ${mixed}`,
        notices,
      };
    }
    case 'llama2c': {
      const type = known<'f32' | 'int8'>(PRECISIONS.llama2c, precision ?? 'f32', format);
      await exportLlama2c(folder, model, type);
      return { name, architecture: 'llama2.c', precision: type, notices: llama2cNotices(model) };
    }
    case 'web': {
      if (precision !== undefined) known(PRECISIONS.web, precision, format);
      const { exportWeb } = await import('./web.ts'); // which loads esbuild
      const { precision: stored, formats } = await exportWeb(folder, model, precision, { name });
      return { name, architecture: 'a web page', precision: stored, notices: otherFormats(precision, formats) };
    }
  }
}

/** A model whose weights are looked at as they are read: with one that is no number, whatever the file computes is none. */
function withFiniteWeights(model: Exported): Exported {
  const read = (name: string) => {
    const stored = model.read(name);
    checkFinite(name, { shape: stored.shape, data: decodeStored(stored) });
    return stored;
  };
  return { ...model, read };
}

/** @throws UserError for a precision that the format has not */
function known<P extends string>(precisions: readonly P[], asked: string, format: ExportFormat): P {
  const found = precisions.find((each) => each === asked);
  if (found !== undefined) return found;
  throw new UserError({
    what: `the format ${format} has no precision ${asked}`,
    expected: `one of ${precisions.join(', ')}`,
    found: asked,
    fix: format === 'gguf' ? 'choose one of these' : 'choose one of these, or `format: gguf`, which has more',
  });
}

/** @throws UserError for what is no size */
function shardBytesOf(size: string | undefined): number | undefined {
  if (size === undefined) return undefined;
  const bytes = bytesOfSize(size);
  if (bytes !== undefined) return bytes;
  throw new UserError({
    what: 'the size of shards is not understood',
    expected: 'a number above 0 and kB, MB or GB, such as 500MB',
    found: size,
    fix: 'for example shardSize: 2GB',
  });
}

/** 1234567 as 1.2M */
function shortCount(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)}B`;
  if (count >= 1e6) return `${(count / 1e6).toFixed(1)}M`;
  return `${Math.max(1, Math.round(count / 1e3))}K`;
}
