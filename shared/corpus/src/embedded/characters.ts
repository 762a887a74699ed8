/** @file Who lives in the stories: children, their families and neighbors, animals and imaginary beings. */

import { table, type Table } from './story.ts';

/** The words by which the text refers to somebody. */
const PRONOUNS = {
  he: { he: 'he', him: 'him', his: 'his', himself: 'himself' },
  she: { he: 'she', him: 'her', his: 'her', himself: 'herself' },
  it: { he: 'it', him: 'it', his: 'its', himself: 'itself' },
} as const;

const words = (list: string) => list.trim().split(/\s+/);

const childFields = {
  home: 'house',
  hands: 'hands',
  went: 'walked',
  lives: `in {a} [little|small|cozy|tall|narrow|old|sunny] [red|white|yellow|blue|brick|wooden|stone] house [by the sea|near the woods|at the end of a quiet street|
    on a green hill|next to a bakery|across from the park|behind the school|by the river|with a round window|under two tall trees|in a busy town|in a small village]`,
};

const girlNames =
  words(`Lily Mia Emma Anna Lucy Ella Zoe Sara Nina Ruby Rosie Ivy Molly Amy Kate Jane Eva Maya Clara Alice Nora Hannah
  Julia Lena Tess Sophie Grace Leah Abby Wendy Penny Tina Maria Priya Aisha Yuki Mei Ines Freya Greta Olga Amara Zara Leila Nadia Carmen Rosa
  Elsa Ada Kira Beth Polly Sally Dora June Isla Hana Fatima Chloe Stella`);
const boyNames =
  words(`Tom Ben Max Sam Tim Jack Leo Noah Finn Luke Adam Theo Oscar Henry Peter Owen Eli Danny Jamie Oliver Toby Simon Jonah
  Milo Felix Hugo Liam Ethan Nico Marco Diego Omar Ali Ravi Kenji Hiro Ivan Pavel Lars Emil Anton Kofi Jabari Mateo Pablo Rafael Arjun Amir
  Yusuf Charlie Harry Willy George Joe Andy Bobby Freddie Walter Louis Caleb`);

/** Girls and boys. */
// prettier-ignore
export const children: Table = table([
  ...girlNames.map((name) => ({ name, kind: 'girl', sibling: 'sister', ...PRONOUNS.she, ...childFields })),
  ...boyNames.map((name) => ({ name, kind: 'boy', sibling: 'brother', ...PRONOUNS.he, ...childFields })),
]);

/** A child's parents and grandparents: `kind` is the word for them, `name` is how the child calls them. */
// prettier-ignore
export const family: Table = table([
  { name: 'Mom', kind: 'mom', ...PRONOUNS.she },
  { name: 'Dad', kind: 'dad', ...PRONOUNS.he },
  { name: 'Grandma', kind: 'grandma', ...PRONOUNS.she },
  { name: 'Grandpa', kind: 'grandpa', ...PRONOUNS.he },
]);

/** Only the parents, for what happens at home every day. */
export const parents: Table = family.slice(0, 2);

/** Only the grandparents, for visits. */
export const grandparents: Table = family.slice(2);

/** Grown-ups who live or work close by; `work` says what they do. */
// prettier-ignore
export const neighbors: Table = table([
  { name: 'Mr. Baker', work: 'made the best bread in town', ...PRONOUNS.he },
  { name: 'Mrs. Green', work: 'grew roses behind her fence', ...PRONOUNS.she },
  { name: 'Mr. Hill', work: 'fixed old clocks', ...PRONOUNS.he },
  { name: 'Mrs. Flores', work: 'sold flowers on the corner', ...PRONOUNS.she },
  { name: 'Mr. Singh', work: 'drove the big yellow bus', ...PRONOUNS.he },
  { name: 'Miss Lee', work: 'took care of the books in the library', ...PRONOUNS.she },
  { name: 'Mr. Okoro', work: 'painted boats by the river', ...PRONOUNS.he },
  { name: 'Mrs. Novak', work: 'knitted warm socks', ...PRONOUNS.she },
  { name: 'Mr. Rossi', work: 'sold fruit at the market', ...PRONOUNS.he },
  { name: 'Miss Wood', work: 'made chairs and tables', ...PRONOUNS.she },
  { name: 'Mr. Frost', work: 'brought the mail', ...PRONOUNS.he },
  { name: 'Mrs. Kim', work: 'kept bees and sold honey', ...PRONOUNS.she },
]);

/** Teachers. */
export const teachers: Table = table([
  ...words('Miss.Rose Mrs.Bell Miss.Park Mrs.Young Miss.Day Mrs.Cook').map((name) => ({
    name: name.replace('.', name.startsWith('Miss') ? ' ' : '. '),
    ...PRONOUNS.she,
  })),
  ...words('Stone Brown Gray Lopez').map((name) => ({ name: `Mr. ${name}`, ...PRONOUNS.he })),
]);

