/** @file Things that the stories are about: toys, treats, flowers, tools and treasures. All of them are an `it`. */

import { table, type Table } from './story.ts';

/** Toys: `looks` are adjectives that fit, `play` is what one does with it. */
// prettier-ignore
export const toys: Table = table([
  { name: 'ball', looks: '[red|blue|striped|bouncy|shiny|yellow]',
    play: 'bounced it [against the wall|up and down|as high as a chair]' },
  { name: 'teddy bear', looks: '[brown|soft|fluffy|old|gray]',
    play: 'gave it [a hug|a ride on a pillow|a seat at the table]' },
  { name: 'doll', looks: '[little|pretty|curly-haired|cloth|wooden]',
    play: '[combed its hair|dressed it in a new coat|sang it a song]' },
  { name: 'toy car', looks: '[red|fast|green|silver|tiny]',
    play: 'drove it [around the chairs|over the rug|up and down the stairs]' },
  { name: 'toy train', looks: '[wooden|long|blue|shiny black]',
    play: 'pulled it [along the floor|under the table|through a tunnel of books]' },
  { name: 'toy boat', looks: '[white|little|wooden|blue]',
    play: 'let it float [in a bowl|in the tub|across a puddle]' },
  { name: 'toy robot', looks: '[silver|square|funny|shiny]',
    play: 'made it [walk across the table|wave its arms|march in a circle]' },
  { name: 'toy dinosaur', looks: '[green|spiky|orange|big]',
    play: 'made it [roar|stomp over the rug|guard the bed]' },
  { name: 'stuffed rabbit', looks: '[white|soft|floppy|gray]',
    play: 'gave it [a kiss on the nose|a cup of pretend tea|a ride in a basket]' },
  { name: 'stuffed elephant', looks: '[gray|soft|blue|small]',
    play: '[swung it by the trunk|gave it pretend peanuts|tucked it under a blanket]' },
  { name: 'toy plane', looks: '[red|paper|white|shiny]',
    play: 'flew it [over the sofa|around the lamp|from room to room]' },
  { name: 'drum', looks: '[red|round|little|loud]',
    play: 'played it [with two wooden spoons|all over the house|as loudly as a parade]' },
  { name: 'spinning top', looks: '[bright|wooden|golden|striped]',
    play: 'spun it [on the table|until it hummed|again and again]' },
  { name: 'puppet', looks: '[funny|wooden|cloth|silly]', play: 'made it [dance|bow|tell jokes]' },
]);

/** Things one can ride or use outside, that take practice: what one does wrong first, and what one must do. */
// prettier-ignore
export const skills: Table = table([
  { name: 'ride a bike', tool: 'bike', looks: '[red|blue|shiny|green]',
    first: 'the bike wobbled, and {he} tipped over', tip: 'Look ahead, not down at your feet',
    result: '{He} rode [all the way to the corner|past the big tree|in a straight line]', place: 'on the path' },
  { name: 'skate', tool: 'pair of skates', looks: '[new|shiny]',
    first: '{his} feet slid away, and {he} sat down with a bump', tip: 'Bend your knees a little',
    result: '{He} rolled [all the way to the gate|around the whole yard|past the bench]', place: 'in the yard' },
  { name: 'jump rope', tool: 'jump rope', looks: '[pink|long|striped|new]',
    first: 'the rope caught on {his} toes', tip: 'Listen to the rope and jump when it taps the ground',
    result: '{He} jumped [five|seven|ten|eleven] times in a row', place: 'on the sidewalk' },
  { name: 'juggle', tool: 'set of juggling balls', looks: '[new|bright|colorful]',
    first: 'every ball fell and rolled away', tip: 'Begin with one ball, then add another',
    result: '{He} kept all three balls in the air', place: 'in the yard' },
  { name: 'fly a kite', tool: 'kite',
    looks: '[yellow|diamond-shaped|rainbow|purple]', first: 'the kite dived and landed on its nose',
    tip: 'Wait for the wind, and then let out the string slowly',
    result: 'The kite climbed [higher than the trees|until it looked like a bird|into the blue sky]',
    place: 'on the hill' },
  { name: 'play the drum', tool: 'drum', looks: '[red|round|shiny|real]',
    first: 'it sounded like pots falling down the stairs', tip: 'Count one, two, three, four',
    result: '{He} played a whole march', place: 'in {his} room' },
  { name: 'catch a ball', tool: 'ball',
    looks: '[white|soft|orange|rubber]', first: 'the ball flew right past {his} hands',
    tip: 'Keep your eyes on the ball', result: '{He} caught [four|six|nine] balls in a row', place: 'in the yard' },
  { name: 'hula hoop', tool: 'hoop', looks: '[pink|green|shiny|big]',
    first: 'the hoop dropped straight to the ground', tip: 'Make small circles, like stirring soup',
    result: 'The hoop went around [ten|twelve|twenty] times', place: 'on the grass' },
]);

