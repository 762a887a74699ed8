/** @file Where the stories of animals happen. */

import { acts } from '../verbs.ts';
import { table, type Table } from '../story.ts';
import { folk } from './people.ts';

/** Places of the animals, with the fields of the places of children. */
// prettier-ignore
export const wildPlaces: Table = table([
  { name: 'the forest', in: 'in the forest', to: 'into the forest',
    high: table(['the tallest pine', 'an old oak', 'a rotten tree trunk', 'a thorny hawthorn']),
    spots: table(['under the ferns', 'behind a mossy stone', 'beside a fallen log', 'between two roots', 'next to an ant hill']),
    folk: folk('he woodpecker', 'she old owl', 'he wild boar', 'she lynx'),
    acts: acts('gather [acorns|pine cones|mushrooms]', 'jump over [the roots|the puddles]', 'build [a hut|a den] of [twigs|branches]', 'play [hide-and-seek|tag] among the trees'),
    sight: '[a ring of red mushrooms|a woodpecker at work|a spider web full of dew]', noise: '[a twig snapped|an owl hooted|the leaves rustled]' },
  { name: 'the meadow', in: 'in the meadow', to: 'to the meadow',
    high: table(['a lonely apple tree', 'a wooden fence', 'the scarecrow', 'a tall thistle']),
    spots: table(['under the clover', 'behind a hay bale', 'beside a molehill', 'between the poppies', 'next to a stone wall']),
    folk: folk('she hare', 'he grasshopper', 'she cow with a bell', 'he stork'),
    acts: acts('chase [butterflies|grasshoppers|the wind]', 'pick [poppies|daisies|buttercups]', 'roll in the [clover|hay|tall grass]', 'make [crowns|chains] of daisies'),
    sight: '[a cloud of white butterflies|a hare with long ears|a field of red poppies]', noise: '[a cricket chirped|a cow bell rang|a lark sang]' },
  { name: 'the river', in: 'by the river', to: 'to the river',
    high: table(['a bent willow', 'a beaver dam', 'a slippery rock', 'the rail of the old bridge']),
    spots: table(['under the bridge', 'behind the reeds', 'beside a big gray rock', 'between the water lilies', 'next to the waterfall']),
    folk: folk('he beaver', 'she swan', 'he kingfisher', 'she old trout'),
    acts: acts('float [leaves|bark boats|walnut shells]', 'splash in the [cool|shallow] water', 'look for [round|shiny|white] pebbles', 'hop from stone to stone'),
    sight: '[a kingfisher with a fish|a leaf with a beetle on it|[four|six] ducklings in a row]', noise: '[a fish jumped|a heron cried|the water gurgled]' },
  { name: 'the hill', in: 'on the hill', to: 'up the hill',
    high: table(['a crooked birch', 'a tall gray rock', 'the old watchtower', 'a bramble hedge']),
    spots: table(['under a flat stone', 'behind the heather', 'beside a rabbit hole', 'between the blueberry bushes', 'next to a tiny spring']),
    folk: folk('he eagle', 'she mountain goat', 'he lizard', 'she old donkey'),
    acts: acts('pick [blueberries|raspberries|wild thyme]', 'watch the [clouds|eagles|sunset]', 'slide down the [grass|slope] on a piece of bark', 'shout and wait for the echo'),
    sight: '[an eagle high above|the whole valley|a lizard on a warm stone]', noise: '[a stone rolled|the wind howled|an eagle cried]' },
  { name: 'the pond', in: 'at the pond', to: 'to the pond',
    high: table(['a leaning alder', 'a bundle of reeds', 'the roof of the duck house', 'a slimy post']),
    spots: table(['under a lily pad', 'behind the cattails', 'beside a sunken boat', 'between two wet stones', 'next to the duck house']),
    folk: folk('she mother duck', 'he bullfrog', 'she water rat', 'he old carp'),
    acts: acts('count the [tadpoles|snails|water beetles]', 'skate on the [duckweed|lily pads]', 'race [snails|water beetles|leaf boats]', 'sing with the frogs'),
    sight: '[a frog on a lily pad|a dragonfly as blue as the sky|a snail with a striped house]', noise: '[a frog croaked|something went plop|a duck quacked]' },
  { name: 'the orchard', in: 'in the orchard', to: 'to the orchard',
    high: table(['a plum tree', 'a pear tree', 'a long ladder', 'the roof of the cider house']),
    spots: table(['under a basket', 'behind the beehives', 'beside the wheelbarrow', 'between the fallen apples', 'next to the garden gate']),
    folk: folk('he hornet', 'she queen bee', 'he old hound', 'she hen'),
    acts: acts('collect [ripe|red|fallen] [apples|plums]', 'taste the [pears|cherries|plums]', 'listen to the [bees|starlings]', 'climb the [cherry|apple|walnut] tree'),
    sight: '[a wasp on a plum|a ladder with a broken step|a hundred red apples]', noise: '[an apple fell|the bees hummed|a hen cackled]' },
]);

/** Burrows, hollows and what lies in them. */
// prettier-ignore
export const dens: Table = table([
  { name: 'the burrow', in: 'in the burrow', spots: table(['under the moss', 'behind the carrots', 'in the nut jar', 'between two roots', 'on top of the leaf pile']) },
  { name: 'the hollow tree', in: 'in the hollow tree', spots: table(['under the straw bed', 'behind the door of bark', 'in an old nest', 'between two acorns', 'on top of the mushroom table']) },
  { name: 'the cave', in: 'in the cave', spots: table(['under a blanket of leaves', 'behind a smooth rock', 'in the honey pot', 'between two pebbles', 'on top of the woodpile']) },
]);
