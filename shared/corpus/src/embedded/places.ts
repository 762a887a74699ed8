/** @file Where the stories happen: rooms and hiding places, places to visit, and the worlds of the animals. */

import { bigWoodland, farmAnimals, grasslandAnimals, smallWoodland, woodland } from './characters.ts';
import { table, type Table } from './story.ts';

/** Where a toy can hide at home; `found` is how it got there. */
export const spotsAtHome: Table = table([
  { name: 'under the bed', found: 'It had rolled there in the night' },
  { name: 'behind the sofa', found: 'It had slipped down there during a game' },
  { name: 'in the laundry basket', found: 'It had been carried away with the dirty socks' },
  { name: 'under the kitchen table', found: 'It had been left there at breakfast' },
  { name: 'in the toy box', found: 'It had been at the very bottom all the time' },
  { name: 'behind the curtain', found: 'It had been left on the window sill' },
  { name: 'under a pile of coats', found: 'It had been dropped there after a walk' },
  { name: 'in the closet', found: 'It had been put away with the winter hats' },
  { name: 'on top of the bookshelf', found: 'It had been put there to be safe' },
  { name: 'between the pillows', found: 'It had been tucked in for a nap' },
  { name: 'inside a big rubber boot', found: 'It had fallen in by the door' },
  { name: 'next to the bathtub', found: 'It had been forgotten after a bath' },
  { name: "in the dog's basket", found: 'The dog had borrowed it to have company' },
]);

/** Places for an outing. `in` answers where, `to` answers where to; `fun` is what one can do there. */
// prettier-ignore
export const outings: Table = table([
  { name: 'the park', in: 'in the park', to: 'to the park',
    fun: '[fed the ducks|went down the long slide|rolled on the grass]',
    sight: '[a pond with ducks|a row of red benches|a fountain]' },
  { name: 'the beach', in: 'at the beach', to: 'to the beach',
    fun: '[jumped over the little waves|dug a deep hole|looked for crabs]',
    sight: '[a boat full of nets|a striped umbrella|a puppy in the waves]' },
  { name: 'the zoo', in: 'at the zoo', to: 'to the zoo',
    fun: '[watched the monkeys swing|counted the penguins|waved at the tall giraffe]',
    sight: '[a sleepy lion|pink flamingos|an elephant taking a bath]' },
  { name: 'the market', in: 'at the market', to: 'to the market',
    fun: '[smelled the fresh bread|tasted a slice of melon|looked at all the colors]',
    sight: '[piles of oranges|a man with a tiny organ|buckets of tulips]' },
  { name: 'the fair', in: 'at the fair', to: 'to the fair',
    fun: '[rode the painted horses|ate pink cotton candy|threw rings at a row of bottles]',
    sight: '[a giant wheel|a clown on stilts|a machine that made bubbles]' },
  { name: 'the woods', in: 'in the woods', to: 'to the woods',
    fun: '[picked up pine cones|walked along a fallen log|listened to the birds]',
    sight: '[a woodpecker|a ring of red mushrooms|a tiny waterfall]' },
  { name: 'the museum', in: 'at the museum', to: 'to the museum',
    fun: '[looked at the dinosaur bones|counted the shiny stones|tried on a paper helmet]',
    sight: '[a whale that hung from the roof|a golden crown|an old, old boat]' },
  { name: 'the lake', in: 'at the lake', to: 'to the lake',
    fun: '[skipped stones|watched the tiny fish|splashed in the shallow water]',
    sight: '[a family of swans|a green rowboat|dragonflies above the reeds]' },
]);

/** Places where children play with each other, outside and close to home. */
export const playgrounds: Table = table([
  { name: 'the playground', in: 'at the playground', to: 'to the playground', seat: 'on the swing' },
  { name: 'the park', in: 'in the park', to: 'to the park', seat: 'on a bench' },
  { name: 'the schoolyard', in: 'in the schoolyard', to: 'to the schoolyard', seat: 'on the steps' },
  { name: 'the meadow', in: 'in the meadow', to: 'to the meadow', seat: 'under a tree' },
  { name: 'the garden', in: 'in the garden', to: 'to the garden', seat: 'by the fence' },
  { name: 'the beach', in: 'at the beach', to: 'to the beach', seat: 'on a flat rock' },
]);

/** The playgrounds that have trees. */
export const leafyPlaygrounds: Table = playgrounds.slice(0, 5);

/** The animals of a table that are of the given kinds. */
const only = (rows: Table, ...kinds: string[]) => rows.filter((row) => kinds.includes(row.kind as string));
const fastWoodland = only(woodland, 'rabbit', 'squirrel', 'deer', 'fox', 'chipmunk');
const slowWoodland = only(woodland, 'turtle', 'hedgehog', 'mole', 'frog', 'badger', 'bear');

/** The worlds in which animals meet each other, with those who live there. */
// prettier-ignore
export const worlds: Table = table([
  { name: 'the forest', in: 'in the forest', animals: woodland, fast: fastWoodland, slow: slowWoodland,
    path: 'the mossy path', water: 'the stream', tree: '[the old oak|the tallest pine]', open: 'the clearing',
    hill: '[Fern Hill|Acorn Hill]', dusk: 'The shadows of the trees grew long' },
  { name: 'the green wood', in: 'in the green wood', animals: [...smallWoodland, ...bigWoodland.slice(0, 8)],
    fast: fastWoodland, slow: slowWoodland, path: 'the winding trail', water: 'the brook',
    tree: '[the hollow elm|the great beech]', open: 'the glade', hill: '[Bluebell Hill|Owl Hill]',
    dusk: 'The light between the leaves turned red' },
  { name: 'the farm', in: 'on the farm', animals: farmAnimals,
    fast: only(farmAnimals, 'pony', 'puppy', 'kitten', 'goat'),
    slow: only(farmAnimals, 'duck', 'pig', 'lamb', 'calf'), path: 'the path behind the barn', water: 'the duck pond',
    tree: '[the apple tree|the old pear tree]', open: 'the yard', hill: '[Clover Hill|Windmill Hill]', dusk: 'The sun went down behind the barn' },
  { name: 'the grassland', in: 'in the wide grassland', animals: grasslandAnimals,
    fast: only(grasslandAnimals, 'zebra', 'lion', 'giraffe', 'monkey'),
    slow: only(grasslandAnimals, 'elephant', 'meerkat'), path: 'the dusty track', water: 'the water hole',
    tree: '[the fig tree|the umbrella tree]', open: 'the open plain', hill: '[Red Rock Hill|Lookout Hill]', dusk: 'The sky turned orange over the plain' },
]);
