/** @file Reads the files of a model as `export` wrote them, over HTTP. */
import { fromTokenizerJson, type BpeModel } from '@arrowsmith/bpe';
import { UserError } from '@arrowsmith/errors';
import { LENGTH_BYTES, parseHeader, parseHeaderLength } from '@arrowsmith/formats/safetensors-header';
import { checkShapes, parameterShapes, parseDecoderConfig, type DecoderConfig } from '@arrowsmith/model';
import { checkStored } from '@arrowsmith/quantization/weight-formats';
import { FILES, formatOfDtype, parseDescription, type Description } from '../files.ts';

export interface FolderModel extends Description {
  config: DecoderConfig;
  tokenizer: BpeModel;
  /** A weight as it is stored, its bytes by themselves. */
  read(name: string): { shape: readonly number[]; format: string; bytes: Uint8Array };
  names: readonly string[];
}

/** Bytes of the weights that have come, of all. */
export type OnProgress = (loaded: number, total: number) => void;

/** @throws UserError where a file is not there, or is not what it should be */
export async function readFolder(folder: URL, onProgress: OnProgress = () => undefined): Promise<FolderModel> {
  const place = (name: string) => new URL(name, folder).href;
  const [text, tokenizerText, file] = await Promise.all([
    fetchFile(place(FILES.config)).then((response) => response.text()),
    fetchFile(place(FILES.tokenizer)).then((response) => response.text()),
    fetchFile(place(FILES.weights)).then((response) => readBytes(response, onProgress)),
  ]);
  const description = parseDescription(text, place(FILES.config));
  const config = parseDecoderConfig(JSON.stringify(description.decoder), place(FILES.config));
  const where = place(FILES.weights);
  const length = parseHeaderLength(file.subarray(0, LENGTH_BYTES), file.length, where);
  const header = parseHeader(file.subarray(LENGTH_BYTES, LENGTH_BYTES + length), file.length, where);
  const shapes = new Map(parameterShapes(config).map(({ name, shape }) => [name, shape]));
  const places = new Map(
    [...header.tensors].map(([name, { dtype, shape, start, end }]) => {
      const format = description.formats[name] ?? formatOfDtype(dtype);
      const stored = { shape: dtype === 'U8' ? (shapes.get(name) ?? shape) : shape, format, start, end };
      checkStored({ ...stored, bytes: end - start }, `${where}, ${name}`);
      return [name, stored] as const;
    }),
  );
  checkShapes(config, places, where);
  return {
    ...description,
    config,
    tokenizer: fromTokenizerJson(tokenizerText, place(FILES.tokenizer)),
    names: [...places.keys()],
    read(name) {
      const found = places.get(name);
      if (found === undefined) throw new Error(`the model has no weight ${name}`);
      const { shape, format, start, end } = found;
      return { shape, format, bytes: file.slice(start, end) }; // aligned, as what decodes it wants
    },
  };
}

async function fetchFile(url: string): Promise<Response> {
  const wrong = (found: string, cause?: unknown) =>
    new UserError(
      {
        what: 'a file of the model cannot be read',
        where: url,
        expected: 'the folder as `export` wrote it, on a web server',
        found,
        fix: 'put all files of the folder there',
      },
      { cause },
    );
  const response = await fetch(url).catch((cause: unknown) => {
    throw wrong((cause as Error).message, cause);
  });
  if (!response.ok) throw wrong(`${response.status} ${response.statusText}`.trim());
  return response;
}

/** The body as it comes: `arrayBuffer` would tell nothing until its end. */
async function readBytes(response: Response, onProgress: OnProgress): Promise<Uint8Array> {
  // Of a compressed answer it is the compressed length: then it only grows what is there for it.
  let bytes = new Uint8Array(Number(response.headers.get('content-length') ?? 0));
  let length = 0;
  const reader = response.body?.getReader();
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    if (length + part.value.length > bytes.length) {
      const grown = new Uint8Array(Math.max(length + part.value.length, 2 * bytes.length));
      grown.set(bytes.subarray(0, length));
      bytes = grown;
    }
    bytes.set(part.value, length);
    length += part.value.length;
    onProgress(length, Math.max(length, bytes.length));
  }
  return bytes.subarray(0, length);
}
