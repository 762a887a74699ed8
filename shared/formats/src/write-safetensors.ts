/** @file Writes safetensors files: equal tensors and metadata give equal bytes, the same as safetensors' own implementation writes. */
import { open } from 'node:fs/promises';
import { bytesOfShape } from './dtypes.ts';
import { formatHeader } from './safetensors-header.ts';
import type { StoredTensor } from './stored-tensor.ts';

/**
 * Writes a file, or writes over it.
 * @param tensors by name; the order does not matter
 * @param metadata texts for `__metadata__`; transformers wants `{ format: 'pt' }`
 * @throws RangeError when a tensor's bytes are not as many as its shape needs
 */
export async function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, StoredTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  for (const [name, { dtype, shape, bytes }] of Object.entries(tensors)) {
    if (bytes.byteLength === bytesOfShape(dtype, shape)) continue;
    throw new RangeError(`${name}: ${bytes.byteLength} bytes for ${dtype} [${shape.join(', ')}]`);
  }
  const header = formatHeader(tensors, metadata);
  const file = await open(path, 'w');
  try {
    await file.writeFile(header.bytes);
    for (const name of header.names) await file.writeFile(tensors[name]!.bytes);
  } finally {
    await file.close();
  }
}