/** Things to bake or cook: what goes into it, what may be missing and who has some. */
// prettier-ignore
export const dishes: Table = table([
  { name: 'apple pie', ready: 'came out of the oven', share: 'a slice of pie',
    mix: 'peeled the apples and rolled out the dough', missing: 'cinnamon',
    smell: '[sweet and warm|like apples and cinnamon]' },
  { name: 'chocolate cake', ready: 'came out of the oven', share: 'a piece of cake',
    mix: 'stirred the batter in a big bowl', missing: 'sugar', smell: '[rich and sweet|like chocolate]' },
  { name: 'loaf of bread', ready: 'came out of the oven', share: 'a slice of bread with butter',
    mix: 'pressed and folded the soft dough', missing: 'flour', smell: '[warm and fresh|like a bakery]' },
  { name: 'pan of muffins', ready: 'came out of the oven', share: 'a warm muffin',
    mix: 'mashed the bananas with a fork', missing: 'butter', smell: '[sweet and buttery|like bananas]' },
  { name: 'blueberry tart', ready: 'came out of the oven', share: 'a slice of tart',
    mix: 'washed the berries and rolled out the dough', missing: 'milk', smell: '[fruity and sweet|like summer]' },
  { name: 'carrot cake', ready: 'came out of the oven', share: 'a piece of cake',
    mix: 'grated the orange carrots into a bowl', missing: 'honey', smell: '[sweet and spicy|like honey]' },
  { name: 'lemon cake', ready: 'came out of the oven', share: 'a piece of cake', mix: 'squeezed the yellow lemons',
    missing: 'eggs', smell: '[fresh and sweet|like lemons]' },
  { name: 'pot of soup', ready: 'came off the stove', share: 'a bowl of soup',
    mix: 'cut the soft vegetables with a small, safe knife', missing: 'salt',
    smell: '[hot and good|like a whole garden]' },
]);

/** Plants to grow from a seed, and what becomes of them. */
// prettier-ignore
export const plants: Table = table([
  { name: 'sunflower', seed: 'a striped seed',
    grown: 'a yellow flower [as big as a plate|taller than {hero}|as round as the sun]',
    use: 'the birds came to eat its seeds' },
  { name: 'pumpkin', seed: 'a flat white seed', grown: 'a [fat|huge|round] orange pumpkin',
    use: 'they made [soup|a pie] from it, and a lantern too' },
  { name: 'strawberry plant', seed: 'a seed as small as a dot', grown: 'a bush full of [sweet|red|juicy] berries',
    use: 'there were enough berries for [jam|everybody]' },
  { name: 'tomato plant', seed: 'a thin, flat seed', grown: 'a tall plant with [seven|nine|ten] red tomatoes',
    use: 'they ate a big salad together' },
  { name: 'bean plant', seed: 'a smooth brown bean',
    grown: 'a long green vine that climbed [up a pole|over the fence|to the window]',
    use: 'they picked a whole basket of beans' },
  { name: 'watermelon', seed: 'a shiny black seed',
    grown: 'a striped green melon [as heavy as a cat|too big to carry]',
    use: 'everybody on the street got a cold, sweet slice' },
  { name: 'rose bush', seed: 'a small brown seed', grown: 'a bush with [pink|white|red] roses',
    use: 'bees and butterflies visited it every day' },
]);

/** Presents that a child can make; `from` is what it is made of. */
// prettier-ignore
export const handmade: Table = table([
  { name: 'card', made: 'folded a sheet of paper and drew [a big heart|flowers|a rainbow] on it',
    from: 'paper and crayons' },
  { name: 'necklace', made: 'put [round|blue|shiny] beads on a string, one by one', from: 'beads and string' },
  { name: 'picture', made: 'painted [the whole family|a house with a garden|a boat on the sea]',
    from: 'paint and paper' },
  { name: 'paper crown', made: 'cut out a crown and glued [gold stars|bright dots|paper jewels] on it',
    from: 'paper and glue' },
  { name: 'flower pot', made: 'painted an old pot with [yellow dots|green leaves|little suns]',
    from: 'an old pot and some paint' },
  { name: 'bookmark', made: 'drew [tiny animals|tiny stars] on a strip of paper and tied a ribbon to it',
    from: 'paper and ribbon' },
  { name: 'clay bowl', made: 'rolled the clay and shaped it into a little bowl', from: 'clay' },
  { name: 'scarf', made: 'tied bits of soft wool together until they were long enough', from: 'bits of wool' },
]);

