/** @file Creatures without a name: those that steal, those that need help, those that one looks at. */

import { table } from '../story.ts';

const it = { he: 'it', him: 'it', his: 'its', himself: 'itself' } as const;

/** Thieves in town: how they look, how they take something, how they get away, and what they would rather have. */
// prettier-ignore
export const townThieves = table([
  { name: 'the dog', bare: 'dog', looks: '[big|brown|shaggy|spotted|young]', took: 'snatched', fled: '[ran|raced|trotted] away with [a wagging tail|flying ears]',
    up: 'under a parked car', wants: '[a bone|a stick|a piece of sausage|an old ball]', ...it },
  { name: 'the seagull', bare: 'seagull', looks: '[white|hungry|noisy|bold|fat]', took: 'grabbed', fled: 'flew [away|up] with a loud [cry|screech]',
    up: 'on a [high|gray] wall', wants: '[a piece of bread|a small fish|some crumbs|a cracker]', ...it },
  { name: 'the crow', bare: 'crow', looks: '[black|clever|big|cheeky|shiny]', took: 'picked up', fled: 'flew away [on wide wings|without a sound|with a caw]',
    up: 'on top of a lamp post', wants: '[a peanut|a shiny coin|a silver button|a walnut]', ...it },
  { name: 'the goat', bare: 'goat', looks: '[white|old|stubborn|hungry|brown]', took: 'grabbed', fled: '[galloped|trotted|jumped] away',
    up: 'on top of a pile of hay', wants: '[a carrot|a handful of grass|a cabbage leaf|an apple]', ...it },
  { name: 'the cat', bare: 'cat', looks: '[gray|striped|sly|black|fluffy]', took: 'snatched', fled: 'slipped away [like a shadow|on soft paws]',
    up: 'on the garden wall', wants: '[a little fish|a ball of yarn|a bowl of milk|a feather]', ...it },
]);

/** Thieves in the woods. */
// prettier-ignore
export const wildThieves = table([
  { name: 'the crow', bare: 'crow', looks: '[black|clever|big|cheeky|shiny]', took: 'picked up', fled: 'flew away [on wide wings|without a sound|with a caw]',
    up: 'on top of a dead tree', wants: '[a walnut|a shiny pebble|a blue marble|a red berry]', ...it },
  { name: 'the magpie', bare: 'magpie', looks: '[noisy|bold|young|black and white|sly]', took: 'snatched', fled: 'fluttered away with a [laugh|rattle|shriek]',
    up: 'on the highest branch of an elm', wants: '[a silver spoon|a shiny button|a bit of glass|a golden ring]', ...it },
  { name: 'the wild goat', bare: 'wild goat', looks: '[gray|old|stubborn|hungry|bearded]', took: 'grabbed', fled: '[galloped|trotted|jumped] away',
    up: 'on a steep rock', wants: '[a carrot|some clover|a lettuce leaf|an apple]', ...it },
  { name: 'the weasel', bare: 'weasel', looks: '[thin|quick|brown|sly|sneaky]', took: 'snatched', fled: 'slipped away [through the grass|like a shadow]',
    up: 'on a mossy log', wants: '[an egg|a bit of cheese|a plum|a honey cake]', ...it },
]);

/** Small creatures that may need help: where one finds them, what is wrong, and what helps. */
// prettier-ignore
export const patients = table([
  { name: 'the bird', bare: 'bird', looks: '[little|young|brown|tiny|gray]', trouble: 'had [fallen out of its nest|hurt its wing|flown against a window]',
    help: '[carried it back to its nest|made a soft bed of dry grass for it|put a tiny bandage on its wing]', food: '[seeds|worms|crumbs|berries]', thanks: '[sang its best song|flew three circles above {him}|chirped at {his} window]', ...it },
  { name: 'the kitten', bare: 'kitten', looks: '[small|gray|thin|wet|striped]', trouble: 'was [stuck in a drain pipe|lost and cold|tangled in a net]',
    help: '[pulled it out very slowly|wrapped it in a warm towel|cut the net with small scissors]', food: '[milk|fish|bits of chicken]', thanks: '[purred like an engine|rubbed its head against {his} legs|licked {his} nose]', ...it },
  { name: 'the turtle', bare: 'turtle', looks: '[old|slow|small|green]', trouble: 'was [lying on its back|stuck between two stones|walking on the busy road]',
    help: '[turned it over with both hands|moved the stones aside|carried it to the other side]', food: '[lettuce|dandelions|slices of cucumber]', thanks: '[nodded its wrinkled head|blinked slowly|followed {him} for a while]', ...it },
  { name: 'the duckling', bare: 'duckling', looks: '[yellow|fluffy|lost|tiny]', trouble: 'had [lost its mother|fallen into a hole|caught its foot in some string]',
    help: '[led it back to the pond|lifted it out with a hat|untied the string]', food: '[oats|peas|bread crumbs]', thanks: '[quacked happily|wagged its little tail|swam in a circle]', ...it },
  { name: 'the butterfly', bare: 'butterfly', looks: '[yellow|blue|orange|white]', trouble: 'was [caught in a spider web|lying in a puddle|sitting on the cold ground]',
    help: '[freed it with a thin straw|let it dry in the sun|let it climb onto a warm finger]', food: '[drops of sugar water|a slice of orange|sweet flowers]', thanks: '[landed on {his} hand|danced around {his} head|opened its bright wings]', ...it },
  { name: 'the baby goat', bare: 'baby goat', looks: '[white|wobbly|brown|hungry]', trouble: 'had [got its head stuck in a fence|a thorn in its foot|been left behind on the hill]',
    help: '[bent the wire apart|pulled the thorn out|led it home on a rope]', food: '[warm milk|fresh clover|hay]', thanks: '[jumped in the air|licked {his} hand|bleated with joy]', ...it },
]);
