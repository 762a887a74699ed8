/** @file Plots indoors: a noise at night, a rainy day, a visit to the grandparents. */

import { children, family, grandparents, parents } from '../characters.ts';
import { plot, table } from '../story.ts';

const noises = table([
  {
    name: 'tap, tap, tap',
    fear: 'a monster with long fingers',
    cause: 'a branch that touched the window in the wind',
    after: 'the branch was only saying good night',
  },
  {
    name: 'drip, drop, drip',
    fear: 'a sea monster in the bathroom',
    cause: 'a tap that was not quite closed',
    after: 'water likes to sing',
  },
  {
    name: 'scratch, scratch',
    fear: 'a wolf at the door',
    cause: 'the cat, who wanted to come in',
    after: 'the cat was as sleepy as {he} was',
  },
  {
    name: 'creak, creak',
    fear: 'a giant on the stairs',
    cause: 'the old stairs, which creaked in the cold',
    after: 'old stairs have to stretch too',
  },
  {
    name: 'whoo, whoo',
    fear: 'a ghost on the roof',
    cause: 'an owl in the garden tree',
    after: 'the owl was only calling a friend',
  },
  {
    name: 'rattle, rattle',
    fear: 'a dragon under the bed',
    cause: 'a loose shutter that shook in the wind',
    after: 'the shutter was dancing with the wind',
  },
  {
    name: 'grr, grr, grr',
    fear: 'a bear in the hall',
    cause: '{parent}, who was snoring in the armchair',
    after: '{parent} had the loudest nose in the house',
  },
]);

const nightNoise = plot(
  'a noise at bedtime',
  {
    hero: children,
    parent: parents,
    noise: noises,
    toy: table(['teddy bear', 'stuffed dog', 'stuffed rabbit', 'toy lion', 'soft gray elephant', 'stuffed penguin']),
    light: '[flashlight|little lamp|night light]',
  },
  `{once} {He} was not afraid of [spiders|big dogs|deep water|loud trains], but {he} did not like [to be alone in the
  dark|dark rooms|the dark].

  {evening}, {hero} put on {his} [striped|blue|warm|starry] pajamas, brushed {his} teeth and got into bed. ?[The
  house was quiet.|The moon looked in at the window.|Everyone had said good night.]
  Then {he} heard a noise. "[It is nothing|It is only the wind|I must be dreaming]," {he} told {himself}. But there
  it was again: {noise}.
  {hero} pulled the blanket up to {his} [nose|chin|eyes]. "Maybe it is {noise.fear}," {he} whispered to {his} {toy}.
  The {toy} [did not answer|looked brave, but it said nothing].

  {hero} {breath}. "[I will be brave|If I look, I will know|We have to find out]," {he} said. {He} took the {toy} in
  one hand and {a} {light} in the other.
  [Step by step|On tiptoe|Very slowly], {he} followed the sound. {Noise}, it went. ?[{His} knees shook.|{His} heart
  went boom, boom.|The floor was cold under {his} feet.] Closer and closer {he} came.
  Then {he} lifted the {light} and looked. It was not {noise.fear} at all! It was {noise.cause}.

  {hero} [began to laugh|had to giggle|laughed so hard that {he} had to sit down]. {Parent} [woke up and|heard {him}
  and] [came to see what was going on|asked what was so funny].
  "[I thought it was {noise.fear}|I heard a terrible noise]," said {hero}, "[but I went to look|but I was brave],
  and now I know what it is."
  "[That was very brave|How brave of you|Most scary things are small when you look at them]," {parent}
  [said|answered] and [tucked {him} in again|carried {him} back to bed|gave {him} a good-night kiss].

  Now the noise did not scare {hero} [anymore|at all]. {He} thought that {noise.after}. {He} [hugged|held] {his}
  {toy}, and soon {he} {asleep}.`,
);

const indoorGames = table([
  {
    name: 'a castle',
    made: 'put blankets over the chairs and pillows all around',
    part: 'A broom became the flag',
    play: 'were the rulers of a great land',
    trouble: 'the roof fell in',
    fix: 'held it up with clothespins',
  },
  {
    name: 'a ship',
    made: 'pushed the sofa and two chairs together',
    part: 'A sheet became the sail',
    play: 'sailed over the seven seas',
    trouble: 'the sail fell on their heads',
    fix: 'tied it to a broom',
  },
  {
    name: 'a train',
    made: 'put all the chairs in a row',
    part: 'A pot lid became the wheel',
    play: 'rode to the mountains and back',
    trouble: 'the last chair tipped over',
    fix: 'made the train a little shorter',
  },
  {
    name: 'a rocket',
    made: 'painted a huge box silver',
    part: 'Bottle caps became the buttons',
    play: 'flew to the moon',
    trouble: 'the door of the rocket tore off',
    fix: 'put it back with tape',
  },
  {
    name: 'a shop',
    made: 'put cans and apples on a low table',
    part: 'Buttons became the money',
    play: 'sold things all day long',
    trouble: 'the apples rolled across the floor',
    fix: 'put them in a bowl',
  },
  {
    name: 'a zoo',
    made: 'gathered all the stuffed animals in the hall',
    part: 'Shoe boxes became the cages',
    play: 'fed the lions and the bears',
    trouble: 'the giraffe was too tall for its box',
    fix: 'cut a hole in the top',
  },
]);