/** One species: the names of its girls and boys, then what the text may say about each of them. */
interface Species {
  readonly kind: string;
  readonly she: string;
  readonly he: string;
  readonly home: string;
  readonly lives: string;
  readonly went: string;
  readonly likes: string;
  readonly feature: string;
  readonly hands?: string;
}

/** Every named animal of the given species. */
function animals(species: readonly Species[]): Table {
  return table(
    species.flatMap(({ she, he, ...fields }) => [
      ...words(she).map((name) => ({ name, hands: 'paws', ...fields, ...PRONOUNS.she })),
      ...words(he).map((name) => ({ name, hands: 'paws', ...fields, ...PRONOUNS.he })),
    ]),
  );
}

/** Small animals of the woods. */
// prettier-ignore
export const smallWoodland = animals([
  { kind: 'rabbit', she: 'Clover Daisy Bonnie Cotton', he: 'Thumper Benny Hopper Basil', home: 'burrow',
    lives: 'in a [snug|warm|cozy] burrow under [a grassy bank|the roots of a pine|a bramble bush]', went: 'hopped',
    likes: 'carrots', feature: '[long, soft|floppy] ears' },
  { kind: 'mouse', she: 'Minnie Pepper Thimble Tilly', he: 'Pip Squeak Crumb Button', home: 'hole',
    lives: 'in a [tiny|cozy] hole [under an old stump|behind a mossy stone|between the roots of a tree]',
    went: 'scurried', likes: 'cheese', feature: '[a long, thin tail|round pink ears]' },
  { kind: 'squirrel', she: 'Hazel Maple Ginger Tansy', he: 'Chip Rusty Nutty Acorn', home: 'nest',
    lives: 'in a [round|warm] nest high in [an oak tree|a pine tree|a beech tree]', went: 'scampered', likes: 'nuts',
    feature: 'a [bushy|fluffy] tail' },
  { kind: 'hedgehog', she: 'Bristle Hettie Olive Juniper', he: 'Spike Prickle Hubert Thistle', home: 'den',
    lives: 'in a den [of dry leaves|under a thick hedge|beneath a pile of branches]', went: 'shuffled',
    likes: 'mushrooms', feature: '[a coat of spines|a tiny wet nose]' },
  { kind: 'frog', she: 'Lilypad Ripple Mossy Fern', he: 'Croaky Jumper Puddle Ribbit', home: 'reed hut',
    lives: 'in a reed hut [beside a quiet pond|on the bank of a little pond|by the water]', went: 'hopped',
    likes: 'berries', feature: '[strong green legs|big golden eyes]', hands: 'feet' },
  { kind: 'turtle', she: 'Shelly Myrtle Tora Pebble', he: 'Sheldon Murphy Otto Boulder', home: 'little cave',
    lives: 'in a little cave [near a slow stream|by the pond|behind some wide green leaves]', went: 'plodded',
    likes: 'lettuce', feature: 'a [hard|shiny|round] shell', hands: 'feet' },
  { kind: 'mole', she: 'Velvet Dotty Mona', he: 'Digger Monty Smudge', home: 'tunnel',
    lives: 'in a [long|winding] tunnel under [the meadow|the grass|a hill]', went: 'shuffled', likes: 'roots',
    feature: '[soft black fur|a pink nose]' },
  { kind: 'chipmunk', she: 'Cookie Tawny Peanut', he: 'Stripe Dash Alfie', home: 'hollow log',
    lives: 'in a hollow log [beside a path|near the stream|under the ferns]', went: 'scampered', likes: 'seeds',
    feature: '[five dark stripes|round cheeks]' },
]);

/** Bigger animals of the woods. */
// prettier-ignore
export const bigWoodland = animals([
  { kind: 'fox', she: 'Ruby Ember Sienna Vixie', he: 'Red Copper Foxy Reynard', home: 'den',
    lives: 'in a [deep|dry] den [under a hill|between two rocks|beneath a fallen tree]', went: 'trotted',
    likes: 'grapes', feature: '[a long red tail|a clever red face]' },
  { kind: 'bear', she: 'Honey Ursa Bertha Mabel', he: 'Bruno Barney Grumble Teddy', home: 'cave',
    lives: 'in a [big|warm|quiet] cave [on the mountain|near the waterfall|behind the pines]', went: 'strolled',
    likes: 'berries', feature: '[thick brown fur|big round ears]' },
  { kind: 'badger', she: 'Betsy Bramble Agnes', he: 'Bertie Stanley Digby', home: 'home',
    lives: 'in a [large|tidy] home under [the hill|the old elm]', went: 'trotted', likes: 'apples',
    feature: 'a [black and white|striped] face' },
  { kind: 'deer', she: 'Willow Fiona Luna Fawn', he: 'Dapple Rowan Aspen Bracken', home: 'glade',
    lives: 'in a [quiet|hidden|green] glade [in the woods|between the birches]', went: 'trotted', likes: 'clover',
    feature: '[long, thin legs|white spots on a brown coat]', hands: 'hooves' },
  { kind: 'raccoon', she: 'Roxy Rita Masky', he: 'Rascal Bandit Rocky', home: 'hollow tree',
    lives: 'in a hollow tree [near the creek|at the edge of the woods]', went: 'padded', likes: 'corn',
    feature: '[a ringed tail|black rings around the eyes]' },
  { kind: 'otter', she: 'Splash Marina Coral', he: 'Ollie Brook Dipper', home: 'den',
    lives: 'in a den [on the bank of the river|by the water]', went: 'slid', likes: 'clams',
    feature: '[smooth brown fur|a strong, flat tail]' },
]);

