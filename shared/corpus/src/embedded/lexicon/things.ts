/** @file Things: toys and clothes, what one eats, what breaks, what one finds. */

import { acts } from '../verbs.ts';
import { table, type Table } from '../story.ts';

const COLORS = 'red|blue|green|yellow|purple|orange|white|pink|brown|golden';

/** Light things that the wind takes, and things that one throws; `away` is how they got where they should not be. */
// prettier-ignore
export const flyers: Table = table([
  { name: 'kite', looks: `[${COLORS}|striped|homemade]`, play: '[flew|was flying]', away: '[the string snapped|a gust of wind pulled it away|it dived and turned over]' },
  { name: 'ball', looks: `[${COLORS}|bouncy|rubber|soft]`, play: '[threw|was throwing]', away: '[it bounced off a stone|it flew much too high|a hard kick sent it up]' },
  { name: 'hat', looks: `[${COLORS}|straw|wool|pointed]`, play: '[wore|was waving]', away: '[the wind blew it off|a gust lifted it up|it sailed away]' },
  { name: 'balloon', looks: `[${COLORS}|round|big]`, play: '[held|was holding]', away: '[the string slipped|a breeze carried it up|the knot came loose]' },
  { name: 'paper plane', looks: `[${COLORS}|folded|long]`, play: '[threw|was throwing]', away: '[it made a loop|it turned left|the wind caught it]' },
  { name: 'scarf', looks: `[${COLORS}|striped|knitted|long]`, play: '[wore|was waving]', away: '[the wind unwrapped it|a gust grabbed it|it flew off]' },
  { name: 'umbrella', looks: `[${COLORS}|spotted|little]`, play: '[opened|was twirling]', away: '[the storm turned it inside out|a gust pulled it away|it took off]' },
]);

/** Toys and other things of one's own. */
// prettier-ignore
export const toys: Table = table([
  ...'ball kite drum doll boat top puppet whistle lantern basket wagon shovel bucket crown necklace mask flute bell backpack flag puzzle'.split(' ')
    .map((name) => ({ name, looks: `[${COLORS}|tiny|big|old|shiny]` })),
  { name: 'teddy bear', looks: `[${COLORS}|soft|furry|old|one-eyed]` },
  { name: 'toy car', looks: `[${COLORS}|wooden|fast|tiny]` },
  { name: 'toy train', looks: `[${COLORS}|wooden|long|shiny]` },
  { name: 'music box', looks: `[${COLORS}|wooden|silver|tiny]` },
  { name: 'picture book', looks: `[${COLORS}|thick|old|torn]` },
  { name: 'magnifying glass', looks: `[${COLORS}|round|heavy|big]` },
]);

/** Things that break: by what, and how one mends them. */
// prettier-ignore
export const breakables: Table = table([
  { name: 'vase', looks: `[${COLORS}|tall|glass]`, broke: 'broke into [three|four|many] pieces', mend: 'glued the pieces together, one by one', need: 'glue' },
  { name: 'cup', looks: `[${COLORS}|favorite|flowered]`, broke: 'lost its handle', mend: 'glued the handle back on', need: 'glue' },
  { name: 'kite', looks: `[${COLORS}|striped]`, broke: 'got a [long|big] tear', mend: 'put a patch of [red|blue|white] cloth on the tear', need: 'a piece of cloth' },
  { name: 'drum', looks: `[${COLORS}|round|loud]`, broke: 'got a hole', mend: 'stretched a new skin over it', need: 'a piece of leather' },
  { name: 'clock', looks: `[${COLORS}|old|loud]`, broke: 'stopped ticking', mend: 'turned a tiny screw until it ticked again', need: 'a screwdriver' },
  { name: 'wagon', looks: `[${COLORS}|wooden]`, broke: 'lost a wheel', mend: 'put the wheel back with a new nail', need: 'a hammer and a nail' },
  { name: 'flute', looks: `[${COLORS}|wooden]`, broke: 'cracked in the middle', mend: 'wound some [thread|tape] around the crack', need: 'thread' },
  { name: 'lamp', looks: `[${COLORS}|tiny]`, broke: 'bent and went out', mend: 'straightened it and put in a new bulb', need: 'a new bulb' },
  { name: 'birdhouse', looks: `[${COLORS}|little]`, broke: 'lost its roof', mend: 'nailed on a new roof', need: 'some wood and nails' },
  { name: 'basket', looks: `[${COLORS}|woven]`, broke: 'tore at the side', mend: 'wove new twigs into it', need: 'some thin twigs' },
]);

/** What one eats. */
// prettier-ignore
export const foods: Table = table([
  ...'cookie apple pear peach muffin sandwich pancake plum cupcake banana pretzel waffle orange dumpling'.split(' ')
    .map((name) => ({ name, looks: '[big|small|sweet|warm|ripe|round|delicious|fresh]' })),
  { name: 'slice of cake', looks: '[big|thick|sweet|small]' },
  { name: 'piece of cheese', looks: '[yellow|big|soft|small]' },
  { name: 'bowl of berries', looks: '[big|sweet|little|full]' },
  { name: 'honey roll', looks: '[warm|sticky|sweet|big]' },
  { name: 'nut cake', looks: '[round|sweet|little|fresh]' },
]);