const rainyDay = plot(
  'a rainy day',
  {
    hero: children,
    friend: children,
    parent: family,
    game: indoorGames,
    wish: '[a walk to the lake|a game of ball in the park|a bike ride|a trip to the beach|a picnic on the hill]',
  },
  `{once} [{His} best friend was {friend}.|{He} and {friend} were the best of friends.|{He} had a friend called
  {friend}, and they did everything together.]
  [For a whole week|For days], they had looked forward to {wish}.

  {rainyDay}, [{friend} came to the house in a wet coat|{friend} stood at the door under a dripping umbrella]. The
  rain [drummed on the roof|ran down the windows|made big puddles in the street].
  "[Now we cannot go out|Our day is spoiled|There goes our plan]," said {friend} [with a sigh|and looked down|].
  "[This is the worst day ever|There is nothing to do|I wanted {wish} so much]," said {hero}. They [sat by the
  window|put their noses to the glass] and felt {sad}.

  {His} {parent.kind} [saw their long faces|looked in]. "[Rain is only dull if you let it be|A gray day needs some
  color|I wonder what two clever children could build in here]," {parent.he} said. "[Look around you. What do you
  see?|You may use anything that does not break.]"
  {hero} looked around. {He} {thought}. "I know! Let us make {game}!" {he} cried.

  They {game.made}. {game.part}. [{friend} had one good idea after another.|{friend} laughed so much that
  {friend.he} got the hiccups.|{Parent} brought them [cocoa|crackers|warm milk].|]
  [Once|Then], {game.trouble}. "[Oh no|Oops]!" said {friend}. [But they did not give up.|They looked at each other
  and giggled.] They {game.fix}, and it was even better than before.
  All day long, they {game.play}.

  [When|By the time] the rain stopped, [nobody had noticed|they did not even look up|the sky was already pink]. "[Do
  you want|Would you like] to go out now?" asked {parent}.
  "[Not yet|In a little while]," said {hero}. "[We are too busy|We are having too much fun]!"
  [They had learned that a rainy day can be the best day of all.|It had not been {wish}, but it had been {a}
  [wonderful|splendid|happy] day.|After that, {hero} and {friend} [almost hoped for rain|never minded the rain
  again].]`,
);

const visit = plot(
  'a visit to the grandparents',
  {
    hero: children,
    old: grandparents,
    hobby: table([
      {
        name: 'a box of old photographs',
        under: 'in the attic',
        next: 'In one of them, a small child with {old.his} nose was sitting on a pony',
        ask: 'Is that you?',
        did: 'told {him} stories of long ago',
      },
      {
        name: 'a wooden flute',
        under: 'in a drawer',
        next: '{hero} blew into it, but only air came out',
        ask: 'Can you play it?',
        did: 'played a tune, and {hero} danced to it',
      },
      {
        name: 'a chess board',
        under: 'on a shelf',
        next: 'The little horses and towers were made of dark wood',
        ask: 'How do you play this?',
        did: 'showed {him} how the horses jump',
      },
      {
        name: 'a basket full of wool',
        under: 'behind the armchair',
        next: 'There was wool of every color',
        ask: 'What is this for?',
        did: 'showed {him} how to knit',
      },
      {
        name: 'a fishing rod',
        under: 'in the shed',
        next: 'Its handle was smooth from many summers',
        ask: 'Did you catch big fish?',
        did: 'took {him} to the river, where they sat side by side',
      },
      {
        name: 'a big book of stars',
        under: 'under the bed',
        next: 'It was full of lines and dots',
        ask: 'Are there really bears in the sky?',
        did: 'showed {him} the Great Bear from the window',
      },
    ]),
  },
  `{once} {fineDay}, {he} went to stay with {his} {old.kind} [for a night|for a whole week|for the first time]. {old}
  lived [far away|in the country|in a little house with a green door|at the end of a long road].

  At first, {hero} was [a little sad|homesick|bored]. There was no [slide|playground|television], [and all {his}
  toys were at home|and nobody of {his} age lived there]. "[I have nothing to play with,|What can we do here?]"
  {he} said.
  "[Look around|This house is full of secrets]," said {old} [with a wink|{kindly}]. "[You may open any door you
  like.|Maybe you will find something.]"

  {hero} looked [in every corner|everywhere]. {Hobby.under}, {he} found {hobby}. {hobby.next}. {He}
  [carried|brought] it to {old}. "{hobby.ask}" {he} asked.
  {old} [laughed|smiled] [and put on {old.his} glasses|and sat up straight]. "[I had almost forgotten it!|Where did
  you find that?]" {old.he} said. "[When I was as small as you, I loved it.|Come, sit by me.]"
  Then {old.he} {hobby.did}. [{hero} asked a hundred questions.|Hour after hour went by.|They forgot the time, and
  dinner was late.] [{hero} made mistakes, but {old} was patient.|{old} was never in a hurry.|]

  In the evening, they ate [pancakes|warm bread with honey|noodle soup|baked apples] [by the fire|at the round
  table|on the porch]. "[Are you still bored?|Do you still miss your toys?]" asked {old}. {hero} shook {his} head.
  "[This was the best day|I want to do it all again tomorrow]," {he} said.

  When it was time to go home, {hero} {hugged} {old}. "[Come back soon|Promise to come back]," said {old}. "[I
  promise|I will]," said {hero}.
  [On the way home, {he} told {his} parents everything.|Every Sunday after that, {he} called {old}, and they talked
  for a long time.|{He} had learned that old people know the best games.|{hero} had found something better than a
  toy. {He} had found a friend.]`,
);

export const indoorPlots = [nightNoise, rainyDay, visit];
