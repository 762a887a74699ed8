/** @file Plots about weather and water: a storm, a castle of sand, a snowman. */

import { children, parents } from '../characters.ts';
import { plot, table } from '../story.ts';
import { treasures } from '../things.ts';

const storm = plot(
  'a storm at night',
  {
    hero: children,
    small: table([
      { name: 'puppy', hid: 'under the bed', noise: 'whined', he: 'it', him: 'it', his: 'its' },
      { name: 'kitten', hid: 'behind the curtain', noise: 'mewed', he: 'it', him: 'it', his: 'its' },
      { name: 'little brother', hid: 'under the table', noise: 'sobbed', he: 'he', him: 'him', his: 'his' },
      { name: 'little sister', hid: 'behind the door', noise: 'sobbed', he: 'she', him: 'her', his: 'her' },
      { name: 'small cousin', hid: 'under the blanket', noise: 'sobbed', he: 'he', him: 'him', his: 'his' },
    ]),
    parent: parents,
    calm: table([
      {
        name: 'count from the flash to the bang',
        how: 'One, two, three',
        next: 'Each time, they could count a little further. The storm was moving away',
      },
      {
        name: 'sing louder than the thunder',
        how: 'La, la, la',
        next: 'They sang every song they knew, and the thunder sounded like a drum',
      },
      {
        name: 'make shadow animals with the candle',
        how: 'Here is a rabbit',
        next: 'A rabbit, a bird and a crocodile danced over the wall',
      },
      {
        name: 'pretend that the clouds were bowling',
        how: 'That was a good throw',
        next: 'At every bang, they clapped for the clouds',
      },
      {
        name: 'build a cave out of blankets',
        how: 'No storm can come in here',
        next: 'In the cave it was warm, and the rain was only a soft drumming',
      },
    ]),
  },
  `{once} {hero} was not afraid of [dogs|spiders|the doctor|high slides], but {he} was very much afraid of thunder.
  ?[When the sky growled, {he} put {his} fingers in {his} ears.|Even a dark cloud made {his} tummy hurt.]

  One [summer|hot summer|warm] night, [black clouds came over the hills|the wind began to howl|the air was heavy and
  still]. Then there was a flash, and - boom! The windows shook, and [all the lights went out|the house went
  dark]. {hero} [jumped into {parent}'s arms|ran to {parent} as fast as {he} could|screamed].
  "[It is only a storm|It is loud, but it cannot come in]," said {parent} {kindly}. {Parent} lit a candle. ?["[We
  are safe here|Our house is strong]."]

  Then they heard something else. Somebody {small.noise} {small.hid}. It was {his} {small}! ?[The poor thing was
  shaking.|{small.He} was even more afraid than {hero}.]
  {hero} looked at {parent}, but {parent} [had to close the windows|had to look for more candles]. "[Can you
  help|Will you look after {small.him}]?" {parent.he} asked. [{hero} wanted to hide too.|{His} own knees were
  shaking.] But {he} {breath}. {He} crawled {small.hid} and put {his} arm around {small.him}.
  "[Do not be afraid|I am here]," {he} said. "We can {calm}."

  Flash! "{calm.how}," said {hero}. Boom! {His} {small} [looked up|came a little closer]. {calm.next}. ?[{His}
  {small} stopped shaking.|Soon, nobody was shaking anymore.] ?[{hero} was so busy that {he} [forgot to be
  afraid|did not think of {his} own fear].]

  [At last|After a while], the storm was over. ?[The lights came on again.|The stars came out.|Only the gutter was
  still dripping.] {Parent} found the two of them close together. {His} {small} was sound asleep. "[Were you not
  afraid|And your fear? Where is it]?" asked {parent}.
  {hero} [thought about it|was surprised]. "[A little|I was, at first]," {he} said. "But [then somebody needed me|I
  had to be brave for two]."
  "[That is what courage is|Then you are the bravest {hero.kind} I know]," said {parent} and kissed {him}.
  [{fromThenOn}, {hero} was not afraid of thunder.|When the next storm came, {hero} was the first to say, "Let us
  play our game."|Whoever helps someone else becomes strong.]`,
);