/** Birds that fly. */
// prettier-ignore
export const birds = animals([
  { kind: 'robin', she: 'Scarlet Cherry Robina', he: 'Robbie Chirp Rowan', home: 'nest',
    lives: 'in a [neat|round] nest [in the apple tree|in a hedge]', went: 'flew', likes: 'cherries',
    feature: 'a [bright|warm] red chest', hands: 'wings' },
  { kind: 'sparrow', she: 'Jenny Dot Tweety', he: 'Jasper Pecky Wren', home: 'nest',
    lives: 'in a [small|messy] nest [under a roof|in a bush]', went: 'flew', likes: 'crumbs',
    feature: '[soft brown wings|a short, strong beak]', hands: 'wings' },
  { kind: 'owl', she: 'Olga Athena Winnie', he: 'Hoot Archie Oswald', home: 'nest',
    lives: 'in [an old|a hollow] tree [at the top of the hill|in the middle of the woods]', went: 'flew',
    likes: 'berries', feature: '[huge yellow eyes|soft gray feathers]', hands: 'wings' },
  { kind: 'crow', she: 'Raven Midnight Corva', he: 'Cole Jet Caw', home: 'nest',
    lives: 'in a nest [at the top of a poplar|high above the field]', went: 'flew', likes: 'corn',
    feature: '[shiny black feathers|a strong black beak]', hands: 'wings' },
  { kind: 'bluebird', she: 'Skye Belle Azura', he: 'Blue Indigo Whistle', home: 'nest',
    lives: 'in a [cozy|little] nest [in a willow|in a birch tree]', went: 'flew', likes: 'seeds',
    feature: '[sky-blue feathers|a sweet voice]', hands: 'wings' },
]);

/** Animals of the farm that walk about the yard. */
// prettier-ignore
export const farmAnimals = animals([
  { kind: 'pig', she: 'Petunia Truffle Rosy', he: 'Hamlet Percy Oink', home: 'sty',
    lives: 'in a [clean|warm] sty [behind the barn|next to the pond]', went: 'trotted', likes: 'apples',
    feature: 'a [curly|little pink] tail', hands: 'feet' },
  { kind: 'lamb', she: 'Snowy Woolly Lottie', he: 'Lambert Curly Wally', home: 'meadow',
    lives: 'in a [green|sunny] meadow [behind the farmhouse|by the stone wall]', went: 'skipped', likes: 'grass',
    feature: '[a soft white coat|curly wool]', hands: 'feet' },
  { kind: 'goat', she: 'Nanny Heidi Bella', he: 'Billy Gruff Gordie', home: 'shed',
    lives: 'in a shed [on the hill|behind the farmhouse]', went: 'trotted', likes: 'leaves',
    feature: '[a little white beard|two short horns]', hands: 'feet' },
  { kind: 'calf', she: 'Buttercup Bessie Moona', he: 'Patch Domino Barnaby', home: 'barn',
    lives: 'in a [big red|large old] barn', went: 'walked', likes: 'hay',
    feature: '[brown and white spots|long eyelashes]', hands: 'feet' },
  { kind: 'pony', she: 'Star Sugar Misty', he: 'Flash Toffee Chester', home: 'stable',
    lives: 'in a stable [full of sweet hay|at the edge of the field]', went: 'trotted', likes: 'carrots',
    feature: '[a long, silky mane|a white mark like a star]', hands: 'hooves' },
  { kind: 'duck', she: 'Dilly Quackers Jemima', he: 'Drake Waddles Donny', home: 'nest',
    lives: 'in a nest of straw [by the farm pond|beside the barn]', went: 'waddled', likes: 'bread',
    feature: '[yellow feet|soft white feathers]', hands: 'wings' },
  { kind: 'kitten', she: 'Whiskers Mittens Socks', he: 'Tiger Simba Ash', home: 'basket',
    lives: 'in a basket [in the kitchen of the farmhouse|up in the hayloft]', went: 'padded', likes: 'fish cakes',
    feature: '[long white whiskers|green eyes]' },
  { kind: 'puppy', she: 'Biscuit Roxie Dolly', he: 'Buddy Rex Scout', home: 'doghouse',
    lives: 'in a [little|wooden] doghouse [by the gate|near the farmhouse]', went: 'trotted', likes: 'biscuits',
    feature: '[a wagging tail|one white ear and one brown ear]' },
]);

