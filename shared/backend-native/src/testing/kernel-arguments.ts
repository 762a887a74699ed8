/** @file Arguments with which a kernel may be called, made of its signature; native/kernel-signature.h says what one is. */

/** One of a kernel's parameters. */
export interface Parameter {
  name: string;
  /** In TypeScript. */
  type: string;
  isOptional: boolean;
  /** The least that a size may be. */
  least: number;
  /** Of a list: the size, or list of sizes, that it has as many elements as. */
  count: string | undefined;
  /** Of an array, or of those of a list. */
  length: string | undefined;
}

export type Sizes = Readonly<Record<string, number | readonly number[]>>;

const PARAMETER = /^(\w+)(?:\((\w+)\))?(\?)?(?:\[([\w +]+)\])?(?:>=(\d+))?$/;

/** The parameters of a kernel, as the addon says what they are. */
export function parametersOf(signature: string, declaration: string): Parameter[] {
  const types = [...declaration.matchAll(/\w+: ([^,)]+)/g)].map(([, type]) => type!);
  const texts = signature.split(';')[0]!.split(',');
  if (texts.length !== types.length) throw new Error(`"${signature}" does not go with ${declaration}`);
  return texts.map((text, i) => {
    const [, name, count, optional, length, least = '1'] = PARAMETER.exec(text.trim())!;
    return { name: name!, type: types[i]!, isOptional: optional !== undefined, least: Number(least), count, length };
  });
}

/** Bytes of an element in each format. */
const ELEMENT_BYTES = [4, 2, 1] as const;
type Format = 0 | 1 | 2;

/** The i-th format of a list, and that of what stands alone. */
const formatOf = (i: number): Format => ((i + 2) % 3) as Format;

/** Words of a stored matrix. */
function wordsOf(format: Format, rows: number, columns: number): number {
  return (format === 2 ? rows : 0) + Math.ceil((rows * columns * ELEMENT_BYTES[format]) / 4);
}

/** The size of a name; that of a list of sizes, the i-th. */
function sizeOf(name: string, sizes: Sizes, i: number): number | undefined {
  if (name === 'blockCount') return Math.ceil((sizes['n'] as number) / (sizes['blockSize'] as number));
  const size = sizes[name];
  return typeof size === 'object' ? size[i] : (size as number | undefined);
}

/** The value of `2 n outs + 1`, with the i-th of a list of sizes, or of `outs by input in formats`. */
function valueOf(expression: string, sizes: Sizes, i: number): number {
  const stored = /^(.*) by (.*) in formats?$|^(.*) by (.*) in \w+Format$/.exec(expression);
  if (stored !== null) {
    const [rows, columns] = [stored[1] ?? stored[3]!, stored[2] ?? stored[4]!];
    return wordsOf(formatOf(i), valueOf(rows, sizes, i), valueOf(columns, sizes, i));
  }
  const [product, addend = '0'] = expression.split('+');
  const factors = product!
    .trim()
    .split(' ')
    .map((factor) => sizeOf(factor, sizes, i) ?? Number(factor));
  return factors.reduce((a, b) => a * b, 1) + Number(addend);
}

/** Integers that must not all be 0, in an array of zeros. */
const INTEGERS: Readonly<Record<string, (zeros: Int32Array, n: number) => unknown>> = {
  offsets: (zeros, n) => (zeros[zeros.length - 1] = n),
  queryOffsets: (zeros, n) => (zeros[zeros.length - 1] = n),
  lengths: (zeros, n) => (zeros[zeros.length - 1] = n),
  at: (zeros) => zeros.forEach((_, i) => (zeros[i] = i)),
};

/** What is right for one of the parameters. */
export function argumentOf({ name, type, count, length }: Parameter, sizes: Sizes): unknown {
  const many = count === undefined ? undefined : sizes[count]!;
  const elements = typeof many === 'number' ? many : many?.length;
  switch (type.replace(' | null', '')) {
    case 'Size':
      return sizeOf(name, sizes, 0);
    case 'readonly Size[]':
      return sizes[name];
    case 'Format':
      return formatOf(0);
    case 'readonly Format[]':
      return Array.from({ length: elements! }, (_, i) => formatOf(i));
    case 'number':
      return 0.5;
    case '0 | 1':
      return 0;
    case 'boolean':
      return false;
    case 'readonly number[]':
      return Array<number>(elements!).fill(0.5);
    case 'readonly Float32Array[]':
      return Array.from({ length: elements! }, (_, i) => new Float32Array(valueOf(length!, sizes, i)));
    case 'readonly Int32Array[]':
      return Array.from({ length: elements! }, (_, i) => new Int32Array(valueOf(length!, sizes, i)));
    case 'Float32Array':
      return new Float32Array(valueOf(length!, sizes, 0));
    case 'Int32Array': {
      const integers = new Int32Array(valueOf(length!, sizes, 0));
      INTEGERS[name]?.(integers, sizes['n'] as number);
      return integers;
    }
    default:
      throw new Error(`the parameter ${name} is of an unknown type ${type}`);
  }
}