const sandcastle = plot(
  'a castle of sand',
  {
    hero: children,
    friend: children,
    parent: parents,
    treasure: treasures,
    shine: '{treasure.looks}',
    resident: '[a crab|a tiny snail|a sand flea|a small green crab|a beetle]',
  },
  `[There once was {a} {trait} {hero.kind} [named|called] {hero}, who|Once upon a time, {a} {trait} {hero.kind}
  [named|called] {hero}|{hero} was {a} {trait} {hero.kind} who] [had never seen the sea|went to the sea every
  summer|dreamed of the sea all winter long].

  {fineDay}, {his} family drove to the beach. The [sea was blue and wide|waves rolled in, one after the other|sand
  was hot under {his} feet]. {hero} took {his} [red|yellow|little] shovel and began to build. {He} made a [high
  wall|round tower|deep ditch]. On the very top {he} put {a} {shine} {treasure} that {he} had found in the sand.
  ?["[This is the castle of a king|It is the most beautiful castle in the world]," said {hero}.]

  {He} did not see that the water was coming nearer. [Swoosh!|Whoosh!|Splash!] A big wave rolled up the beach. When
  it went back, [half of the castle was gone|there was only a heap of wet sand]. [The {treasure} was gone too.|And
  where was the {treasure}?]
  "[My castle|No, no, no]!" cried {hero}. ?["[Silly sea|I will never build anything again]!"]

  {A} {friend.kind} [came over|had seen it all]. "The sea took mine yesterday," said the {friend.kind}, whose name
  was {friend}. "[I was angry too|I cried as well], but then I learned a trick. [You have to build farther up|Look
  at the dark sand. That is how far the water comes. We must build behind that line]. [With two shovels, it takes
  half as long|I will help you]!"
  {hero} {thought}. Then {he} picked up {his} shovel. [Side by side|Together], they [dug and patted and poured|built
  and built]. ?[The new castle was [twice as big|even higher], with [four towers|three walls|two bridges and a
  long road].] {suddenly}, {friend} [pointed at the sand|bent down]. "Look!" There lay the {shine} {treasure}. The
  sea had brought it back. They put it on the highest tower, and {resident} moved in.

  [Again and again|All afternoon], the waves came up, but they only reached the dark line. ?["[Our castle is
  safe|The king can sleep now]!" [shouted|laughed] {hero}.] {Parent} [took a picture|brought them slices of melon]
  and said, "[That is a castle to be proud of|You are real builders]."
  ?[In the evening, {hero} and {friend} [said goodbye|shook sandy hands].] [If something falls down, you can build
  it again, and better.|{hero} had found a friend, and that was something no wave could take away.|{hero} had
  learned that one can begin again.]`,
);

const snowman = plot(
  'a snowman who had to go',
  {
    hero: children,
    parent: parents,
    trait: '[little|cheerful|dreamy|kind|happy]',
    snowman: table(['Mr. Cold', 'Flake', 'Frosty Fred', 'Snowball', 'Carrot Nose', 'Mr. White']),
    hat: '[old black hat|blue bucket|red cap|straw hat|green woolen hat]',
    eyes: '[two buttons|two chestnuts|two pieces of coal|two round stones]',
  },
  `{once} {He} liked [winter|snow] better than [summer|anything else].

  {snowyDay}, {hero} looked out of the window. The whole world was white! ?[The trees wore white coats.|The cars
  looked like big pillows.|It was so quiet that {he} could hear the flakes fall.] {He} rolled one big ball, one
  middle-sized ball and one small ball. {His} {parent.kind} helped {him} to lift them. {He} gave the snowman
  {eyes} for eyes, a carrot for a nose and, [last of all|on top], {a} {hat}. ?["[You look fine|Now you can see
  me]," {he} said.] "Your name is {snowman}."

  Every day, {hero} [said good morning to {snowman}|visited {snowman}|told {snowman} the news]. ?[When {he} was sad,
  {he} leaned on the snowman's cold shoulder.|They played shop, and {snowman} always bought everything.|The
  snowman could not talk, but he was good at listening.]
  But one day, [the wind turned warm|the sun felt warm on {his} cheeks|water dripped from the roof]. {snowman} had
  become [thinner|smaller|a bit crooked]. "[Spring is coming|The days are getting warmer]," said {parent}
  {kindly}. ?["[A snowman cannot stay|Snow has to become water again]."]

  "[But I do not want him to go|No! He is my friend]!" cried {hero}. {He} [held an umbrella over him|brought all the
  snow that was left in the shade|put a blanket around him], but {snowman} [still grew smaller|melted drop by
  drop]. One morning, only the {hat}, the carrot and {eyes} were lying [in the wet grass|in a puddle]. {hero}
  {cried}.
  {Parent} [took {him} in {parent.his} arms|sat down next to {him}]. "[Do you know where he is now|Shall I tell you
  a secret]?" {parent} asked. "[He is in the ground, where the flowers drink him. He is in the brook and in the
  clouds.|The water goes into the soil, and up to the clouds, and next winter it comes down as snow.]"

  {hero} wiped {his} eyes and looked. Where the snowman had stood, [there was a snowdrop|a tiny green leaf was
  pushing out of the soil|a yellow crocus opened its petals]. "[Hello, {snowman}|So that is where you went]," {he}
  whispered. ?[{He} put the {hat} [on a shelf|in a box], ready for next winter.]
  And when the first flakes fell again, {hero} was standing at the door. "[Welcome back|There you are again],
  {snowman}!" {he} [called|said]. [Goodbye does not always mean forever.|Friends who go away may come back to us
  in another way.|]`,
);

export const weatherPlots = [storm, sandcastle, snowman];