/** Animals of the wide, hot grassland. */
// prettier-ignore
export const grasslandAnimals = animals([
  { kind: 'elephant', she: 'Ella Tula Nyla', he: 'Tembo Ernie Trunky', home: 'favorite tree',
    lives: 'near the [wide|muddy] river', went: 'strolled', likes: 'bananas',
    feature: '[a long gray trunk|big, floppy ears]', hands: 'feet' },
  { kind: 'giraffe', she: 'Gina Savanna Twiga', he: 'Gerald Stretch Geoffrey', home: 'favorite tree',
    lives: 'among the tall trees [of the grassland|by the river]', went: 'walked', likes: 'leaves',
    feature: 'a [very long|spotted] neck', hands: 'feet' },
  { kind: 'zebra', she: 'Zina Stripes Zola', he: 'Zack Zeke Ziggy', home: 'favorite tree',
    lives: '[on the open plain|near the water hole]', went: 'trotted', likes: 'grass',
    feature: 'black and white stripes', hands: 'hooves' },
  { kind: 'monkey', she: 'Coco Mimi Kiki', he: 'Bongo Momo Jojo', home: 'tree',
    lives: 'in a [huge|leafy] tree [full of figs|by the river]', went: 'scampered', likes: 'bananas',
    feature: '[a curly tail|long, quick arms]', hands: 'hands' },
  { kind: 'lion', she: 'Nala Kira Sunny', he: 'Leon Roary Goldie', home: 'den',
    lives: 'in a den [of warm rocks|under a flat rock]', went: 'padded', likes: 'melons',
    feature: '[golden fur|a loud, deep voice]' },
  { kind: 'meerkat', she: 'Suri Tikka Mila', he: 'Timon Sandy Scoot', home: 'burrow', lives: 'in a sandy burrow',
    went: 'scurried', likes: 'seeds', feature: '[dark, bright eyes|a thin tail]' },
]);

/** All animals of the woods that walk on the ground. */
export const woodland: Table = [...smallWoodland, ...bigWoodland];

/** Beings that children imagine; unlike animals they may do anything. */
// prettier-ignore
export const imaginary: Table = table([
  { name: 'Ember', kind: 'dragon', look: '[green|red|purple|small green] scales',
    power: 'breathe little puffs of smoke', home: 'cave', ...PRONOUNS.she },
  { name: 'Smoky', kind: 'dragon', look: '[green|blue|silver] scales', power: 'breathe fire', home: 'cave',
    ...PRONOUNS.he },
  { name: 'Bumble', kind: 'giant', look: 'boots as big as boats', power: 'lift a whole tree with one hand',
    home: 'castle', ...PRONOUNS.he },
  { name: 'Tulla', kind: 'giant', look: 'a hat as wide as a roof', power: 'step over a river', home: 'castle',
    ...PRONOUNS.she },
  { name: 'Grub', kind: 'troll', look: '[green|tangled|mossy] hair', power: 'carry heavy stones', home: 'bridge',
    ...PRONOUNS.he },
  { name: 'Mosella', kind: 'troll', look: 'a nose like a potato', power: 'carry heavy stones', home: 'bridge',
    ...PRONOUNS.she },
  { name: 'Fuzz', kind: 'monster', look: '[blue|orange|purple] fur', power: 'roll like a ball', home: 'cave',
    ...PRONOUNS.he },
  { name: 'Wuzzy', kind: 'monster', look: 'three [kind|round|yellow] eyes', power: 'bounce over the bushes',
    home: 'cave', ...PRONOUNS.she },
]);

/** Beings with a little magic who give help or wishes. */
// prettier-ignore
export const helpersWithMagic: Table = table([
  { name: 'fairy', look: 'silver wings', size: 'tiny', ...PRONOUNS.she },
  { name: 'elf', look: 'a pointed green hat', size: 'little', ...PRONOUNS.he },
  { name: 'gnome', look: 'a long white beard', size: 'little', ...PRONOUNS.he },
  { name: 'unicorn', look: 'a golden horn', size: 'white', ...PRONOUNS.she },
  { name: 'wizard', look: 'a blue coat full of stars', size: 'very old', ...PRONOUNS.he },
  { name: 'talking swan', look: 'feathers like silver', size: 'white', ...PRONOUNS.he },
]);
