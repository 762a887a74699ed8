/** @file Short plots of every day: a tooth, a balloon, a walk with a dog, ducks on the road, an umbrella, a letter. */

import { children, family, grandparents, neighbors, parents } from '../characters.ts';
import { leafyPlaygrounds } from '../places.ts';
import { plot, table } from '../story.ts';
import { treasures } from '../things.ts';

const looseTooth = plot(
  'a loose tooth',
  {
    hero: children,
    parent: family,
    friend: children,
    bite: table([
      { name: 'an apple', sound: 'Crunch' },
      { name: 'a crust of bread', sound: 'Crack' },
      { name: 'a carrot', sound: 'Crunch' },
      { name: 'a sticky candy', sound: 'Plop' },
      { name: 'a hard cookie', sound: 'Snap' },
    ]),
    gift: '[a shiny coin|a tiny book|a little whistle|a silver star|a new pencil]',
  },
  `{once} {He} had a loose tooth. {He} could [wiggle it with {his} tongue|push it to the left and to the right|make
  it dance].

  "[Shall I pull it out|Do you want me to help]?" asked {his} {parent.kind}. "No!" said {hero}. "[It will hurt|I am
  not ready]." {He} [ate only soup and pudding|closed {his} mouth tight|talked without moving {his} lips]. "[It
  will come out when it is ready|Teeth know when it is time]," {parent} said {kindly}.
  {friend} [lived next door and|was in {his} class and] had already lost three teeth. "[It does not hurt at all|You
  hardly feel it|It tickles a bit, and then it is out]," {friend} said.

  {fineDay}, {hero} was so hungry that {he} forgot to be careful. {He} bit into {bite}. {bite.sound}! {hero}
  stopped. There, [in {his} hand|in the middle of it], was the tooth, as small as [a grain of rice|a pearl]! "[It
  is out|Look at me]!" {he} [shouted|laughed]. "[And it did not hurt|I did not even feel it]!"

  At night, {he} put the tooth under {his} pillow. In the morning, {gift} was lying there instead. [{hero} looked in
  the mirror and smiled at the gap.|{hero} could whistle through the gap, and {he} did so all day.] [The things we
  fear are often small.|{He} was {proud}, and {he} felt a little bigger.|A new tooth was already on its way.]`,
);

const balloon = plot(
  'a balloon that flew away',
  {
    hero: children,
    parent: parents,
    finder: children,
    color: '[red|yellow|blue|green|golden|purple]',
    shape: '[balloon|balloon with a smiling face|balloon in the shape of a heart|balloon like a fish]',
    place: table([
      'on a balcony',
      'in a cherry tree',
      'behind a barn',
      'on a hospital window',
      'at the other end of the town',
      'next to a fountain',
    ]),
    news: '[I was sick in bed, and then it came|It was my birthday, and nobody had given me a balloon|I was having a bad day, and then it came to me|I have just moved here, and it was my first visitor]',
  },
  `{once} {fineDay}, {his} {parent.kind} bought {him} {a} {color} {shape}. {hero} tied a note to the string. It said,
  "My name is {hero}. Who are you?"

  {He} held the string tight. But then [a gust of wind came|a dog barked loudly|{he} had to sneeze], and the balloon
  [slipped away|flew out of {his} hand]. Up it went, over the [roofs|trees|chimneys], smaller and smaller. {hero}
  {cried}. "[It is gone forever|I only had it for an hour]," {he} said. "[Maybe it is on its way to someone|Who
  knows where it will land]," said {parent}.

  [Three|Four|Five|Six] days later, a letter came in the mail. "Dear {hero}," it said. "I found your balloon
  {place}. {news}. It made me so happy! Will you be my friend? {finder}."
  "[My balloon has found a friend for me|It was not lost at all]!" said {hero} and [ran to get a pencil|sat down to
  write an answer]. They wrote to each other all [summer|winter|year], until one day they met, and {finder}
  brought {him} {a} {color} balloon.

  [Sometimes we lose something and find something better.|What flies away from us may bring joy to another.|And this
  time, they held the string together.]`,
);

