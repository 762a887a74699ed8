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

/** The value of `2 n outs + 1`, with the i-th of a list of sizes. */
function valueOf(expression: string, sizes: Sizes, i: number): number {
  const [product, addend = '0'] = expression.split('+');
  const factors = product!
    .trim()
    .split(' ')
    .map((factor) => {
      const size = sizes[factor] ?? Number(factor);
      return typeof size === 'number' ? size : size[i]!;
    });
  return factors.reduce((a, b) => a * b, 1) + Number(addend);
}

/** What is right for one of the parameters. Integers are 0, but for offsets, which rise to n. */
export function argumentOf({ name, type, count, length }: Parameter, sizes: Sizes): unknown {
  const many = count === undefined ? undefined : sizes[count]!;
  const elements = typeof many === 'number' ? many : many?.length;
  switch (type.replace(' | null', '')) {
    case 'Size':
    case 'readonly Size[]':
      return sizes[name];
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
    case 'Float32Array':
      return new Float32Array(valueOf(length!, sizes, 0));
    case 'Int32Array': {
      const integers = new Int32Array(valueOf(length!, sizes, 0));
      if (name === 'offsets') integers[integers.length - 1] = sizes['n'] as number;
      return integers;
    }
    default:
      throw new Error(`the parameter ${name} is of an unknown type ${type}`);
  }
}
