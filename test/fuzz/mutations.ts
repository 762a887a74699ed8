/** @file Changes of files: what disks, downloads, editors and attackers do to them. */

import { type Below, pick } from './random.ts';

/** How a file is changed: as bytes, as text, or as JSON. */
export type FileKind = 'bytes' | 'text' | 'json';

/** A changed file. @param others valid files of the same kind, to take parts of */
export function mutate(content: Buffer, kind: FileKind, others: readonly Buffer[], below: Below): Buffer {
  let changed = content;
  for (let changes = 1 + below(3); changes > 0; changes--) {
    if (kind === 'json' && below(3) > 0) changed = mutateJson(changed, below) ?? mutateText(changed, below);
    else if (kind !== 'bytes' && below(3) > 0) changed = mutateText(changed, below);
    else changed = mutateBytes(changed, others, below);
  }
  return changed;
}

const INTEGERS = [0, 1, -1, 127, 128, 255, 0x7fff, 0xffff, 0x7fffffff, -0x80000000, 0x10000, 1e6];

function mutateBytes(content: Buffer, others: readonly Buffer[], below: Below): Buffer {
  const bytes = Buffer.from(content);
  const at = below(bytes.length + 1);
  const to = Math.min(bytes.length, at + 1 + below(64));
  switch (below(9)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(to)]);
    case 2:
      return Buffer.concat([bytes.subarray(0, to), bytes.subarray(at)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(pick(below, others)).subarray(at)]);
    case 4: {
      const noise = Buffer.from({ length: 1 + below(16) } as ArrayLike<number>).map(() => below(256));
      return Buffer.concat([bytes.subarray(0, at), noise, bytes.subarray(at)]);
    }
    case 5:
      if (bytes.length >= 4) bytes.writeInt32LE(pick(below, INTEGERS), below(bytes.length - 3));
      return bytes;
    case 6:
      if (bytes.length >= 8)
        bytes.writeBigInt64LE(BigInt(pick(below, INTEGERS)) << BigInt(below(2) * 32), below(bytes.length - 7));
      return bytes;
    case 7:
      if (at < bytes.length) bytes[at] = below(256);
      return bytes;
    default:
      if (at < bytes.length) bytes[at] = bytes[at]! ^ (1 << below(8));
      return bytes;
  }
}

const WORDS = [
  'null', 'true', '0', '-1', '1e999', '1e-999', '9007199254740993', '2147483648', '1e9', '0.5', '""', '[]', '{}', '"x"', 'NaN', '.inf',
  '"__proto__"', '"constructor"', '"\\ud800"', '"\u001b[31mred"', '~', '!!js/function x', '&a', '*a', '<<', '---', '\t', '\ufeff', '\0', '\u2028',
  '@everyone', '../../../etc/passwd', '$(touch x)',
]; // prettier-ignore

function mutateText(content: Buffer, below: Below): Buffer {
  const text = content.toString('utf8');
  const lines = text.split('\n');
  const line = below(lines.length);
  switch (below(6)) {
    case 0: {
      // A number, word or string becomes another.
      const tokens = [...text.matchAll(/"(?:[^"\\]|\\.)*"|[-+.\w]+/g)];
      const token = tokens[below(Math.max(1, tokens.length))];
      if (token === undefined) return Buffer.from(pick(below, WORDS));
      return Buffer.from(text.slice(0, token.index) + pick(below, WORDS) + text.slice(token.index + token[0].length));
    }
    case 1:
      return Buffer.from(lines.toSpliced(line, 1).join('\n'));
    case 2:
      return Buffer.from(lines.toSpliced(line, 0, lines[below(lines.length)]!).join('\n'));
    case 3:
      return Buffer.from(lines.with(line, ' '.repeat(below(9)) + lines[line]!.trimStart()).join('\n'));
    case 4: {
      const deep = 1 + below(below(20) === 0 ? 100_000 : 50);
      return Buffer.from(lines.with(line, `${pick(below, ['[', '{"a":', '- ', 'a: ['])}`.repeat(deep)).join('\n'));
    }
    default: {
      const at = below(text.length + 1);
      return Buffer.from(text.slice(0, at) + pick(below, WORDS) + text.slice(at));
    }
  }
}

const VALUES: readonly unknown[] = [
  null, true, 0, -1, 0.5, 1e9, 1e308, 2 ** 53, -0, '', 'x', '__proto__', 'constructor', 'toString', '\ud800', [], {}, [[]], [null], { a: 1 }, '1', 'NaN',
  ['x', 'x'], 'a'.repeat(10_000), { type: 'x' }, { length: 1e9 },
]; // prettier-ignore

/** JSON with a value replaced, taken out or added; undefined where it is not JSON. */
function mutateJson(content: Buffer, below: Below): Buffer | undefined {
  let root: unknown;
  try {
    root = JSON.parse(content.toString('utf8'));
  } catch {
    return undefined;
  }
  const places: { holder: Record<string, unknown>; key: string }[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || places.length > 20_000) return;
    const keys = Object.keys(value);
    // Long lists are alike: the first members stand for them.
    for (const key of keys.length > 64 ? keys.slice(0, 64) : keys) {
      places.push({ holder: value as Record<string, unknown>, key });
      visit((value as Record<string, unknown>)[key]);
    }
  };
  visit(root);
  const place = places[below(Math.max(1, places.length))];
  if (place === undefined || below(40) === 0) return Buffer.from(JSON.stringify(pick(below, VALUES)));
  const { holder, key } = place;
  switch (below(5)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete holder[key];
      break;
    case 1:
      if (Array.isArray(holder)) holder.push(holder[Number(key)]);
      else
        setOwn(holder, pick(below, ['__proto__', 'constructor', 'extra', 'type', '', 'toString']), pick(below, VALUES));
      break;
    case 2: {
      const other = pick(below, places);
      setOwn(holder, key, structuredClone(other.holder[other.key]));
      break;
    }
    default:
      setOwn(holder, key, pick(below, VALUES));
  }
  return Buffer.from(JSON.stringify(root));
}

/** Sets a member of any name; an assignment to `__proto__` would do something else. */
function setOwn(holder: object, key: string, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}