const dogWalk = plot(
  'a walk with the dog',
  {
    hero: children,
    dog: table(['Bello', 'Spot', 'Fluffy', 'Bouncer', 'Muffin', 'Sparky', 'Rusty', 'Waffles', 'Captain', 'Shadow']),
    neighbor: neighbors,
    smell: table([
      {
        name: 'a gray kitten that had got stuck in a pipe',
        where: 'at an old pipe',
        thanks: 'The kitten licked the nose of {dog}',
      },
      {
        name: 'a set of keys under the leaves',
        where: 'at a heap of leaves',
        thanks: 'They belonged to {neighbor}, who gave {dog} a sausage',
      },
      {
        name: 'a purse in the ditch',
        where: 'at the ditch',
        thanks: 'It belonged to {neighbor}, who gave {dog} a bone',
      },
      {
        name: 'a little boy who had hidden too well',
        where: 'at a hollow tree',
        thanks: 'The boy put both arms around {dog}',
      },
      {
        name: 'a nest with two baby birds on the ground',
        where: 'under a pine tree',
        thanks: 'They lifted the nest back up, and the mother bird sang for {dog}',
      },
    ]),
    fault:
      '[pulled at the leash|barked at every bicycle|ate one of the slippers|dug a hole in the flower bed|rolled in the mud]',
    trait: '[patient|cheerful|friendly|kind|lively]',
  },
  `{once} {hero} had a dog named {dog}. {dog} was [big and brown|small and white|round and spotted|black with one
  white paw], and he did not always listen. [That morning|On that day], he {fault}. "[What a silly dog you are|Oh,
  {dog}]!" said {hero}.

  In the [afternoon|evening], they went for a walk. {suddenly}, {dog} stopped {smell.where}. He [sniffed and
  whined|scratched and barked|would not take one more step]. "[Come on, {dog}|Let us go home]," said {hero} and
  pulled. But {dog} [sat down|looked at {him} with big eyes].
  "[Do you want to show me something|What is it]?" asked {hero}. {He} [bent down|went back] and looked. And what did
  {he} find? It was {smell}!

  "[Good dog|Clever dog|You knew it all the time]!" cried {hero}. {smell.thanks}. [{dog} wagged his whole
  body.|{dog} held his tail very high.]
  On the way home, {dog} {fault} again. But {hero} only laughed. [Nobody is perfect, but everybody has a
  talent.|{fromThenOn}, when {dog} wanted to say something, {hero} listened.|A good friend may be silly and clever
  at the same time.]`,
);

const ducks = plot(
  'ducks on the road',
  {
    hero: children,
    parent: family,
    number: '[five|six|seven|eight|nine]',
    car: '[a bus|a milk truck|a red car|a fire engine|a long truck]',
    driver: '[a man with a mustache|a woman with a green cap|a young man with a loud radio|a woman in a hurry]',
    last: '[The smallest one|The last one|The yellowest of them all]',
  },
  `{once} {fineDay}, {he} was on {his} way to [school|the market|the library] with {his} {parent.kind}. At the side
  of the road stood a duck, and behind the duck stood {number} ducklings, all in a row. [They wanted to get to the
  pond on the other side.|The pond was on the other side.]

  But [car after car went by|the cars did not stop]. The duck put one foot on the road and took it back again.
  "[They will never get across|The poor ducks]," said {hero}. "[What can we do|How can we help them]?" asked
  {parent}.
  {hero} {thought}. "[You hold up your umbrella, and I will hold up my red hat|We need to be seen. Take my yellow
  scarf and wave it]!" {he} said. They waited until the road was clear, and then they [stood at the crossing|held
  up their hands]. "[Why do I have to stop|What is going on here]?" somebody called. It was {driver}, who sat in
  {car}.
  "[Please look down|Please, just for one minute]!" said {hero}.

  The duck walked past, and {number} ducklings [waddled|hurried] after her. {last} [stumbled|stopped in the middle
  to look around], and everyone held their breath. Then it [ran on|hopped up on the grass]. Splash! They were all
  in the water.
  [The driver laughed|The driver began to smile]. "[I was in such a hurry, but that was worth it|That is the nicest
  thing I have seen all week]," said the driver [and waved|and honked softly].

  "[Quack|Quack, quack]!" said the duck, and {hero} [waved back|was sure that it meant thank you]. [One minute is
  enough to do something good.|Small feet have the right of way.|{hero} came a little late that day, but nobody
  was angry when {he} told {his} story.]`,
);