/** Dishes: what one does for them, what may be missing. */
// prettier-ignore
export const dishes: Table = table([
  { name: 'apple pie', mix: 'peeled [four|six|nine] apples and rolled out the dough', missing: 'cinnamon', share: 'slice' },
  { name: 'chocolate cake', mix: 'stirred the [dark|thick|sweet] batter', missing: 'sugar', share: 'slice' },
  { name: 'carrot soup', mix: 'cut [ten|a dozen|some] carrots and an onion', missing: 'salt', share: 'bowl' },
  { name: 'bread', mix: 'pressed and folded the [soft|heavy|warm] dough', missing: 'flour', share: 'piece' },
  { name: 'blueberry tart', mix: 'washed [a bowl|two cups] of blueberries', missing: 'butter', share: 'slice' },
  { name: 'honey cake', mix: 'cracked [two|three|four] eggs into a bowl', missing: 'honey', share: 'slice' },
  { name: 'nut bread', mix: 'chopped [a handful|a bag] of nuts', missing: 'nuts', share: 'slice' },
  { name: 'mushroom stew', mix: 'cleaned the [little|brown|fresh] mushrooms', missing: 'onions', share: 'bowl' },
  { name: 'lemon pudding', mix: 'squeezed [two|three|five] lemons', missing: 'milk', share: 'spoonful' },
]);

/** Small things that one finds and keeps. */
export const treasures: Table = table(
  'shell stone feather button key coin marble bell ring pearl bead'
    .split(' ')
    .map((name) => ({ name, looks: `[${COLORS}|smooth|shiny|tiny|old|strange]` })),
);

/** Things that one makes as a present, from what. */
// prettier-ignore
export const presents: Table = table([
  { name: 'card', made: 'drew [a heart|a boat|a rainbow|two birds] on thick paper', from: 'paper and [crayons|paint|chalk]' },
  { name: 'necklace', made: 'put [round|blue|wooden] beads on a string', from: 'beads and string' },
  { name: 'scarf', made: 'knitted [every evening|for a whole week|until late]', from: '[soft|thick|blue] wool' },
  { name: 'bowl', made: 'shaped the [wet|soft|gray] clay with both hands', from: 'clay' },
  { name: 'crown', made: 'cut out [eight|nine|ten] points and glued stars on them', from: 'golden paper' },
  { name: 'flower basket', made: 'wove the [long|thin|green] twigs in and out', from: 'twigs and flowers' },
  { name: 'lantern', made: 'painted [moons|fish|leaves] on a glass jar', from: 'a jar and paint' },
  { name: 'pillow', made: 'sewed [two|four] pieces of cloth together', from: 'cloth and feathers' },
]);

/** Skills that need practice: what goes wrong at first, what helps. */
// prettier-ignore
export const skills: Table = table([
  { name: 'ride a bike', wrong: '[the wheel wobbled|the bike tipped over|{he} rode into a bush]', tip: '[Look ahead, not at your feet|Pedal a little faster]', well: 'rode [to the corner|around the pond|down the lane] without falling' },
  { name: 'whistle', wrong: '[only air came out|it sounded like a kettle|{his} lips were too dry]', tip: '[Make your mouth round like an O|Wet your lips first]', well: 'whistled [a whole song|like a bird|so loudly that a dog came]' },
  { name: 'swim', wrong: '[water got into {his} nose|{his} legs sank|{he} swallowed a lot of water]', tip: '[Kick slowly, like a frog|Lie flat on the water]', well: 'swam [to the old post|ten strokes|across the pool]' },
  { name: 'skate', wrong: '[{he} sat down with a bump|{his} feet slid apart|{he} fell on {his} back]', tip: '[Bend your knees|Push with one foot at a time]', well: 'skated [in a circle|past the bench|backward]' },
  { name: 'juggle', wrong: '[all the balls rolled away|one ball hit {his} nose|{he} caught only one]', tip: '[Begin with two|Throw them to the same height]', well: 'juggled [three|four] [balls|apples|lemons]' },
  { name: 'tie a bow', wrong: '[the ends slipped out|it became a big knot|one loop was too long]', tip: '[Make two rabbit ears|Hold the loop tightly]', well: 'tied [both shoes|a bow as neat as a butterfly]' },
  { name: 'climb a rope', wrong: '[{his} hands slipped|{he} swung like a bell|{his} arms got tired]', tip: '[Hold the rope with your feet|Take small grips]', well: 'climbed [to the very top|up to the red mark]' },
  { name: 'play the flute', wrong: '[it only squeaked|the cat ran away|the notes were all wrong]', tip: '[Blow very softly|Cover the holes well]', well: 'played [a little dance|three songs|a tune for everybody]' },
  { name: 'catch a ball', wrong: '[the ball flew past {him}|it bounced off {his} chest|{he} closed {his} eyes]', tip: '[Watch the ball all the way|Make a nest with your hands]', well: 'caught it [five|six|eight] times in a row' },
]);

/** What people like to do anywhere. */
export const pastimes: Table = acts(
  'paint pictures of [whales|dragons|castles|horses|ships|the moon]',
  'tell [silly|scary|long|funny] stories',
  'collect [shells|stamps|leaves|buttons|feathers|stones]',
  'sing [old|loud|sweet] songs',
  'build [towers|bridges|forts|little houses]',
  'ask [hard|funny|many] questions',
  'dance in the [rain|kitchen|moonlight|grass]',
  'bake [cookies|bread|tiny cakes]',
  'climb [trees|rocks|hills|walls]',
  'read about [pirates|stars|bugs|kings|faraway lands]',
  'look at [clouds|ants|maps|the stars]',
  'make [masks|paper boats|jokes|mud pies]',
  'play [chess|tricks|the drum|hide-and-seek]',
).map((act) => ({ ...act, group: `pastime ${act.group as string}` })); // a group apart from what one does at a place
