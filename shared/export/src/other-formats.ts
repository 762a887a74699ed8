/** @file Matrices that a file has in another format than was asked for, and why. */
import { formatNamed } from '@arrowsmith/quantization';

/**
 * @param asked the format of matrices
 * @param formats of the tensors of the file, as many as have it
 * @returns what to tell; nothing where all matrices have the format, or none was asked for
 */
export function otherFormats(asked: string | undefined, formats: ReadonlyMap<string, number>): string[] {
  if (asked === undefined) return [];
  const others = [...formats].filter(([format]) => format !== asked && format !== 'f32');
  if (others.length === 0) return [];
  const listed = others.map(([format, count]) => `${count} ${count === 1 ? 'matrix is' : 'matrices are'} ${format}`);
  return [
    `${listed.join(', ')}, not ${asked}: rows are no whole number of its blocks of ${formatNamed(asked).blockSize} values`,
  ];
}
