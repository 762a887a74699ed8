/** @file Where the stories of children happen. */

import { acts } from '../verbs.ts';
import { table, type Table } from '../story.ts';
import { folk } from './people.ts';

/**
 * Places for an outing. `in` answers where, `to` where to; `high` is where a thing may get stuck, `spots` where it may lie,
 * `folk` who may come along, `acts` what one can do there, `noise` what one may hear.
 */
// prettier-ignore
export const places: Table = table([
  { name: 'the park', in: 'in the park', to: 'to the park',
    high: table(['a tall oak tree', 'the roof of the band stand', 'a bent lamp post', 'the top of the climbing frame']),
    spots: table(['behind the swings', 'under a green bench', 'beside the duck pond', 'between the rose bushes', 'next to the fountain']),
    folk: folk('she jogger', 'he gardener', 'he old man with a newspaper', 'she woman with three dogs', 'he ice cream seller'),
    acts: acts('feed the [ducks|pigeons|squirrels]', 'roll down the [grassy|little] hill', 'swing as high as the [trees|clouds]', 'slide down the [long|red|twisty] slide'),
    sight: '[a row of ducks|a man with [six|ten] balloons|two boys in a rowing boat|a squirrel with a nut]', noise: '[a dog barked|the church bell rang|a child laughed]' },
  { name: 'the beach', in: 'at the beach', to: 'to the beach',
    high: table(['the roof of the lifeguard tower', 'a flag pole', 'a steep cliff', 'the mast of an old boat']),
    spots: table(['under a striped towel', 'behind the dunes', 'beside a tide pool', 'between two rocks', 'next to an upturned boat']),
    folk: folk('she swimmer', 'he fisherman', 'she lifeguard', 'he man with a metal detector', 'she old sailor'),
    acts: acts('dig a [deep|round|huge] hole in the sand', 'look for [crabs|shells|starfish]', 'jump over the [little|foamy] waves', 'build a sandcastle with [four towers|a bridge|a moat]'),
    sight: '[a ship on the horizon|a crab that walked sideways|a boat with red sails|a line of pelicans]', noise: '[a gull screamed|a big wave crashed|a whistle blew]' },
  { name: 'the market', in: 'at the market', to: 'to the market',
    high: table(['the roof of a fruit stall', 'a tall statue', 'a string of flags', 'the sign of the cheese shop']),
    spots: table(['under a table of melons', 'behind a pile of baskets', 'beside the flower stall', 'between two barrels', 'next to the scales']),
    folk: folk('she flower seller', 'he baker', 'she woman with a big basket', 'he fishmonger', 'he young musician'),
    acts: acts('taste the [honey|cheese|grapes|olives]', 'smell the [fresh bread|flowers|spices]', 'count the [oranges|pumpkins|fish]', 'listen to the [organ|singers|fiddle]'),
    sight: '[a tower of oranges|a donkey with two baskets|buckets full of tulips|a man who juggled lemons]', noise: '[somebody dropped a crate|a trumpet sounded|a donkey brayed]' },
  { name: 'the farm', in: 'on the farm', to: 'to the farm',
    high: table(['the roof of the barn', 'a tall apple tree', 'the top of the hay wagon', 'the windmill']),
    spots: table(['behind the tractor', 'under a pile of straw', 'beside the pigsty', 'between two milk cans', 'next to the well']),
    folk: folk('he farmer', 'she milkmaid', 'he shepherd', 'she farmer with muddy boots'),
    acts: acts('collect [brown|warm|white] eggs', 'brush the [pony|donkey|calf]', 'pick [apples|strawberries|beans]', 'feed the [pigs|lambs|chickens]'),
    sight: '[seven fluffy chicks|a sow with nine piglets|a pony with a white star|a cat asleep on the tractor]', noise: '[a rooster crowed|a cow mooed|the gate slammed]' },
  { name: 'the lake', in: 'at the lake', to: 'to the lake',
    high: table(['a leaning willow', 'the roof of the boathouse', 'a wooden tower', 'the top of the diving board']),
    spots: table(['under the old pier', 'behind the reeds', 'beside a rowboat', 'between the water lilies', 'next to the campfire']),
    folk: folk('he boat builder', 'she woman in a canoe', 'he ranger', 'she painter'),
    acts: acts('skip [flat|smooth|round] stones', 'watch the [swans|dragonflies|frogs]', 'paddle [a canoe|a raft] near the shore', 'catch [tadpoles|minnows] in a jar'),
    sight: '[a family of swans|a heron on one leg|blue dragonflies|a beaver with a branch]', noise: '[a fish splashed|a frog croaked|thunder rolled far away]' },
  { name: 'the museum', in: 'at the museum', to: 'to the museum',
    high: table(['the head of a dinosaur', 'a tall glass case', 'the trunk of a stone elephant']),
    spots: table(['behind a knight in armor', 'under a wooden bench', 'beside the whale bones', 'between two statues', 'next to the ticket desk']),
    folk: folk('he guard', 'she guide', 'she student with a sketchbook', 'he professor'),
    acts: acts('draw the [dinosaurs|masks|statues]', 'count the [coins|butterflies|stones]', 'look at the [rockets|mummies|fossils]'),
    sight: '[a whale that hung from the ceiling|a golden crown|a tooth as long as an arm|a ship in a bottle]', noise: '[an alarm rang|a door creaked|footsteps echoed]' },
  { name: 'the school yard', in: 'in the school yard', to: 'to the school yard',
    high: table(['the roof of the gym', 'the basketball hoop', 'a maple tree', 'the fence around the tennis court']),
    spots: table(['under the stairs', 'behind the bicycle stand', 'beside the sandbox', 'between two trash cans', 'next to the front door']),
    folk: folk('he janitor', 'she music teacher', 'he crossing guard', 'she girl from the highest class'),
    acts: acts('jump [rope|over a long rope]', 'play [tag|marbles|hopscotch|soccer]', 'draw [a dragon|a rainbow|a whale] with chalk', 'climb [the wall bars|the little tower]'),
    sight: '[chalk drawings on the ground|a line of little backpacks|a team in yellow shirts]', noise: '[the bell rang|a whistle blew|somebody shouted]' },
  { name: 'the harbor', in: 'at the harbor', to: 'to the harbor',
    high: table(['the mast of a fishing boat', 'a tall crane', 'the roof of the fish market', 'the lighthouse']),
    spots: table(['under a heap of nets', 'behind the lobster pots', 'beside the ferry', 'between two barrels', 'next to a rusty anchor']),
    folk: folk('she captain', 'he sailor', 'he lighthouse keeper', 'she fisherwoman'),
    acts: acts('wave at the [ships|sailors|ferry]', 'count the [boats|gulls|flags]', 'watch the [fishermen|divers|cranes]', 'fish with a [long|short] string'),
    sight: '[a ferry full of cars|a seal between the boats|a boat painted like a fish]', noise: '[a ship blew its horn|a gull screamed|a chain rattled]' },
  { name: 'the garden', in: 'in the garden', to: 'to the garden',
    high: table(['the cherry tree', 'the roof of the shed', 'the top of the hedge', 'the chimney']),
    spots: table(['under the wheelbarrow', 'behind the compost heap', 'beside the rain barrel', 'between the cabbages', 'next to the flower pots']),
    folk: folk('he mailman', 'she lady from next door', 'he painter on a ladder', 'she girl from across the street'),
    acts: acts('water the [roses|tomatoes|sunflowers]', 'look for [snails|worms|ladybugs]', 'build [a tent|a fort] of [blankets|branches]', 'swing in the [hammock|old tire]'),
    sight: '[a snail on a cabbage leaf|a robin on the spade|bees in the lavender]', noise: '[a window banged|a bee buzzed|the gate squeaked]' },
  { name: 'the zoo', in: 'at the zoo', to: 'to the zoo',
    high: table(['the roof of the monkey house', 'a palm tree', 'the rock of the mountain goats', 'the fence of the giraffes']),
    spots: table(['under a picnic table', 'behind the penguin pool', 'beside the elephant gate', 'between two strollers', 'next to the popcorn stand']),
    folk: folk('she zookeeper', 'he man with a camera', 'she animal doctor', 'he boy with a balloon'),
    acts: acts('watch the [penguins|monkeys|otters]', 'wave at the [giraffe|elephant|old lion]', 'pet the [goats|rabbits|ponies]', 'count the [flamingos|turtles|zebras]'),
    sight: '[a yawning lion|a baby elephant|[three|five] sleepy owls|an ape that made faces]', noise: '[a lion roared|a parrot shrieked|an elephant trumpeted]' },
]);

/** Rooms of a house, and where things lie in them. */
// prettier-ignore
export const rooms: Table = table([
  { name: 'the kitchen', in: 'in the kitchen', spots: table(['under the table', 'behind the stove', 'in the bread box', 'between two pots', 'on top of the fridge']) },
  { name: 'the bedroom', in: 'in the bedroom', spots: table(['under the bed', 'behind the curtain', 'in the sock drawer', 'between the pillows', 'on top of the wardrobe']) },
  { name: 'the living room', in: 'in the living room', spots: table(['under the sofa', 'behind the big plant', 'in the log basket', 'between two cushions', 'on top of the bookshelf']) },
  { name: 'the attic', in: 'in the attic', spots: table(['under a dusty sheet', 'behind an old mirror', 'in a wooden chest', 'between two suitcases', 'on top of a broken chair']) },
  { name: 'the bathroom', in: 'in the bathroom', spots: table(['under the towels', 'behind the tub', 'in the laundry basket', 'between two bottles', 'on top of the cabinet']) },
  { name: 'the garage', in: 'in the garage', spots: table(['under the car', 'behind the bicycles', 'in the tool box', 'between two paint cans', 'on top of a tall shelf']) },
]);