const umbrella = plot(
  'sharing an umbrella',
  {
    hero: children,
    one: neighbors,
    two: neighbors,
    friend: children,
    look: '[big red|enormous green|old black|yellow|rainbow]',
  },
  `{once} One day in [April|October|November], it began to rain on {his} way home. {hero} had {a} {look} umbrella, so
  {he} did not mind. [The drops drummed on it like tiny feet.|{He} jumped over the puddles and hummed.]

  At the corner stood {one}, who {one.work}, without a coat. "[Come under my umbrella|There is room for two]!"
  called {hero}. "[How kind of you|That is just what I needed]," said {one}.
  {later}, they met {friend}, who was holding [a schoolbag|a paper bag|a newspaper] over {friend.his} head. "[Come
  under|We can move a little closer]!" said {hero}. And near the [church|bridge|bakery], {two} was standing under
  a thin tree. "[One more will fit|Come on, quickly]!" they called.

  Now there were four of them. [Their feet got mixed up, and they had to laugh.|They walked like one animal with
  eight legs.] {one} told a joke, {friend} sang a song about a frog, and {two} [shared a bag of nuts|knew all the
  best puddles]. {hero} held the umbrella in the middle [with both hands|as high as {he} could]. {His} left arm
  got wet, and {his} right foot too, but {he} [did not care|felt warm all over].

  When they came to {hero}'s house, the rain had stopped long ago. [Nobody had noticed!|And none of them had seen
  it.] [An umbrella is never too small if people stand close together.|{hero} had gone out alone and come home
  with three friends.|After that, they all hoped for rain.]`,
);

const letter = plot(
  'a letter with long arms',
  {
    hero: children,
    old: grandparents,
    treasure: treasures,
    shine: '{treasure.looks}',
    neighbor: neighbors,
    trait: '[small|little|young|thoughtful|sweet]',
  },
  `{once} {His} {old.kind} lived far away, on the other side of the [mountains|sea|country], and {hero} missed
  {old.him}. "[I will write a letter|I want to send something]," {he} said. But {he} could not write very well
  yet. {He} knew only [five|six|seven] letters.

  {hero} {thought}. Then {he} took a sheet of paper and drew [a house with smoke coming out of it|the cat asleep on
  the stove|the apple tree in the yard]. {He} drew {himself}, with very long arms. "[Why are your arms so long|Are
  your arms really that long]?" asked {neighbor}, who {neighbor.work}. "[Because I want to hug {old} from
  here|They have to reach all the way to {old}]," said {hero}.
  Into the envelope {he} put {a} {shine} {treasure} that {he} had found, and a kiss. {neighbor} helped {him} to
  write the address. Then {hero} dropped the letter into the [red|blue|yellow] mailbox. Plop!

  {He} waited for [a week|ten days]. Every morning, {he} [looked for the mail|stood at the gate]. And then a letter
  came for {him}! [There was not one word in it.|It was thin, and it smelled of lavender.] {old} had made a
  drawing too. It was {old}, with very, very long arms. And if one put the two pictures side by side, [the arms
  reached all the way around both of them|the hands touched each other].

  {hero} hung both pictures over {his} bed, [right next to each other|with the hands touching]. [Love has longer
  arms than you think.|One can say a great deal without words.|And whenever {he} missed {old}, {he} looked up and
  felt the hug.]`,
);

