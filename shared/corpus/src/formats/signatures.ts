/** @file What the first bytes of a file tell of it: compressed data, archives, and other formats that are no text. */

/** Compressions and formats by their signatures, as their specifications give them; the longer ones of two that begin alike first. */
const SIGNATURES: Readonly<Record<string, readonly string[]>> = {
  gzip: ['\x1f\x8b'],
  // The latter begin frames that a reader skips.
  zstd: ['\x28\xb5\x2f\xfd', ...Array.from({ length: 16 }, (_, i) => `${String.fromCharCode(0x50 + i)}\x2a\x4d\x18`)],
  bzip2: Array.from({ length: 9 }, (_, i) => [`BZh${i + 1}1AY&SY`, `BZh${i + 1}\x17rE8P\x90`]).flat(),
  xz: ['\xfd7zXZ\0'],
  lz4: ['\x04\x22\x4d\x18'],
  'LZW (compress)': ['\x1f\x9d'],
  'a ZIP archive': ['PK\x03\x04', 'PK\x05\x06', 'PK\x07\x08'],
  'a 7z archive': ['7z\xbc\xaf\x27\x1c'],
  'a RAR archive': ['Rar!\x1a\x07'],
  // The magic number, and the first field of a page or of the index.
  parquet: ['PAR1\x15'],
  'an Arrow file': ['ARROW1\0\0'],
  'an Avro file': ['Obj\x01'],
  'an SQLite database': ['SQLite format 3\0'],
  'an HDF5 file': ['\x89HDF\r\n\x1a\n'],
  'a NumPy array': ['\x93NUMPY'],
  'a PDF document': ['%PDF-1.', '%PDF-2.'],
  'a PNG image': ['\x89PNG\r\n\x1a\n'],
  'a JPEG image': ['\xff\xd8\xff'],
  'a GIF image': ['GIF87a', 'GIF89a'],
  'an executable': ['\x7fELF'],
  'UTF-32': ['\xff\xfe\0\0', '\0\0\xfe\xff'],
  'UTF-16': ['\xff\xfe', '\xfe\xff'],
};
const TAR = { kind: 'a tar archive', at: 257, magic: 'ustar' };

/** What a file is by its signature: a word of the list above; undefined for what has none, such as text. */
export function signatureOf(head: Buffer): string | undefined {
  const text = head.toString('latin1', 0, 512);
  const found = Object.entries(SIGNATURES).find(([, starts]) => starts.some((start) => text.startsWith(start)));
  if (found !== undefined) return found[0];
  if (text.startsWith(TAR.magic, TAR.at)) return TAR.kind;
  return isUtf16(head) ? 'UTF-16' : undefined;
}

/** UTF-16 without a byte order mark: of Latin letters every other byte is zero, which in UTF-8 no letter has. */
function isUtf16(head: Buffer): boolean {
  const zeros = [0, 0];
  for (let i = 0; i < head.length; i++) if (head[i] === 0) zeros[i % 2]!++;
  const pairs = head.length / 2;
  return head.length >= 8 && Math.max(...zeros) > 0.6 * pairs && Math.min(...zeros) < 0.2 * pairs;
}