/** Things at home that can break, and how they can be mended. */
// prettier-ignore
export const breakables: Table = table([
  { name: 'vase', looks: '[blue|tall|glass|old]', place: 'on the table',
    broke: 'fell to the floor and broke into [three|four|many] pieces', mend: 'glued the pieces together' },
  { name: 'cup', looks: '[white|favorite|flowered|yellow]', place: 'on the shelf',
    broke: 'fell down, and its handle came off', mend: 'glued the handle back on' },
  { name: 'lamp', looks: '[little|green|round|golden]', place: 'beside the sofa',
    broke: 'tipped over, and its shade tore', mend: 'put a patch on the shade' },
  { name: 'clock', looks: '[old|wooden|round|loud]', place: 'on the wall',
    broke: 'dropped to the floor and stopped ticking', mend: 'turned a tiny screw until it ticked again' },
  { name: 'picture frame', looks: '[silver|wooden|golden|thin]', place: 'above the sofa',
    broke: 'fell down, and one corner cracked', mend: 'pressed the corner together with a nail and some glue' },
  { name: 'teapot', looks: '[blue|round|old|painted]', place: 'on the kitchen table',
    broke: 'rolled off and lost its spout', mend: 'glued the spout in its place' },
  { name: 'flower pot', looks: '[red|clay|big|painted]', place: 'by the window',
    broke: 'fell and cracked, and soil went everywhere', mend: 'moved the plant into a new pot' },
  { name: 'music box', looks: '[tiny|wooden|silver|pretty]', place: 'on the chest',
    broke: 'fell down and made no more music', mend: 'pushed a loose pin back until it played its song' },
]);

/** Tasty things that two can share. */
export const treats: Table = table([
  { name: 'cookie', looks: '[big|round|warm|chocolate]' },
  { name: 'apple', looks: '[red|big|juicy|shiny]' },
  { name: 'orange', looks: '[sweet|big|round]' },
  { name: 'cupcake', looks: '[pink|little|lemon|chocolate]' },
  { name: 'pear', looks: '[yellow|ripe|sweet]' },
  { name: 'sandwich', looks: '[cheese|long|fat]' },
  { name: 'muffin', looks: '[warm|blueberry|big]' },
  { name: 'peach', looks: '[soft|fuzzy|ripe]' },
  { name: 'pretzel', looks: '[salty|twisted|warm]' },
  { name: 'slice of melon', looks: '[cold|sweet|big]' },
]);

/** Berries, nuts and fruit that grow wild, as plurals. */
export const wildFood: Table = table([
  { name: 'blackberries', one: 'blackberry', grow: 'on a thorny bush' },
  { name: 'nuts', one: 'nut', grow: 'under a tall tree' },
  { name: 'wild strawberries', one: 'strawberry', grow: 'on a sunny bank' },
  { name: 'blueberries', one: 'blueberry', grow: 'on the hillside' },
  { name: 'plums', one: 'plum', grow: 'on a crooked tree' },
  { name: 'raspberries', one: 'raspberry', grow: 'along the path' },
  { name: 'apples', one: 'apple', grow: 'on an old tree' },
]);

/** Small things to find and keep. */
export const treasures: Table = table([
  { name: 'shell', looks: '[pink|white|curled|shiny]' },
  { name: 'stone', looks: '[smooth|speckled|green|round]' },
  { name: 'feather', looks: '[blue|long|soft|striped]' },
  { name: 'button', looks: '[golden|red|wooden|pearl]' },
  { name: 'pine cone', looks: '[brown|big|perfect]' },
  { name: 'marble', looks: '[blue|green|clear|swirly]' },
  { name: 'key', looks: '[rusty|tiny|silver|old]' },
  { name: 'coin', looks: '[shiny|old|copper|silver]' },
  { name: 'leaf', looks: '[red|golden|heart-shaped|huge]' },
  { name: 'bell', looks: '[small|silver|brass]' },
]);