const snail = plot(
  'in no hurry',
  {
    hero: children,
    parent: parents,
    place: leafyPlaygrounds,
    slow: table([
      { name: 'snail', way: 'climbed up a stalk of grass' },
      { name: 'beetle', way: 'pushed a crumb over a stone' },
      { name: 'caterpillar', way: 'walked along the edge of a leaf' },
      { name: 'ladybug', way: 'climbed up a blade of grass' },
    ]),
    saw: '[a spider web full of tiny drops|a mushroom with a roof like a house|a cloud that looked like a sleeping cow|ants that carried a leaf like a sail|a bird that took a bath]',
    trait: '[quick|lively|hasty|restless|busy]',
  },
  `{once} {hero} was always in a hurry. {He} [ran up the stairs and down again|ate so fast that {he} got the
  hiccups|talked so fast that nobody understood {him}]. "[Slow down|Not so fast]!" {his} {parent.kind} often said.
  "[I have no time|There is so much to do]!" said {hero}.

  {fineDay}, {he} ran {place.to} and fell over a root. [Bump!|Ouch!] {His} knee hurt, and {he} had to sit still in
  the grass. [It was boring.|{He} did not like that at all.]
  Then {he} saw a {slow}. It {slow.way}, slowly, slowly. [It did not hurry, and it did not stop.|It seemed to have
  all the time in the world.] {hero} [put {his} chin on {his} hands|lay down] and watched. {He} began to see other
  things too. There was {saw}. "[Have you always been here?|I never saw that before,]" {he} said softly.

  When {parent} came, {hero} put a finger to {his} lips. "[Sit down, but slowly|Be very quiet, and look]," {he}
  whispered. {Parent} sat down in the grass. They watched the {slow} together [until the sun was low|until it
  reached the top|for a long, long time].
  "[What did you do today|So what have you done all day]?" {parent} asked on the way home. "[Nothing|Not much],"
  said {hero}, "[and it was wonderful|but I saw everything]."
  [And {hero} still ran sometimes, but not always.|Those who go slowly see more.|The best things do not run away.
  They wait until we look.]`,
);

const moon = plot(
  'the moon comes along',
  {
    hero: children,
    parent: family,
    from: '[a visit to an aunt|a birthday party|a day at the lake|the fair|the village of {his} cousins]',
    hid: table([
      'behind a church tower',
      'behind a cloud',
      'behind the hill',
      'behind a row of poplars',
      'behind a tall chimney',
    ]),
    reason:
      '[It wants to see where you live|It likes you|It is on the way home too|It comes along with everyone who looks at it]',
    trait: '[little|small|dreamy|curious|sleepy]',
  },
  `{once} One [summer|winter|spring|fall] night, {he} was on {his} way home from {from}. {He} sat in the back of the
  car [in a blanket|with {his} nose on the window] and was [almost asleep|very tired].

  The moon was in the sky, [round|thin|half full] and [silver|yellow|white]. {hero} looked at it. The car drove
  through [a field|a dark wood|a small town], and the moon was still there. It drove [over a bridge|around a
  bend], and the moon was still there. "{parent}!" said {hero}. "The moon is coming along with us!"
  "[Is it|Really]?" asked {his} {parent.kind} from the front seat. "[Why do you think it does that|What does it
  want]?" "[Maybe it is lonely|Maybe it is lost|Maybe it wants to play]," said {hero}.

  Then the moon was gone. It had slipped {hid}. "[Where are you?|Come back, moon!]" {hero} called. [{He} looked left
  and right.|{He} counted to ten.] And there it was again, as bright as before! "[It was only hiding|It plays
  hide-and-seek]!" {he} laughed.

  When they were home, {parent} carried {him} into the house. The moon stood right above the [roof|chimney|garden
  gate]. "[But why did it come with us|Tell me, why did it follow us]?" {hero} [murmured|asked]. "{reason},"
  {parent} whispered. {hero} [smiled|waved one last time]. "Good night, moon," {he} said, and then {he} {asleep}.
  [All night long, the moon looked in at {his} window.|And the moon stayed until morning.|Outside, the moon went on,
  for many other children were on their way home.]`,
);

export const everydayPlots = [looseTooth, balloon, dogWalk, ducks, umbrella, letter, snail, moon];
