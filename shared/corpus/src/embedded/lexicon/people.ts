/** @file Who lives in the stories: children, animals, their families, and the people and creatures that they meet. */

import { table, type Table } from '../story.ts';

/** The words by which the text refers to somebody. */
const PRONOUNS = {
  he: { he: 'he', him: 'him', his: 'his', himself: 'himself' },
  she: { he: 'she', him: 'her', his: 'her', himself: 'herself' },
} as const;

const words = (list: string) => list.trim().split(/\s+/);

/** Rows in which those of the front stand more often: names are as unequally common as in life. */
function skewed<Row>(rows: readonly Row[]): Row[] {
  return rows.flatMap((row, rank) => Array<Row>(rank < 8 ? 3 : rank < 20 ? 2 : 1).fill(row));
}

const girls =
  words(`Lily Mia Anna Lucy Sara Emma Zoe Ella Nina Molly Amy Kate Maya Clara Julia Tess Leah Penny Wendy Tina Priya Yuki Mei
  Zara Nadia Carmen Elsa Ada Polly Hana Aisha Greta`);
const boys =
  words(`Tom Ben Max Sam Tim Jack Leo Noah Finn Luke Adam Theo Oscar Henry Peter Owen Danny Toby Simon Milo Felix Hugo Diego Omar
  Ravi Kenji Pavel Emil Kofi Mateo Amir Ali`);

const looks = `[curly|straight|short|long|messy] [brown|black|red|blond|dark] hair|[blue|brown|green|dark|round] eyes|[a missing tooth|a gap between two teeth]|[many|some|a hundred|pale] freckles[| on the nose]|[round|small|red] glasses|a [loud|soft|shy|happy] [laugh|voice]|dimples in both cheeks|a [brown|blue|red] [coat|hat|shirt|scarf]|[muddy|bare|quick] [feet|knees]|{number} freckles|two [long|thin] braids`;

/** Girls and boys. */
export const children: Table = table([
  ...skewed(girls).map((name) => ({ name, kind: 'girl', looks: `[${looks}]`, ...PRONOUNS.she })),
  ...skewed(boys).map((name) => ({ name, kind: 'boy', looks: `[${looks.replace('|two [long|thin] braids', '')}]`, ...PRONOUNS.he })),
]); // prettier-ignore

const sheAnimals =
  words(`Daisy Clover Bonnie Minnie Pepper Hazel Maple Ginger Fern Willow Honey Luna Dotty Coco Nutmeg Poppy Tansy Bramble
  Cherry Misty`);
const heAnimals =
  words(`Benny Hopper Pip Squeak Chip Rusty Acorn Spike Bruno Rocky Ollie Otto Copper Digger Basil Barney Scout Button Thistle
  Jasper`);

const species: Readonly<Record<string, string>> = {
  rabbit:
    '[long|soft|floppy] [gray|brown|white] ears|a [round|white|fluffy] tail|a pink nose that never stopped moving',
  mouse: 'a [long|thin|curly] tail|[round|pink|big] ears|[tiny|quick|gray] feet',
  squirrel: 'a [bushy|red|fluffy|big] tail|[sharp|bright|black] eyes|quick little paws',
  hedgehog: '[sharp|brown|short] spines|a [tiny|wet|black] nose|short legs',
  fox: 'a [long|bushy|red] tail with a white tip|[bright|clever|golden] eyes|a shiny red coat',
  bear: '[thick|brown|black|soft] fur|[big|strong|heavy] paws|a [deep|warm] voice',
  frog: '[strong|long|green] legs|[big|golden|round] eyes|a [wide|happy] mouth',
  otter: '[smooth|brown|wet] fur|a [flat|strong] tail|[long|stiff] whiskers',
  badger: 'a [striped|black and white|round] face|[strong|wide] claws',
  mole: '[soft|black|velvet] fur|a [pink|pointed] nose|[wide|strong] hands for digging',
  deer: '[long|thin] legs|white spots on [a brown|a golden] coat|[big|dark|gentle] eyes',
  raccoon: 'a tail with [five|six|seven] rings|black rings around both eyes|[clever|quick] little hands',
};

/** Animals that talk and have names. */
export const animals: Table = table(
  Object.entries(species).flatMap(([kind, its]) => [
    ...sheAnimals.map((name) => ({ name, kind, looks: `[${its}]`, ...PRONOUNS.she })),
    ...heAnimals.map((name) => ({ name, kind, looks: `[${its}]`, ...PRONOUNS.he })),
  ]),
);

/** Grown-up relatives; `kind` is the word for them, `name` is how the hero calls them, `who` follows "his". */
export const relatives: Table = table([
  ...['Mom', 'Grandma'].map((name) => ({ name, kind: name.toLowerCase(), who: name.toLowerCase(), ...PRONOUNS.she })),
  ...['Dad', 'Grandpa'].map((name) => ({ name, kind: name.toLowerCase(), who: name.toLowerCase(), ...PRONOUNS.he })),
  ...words('Rose Nora Helen Ruth').map((name) => ({
    name: `Aunt ${name}`,
    kind: 'aunt',
    who: `Aunt ${name}`,
    ...PRONOUNS.she,
  })),
  ...words('Carl George Walter Ivan').map((name) => ({
    name: `Uncle ${name}`,
    kind: 'uncle',
    who: `Uncle ${name}`,
    ...PRONOUNS.he,
  })),
]);

/** Mother and father, who are there every day. */
export const parents: Table = table([
  { name: 'Mom', kind: 'mom', ...PRONOUNS.she },
  { name: 'Dad', kind: 'dad', ...PRONOUNS.he },
]);

/** Neighbors in town: what they do, what they keep at home. */
export const neighbors: Table = table([
  ...words('Green Flores Novak Kim Bell Moss').map((name) => ({ name: `Mrs. ${name}`, kind: 'neighbor', ...PRONOUNS.she })),
  ...words('Hill Singh Rossi Frost Baker Stone').map((name) => ({ name: `Mr. ${name}`, kind: 'neighbor', ...PRONOUNS.he })),
]); // prettier-ignore

/** Older animals of the woods. */
export const elders: Table = table([
  ...words('Owl Goose Hare Beaver').map((name) => ({ name: `Mrs. ${name}`, kind: 'neighbor', ...PRONOUNS.she })),
  ...words('Heron Toad Crane Marten').map((name) => ({ name: `Mr. ${name}`, kind: 'neighbor', ...PRONOUNS.he })),
]);

/** People without a name, from what they are: the field `a` introduces them, the name is used after that. */
export function folk(...sources: readonly string[]): Table {
  return table(
    sources.map((source) => {
      const [he, kind] = source.split(' ', 1).concat(source.slice(source.indexOf(' ') + 1)) as ['he' | 'she', string];
      return { name: `the ${kind}`, bare: kind, ...PRONOUNS[he] };
    }),
  );
}

/** Teachers. */
export const teachers: Table = table([
  ...words('Rose Park Young Day').map((name) => ({ name: `Miss ${name}`, kind: 'teacher', ...PRONOUNS.she })),
  ...words('Brown Gray Lopez Wood').map((name) => ({ name: `Mr. ${name}`, kind: 'teacher', ...PRONOUNS.he })),
]);
