/** @file What is on a toy picture: one to three coloured shapes, and the one sentence that says so. */
import type { RandomBelow } from '../embedded/random.ts';

/** Colours by name, as red, green and blue from 0 to 255. */
export const COLOURS = {
  red: [220, 50, 40],
  green: [50, 180, 60],
  blue: [50, 90, 225],
  yellow: [230, 210, 60],
  purple: [160, 60, 190],
  white: [235, 235, 235],
} as const;

export type Colour = keyof typeof COLOURS;

export const SHAPES = ['circle', 'square', 'triangle', 'cross', 'stripe'] as const;

export type Shape = (typeof SHAPES)[number];

/** What a caption says of an object. */
export interface Attributes {
  size: 'small' | 'large';
  colour: Colour;
  shape: Shape;
}

/** An object in one of the picture's quarters: 0 top left, 1 top right, 2 bottom left, 3 bottom right. */
export interface PictureObject extends Attributes {
  quarter: number;
}

/** Which pairs of colour and shape a picture shows: those of training only, or at least one that is held out. */
export type Combinations = 'seen' | 'held-out';

type Pair = Pick<Attributes, 'colour' | 'shape'>;

const PAIRS: Pair[] = (Object.keys(COLOURS) as Colour[]).flatMap((colour) =>
  SHAPES.map((shape) => ({ colour, shape })),
);

/** Every shape is held out in one colour, so that each colour and each shape is known from other pairs. */
const HELD_OUT = ['red cross', 'green triangle', 'blue circle', 'yellow stripe', 'purple square'];

const isPairHeldOut = ({ colour, shape }: Pair): boolean => HELD_OUT.includes(`${colour} ${shape}`);
const HELD_OUT_PAIRS = PAIRS.filter(isPairHeldOut);
const SEEN_PAIRS = PAIRS.filter((pair) => !isPairHeldOut(pair));

/** Draws a scene: its objects from top to bottom and left to right, each in a quarter of its own. */
export function drawScene(below: RandomBelow, combinations: Combinations): PictureObject[] {
  const one = <T>(values: readonly T[]): T => values[below(values.length)]!;
  const count = 1 + below(3);
  const free = [0, 1, 2, 3];
  const quarters = Array.from({ length: count }, () => free.splice(below(free.length), 1)[0]!).sort((a, b) => a - b);
  const heldOut = combinations === 'held-out' ? below(count) : -1;
  return quarters.map((quarter, i) => ({
    quarter,
    size: one(['small', 'large'] as const),
    ...one(i === heldOut ? HELD_OUT_PAIRS : SEEN_PAIRS),
  }));
}

/** The one caption of a scene, such as: a large red circle above a small blue square. */
export function captionOf(objects: readonly PictureObject[]): string {
  const [first, second, third] = objects as [PictureObject, PictureObject?, PictureObject?];
  const named = ({ size, colour, shape }: PictureObject) => `a ${size} ${colour} ${shape}`;
  if (second === undefined) return `${named(first)} in the ${CORNERS[first.quarter]}`;
  if (third === undefined) return `${named(first)} ${relation(first.quarter, second.quarter)} ${named(second)}`;
  return `${named(first)}, ${named(second)} and ${named(third)}`;
}

const CORNERS = ['top left', 'top right', 'bottom left', 'bottom right'];

/** Where the first of two quarters lies, seen from the second, which is to the right of it or below. */
function relation(first: number, second: number): string {
  const isSameRow = first >> 1 === second >> 1;
  if (isSameRow) return 'to the left of';
  const [column, otherColumn] = [first % 2, second % 2];
  if (column === otherColumn) return 'above';
  return `above and to the ${column < otherColumn ? 'left' : 'right'} of`;
}

/** The objects that a caption names, in its order; what is no object's name is passed over. */
export function objectsOf(caption: string): Attributes[] {
  const names = new RegExp(`(small|large) (${Object.keys(COLOURS).join('|')}) (${SHAPES.join('|')})`, 'g');
  return Array.from(caption.matchAll(names), ([, size, colour, shape]) => ({ size, colour, shape }) as Attributes);
}

/** Which combinations a caption names. */
export function combinationsOf(caption: string): Combinations {
  return objectsOf(caption).some(isPairHeldOut) ? 'held-out' : 'seen';
}
