/** @file Tarballs for tests, honest and hostile: the format of POSIX.1-1988 (ustar), header by header. */

import { gzipSync } from 'node:zlib';

export interface TarEntry {
  /** The whole path, `package/` included. */
  path: string;
  content?: string | Uint8Array;
  /** The type flag: `0` for a file, `2` for a symbolic link, `5` for a folder. */
  type?: string;
  link?: string;
  /** The size that the header claims; that of the content by default. */
  size?: number;
}

const BLOCK = 512;

/** The bytes of an uncompressed archive. */
export function tar(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap(({ path, content = '', type = '0', link = '', size }) => {
    const body = Buffer.from(content);
    const header = Buffer.alloc(BLOCK);
    header.write(path, 0);
    header.write('0000644\0', 100);
    header.write('0000000\0'.repeat(2), 108);
    header.write(`${(size ?? body.length).toString(8).padStart(11, '0')}\0`, 124);
    header.write('00000000000\0', 136);
    header.write(' '.repeat(8), 148);
    header.write(type, 156);
    header.write(link, 157);
    header.write('ustar\x0000', 257, 'latin1');
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return [header, body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

/** A package as npm packs it: its files below `package/`. */
export const npmTarball = (files: Record<string, string>): Buffer =>
  gzipSync(tar(Object.entries(files).map(([path, content]) => ({ path: `package/${path}`, content }))));
