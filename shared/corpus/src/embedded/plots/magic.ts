/** @file Plots with magic: wishes, magic things, lonely giants, fallen stars and toys that wake up at night. */

import { children, family, helpersWithMagic, imaginary, parents } from '../characters.ts';
import { plot, table } from '../story.ts';

const wishes = table([
  {
    name: 'I wish that everything I touch would turn into candy',
    first: 'The chair turned into chocolate, and the table into sugar',
    fun: '{He} ate the leg of the chair',
    wrong: '{He} wanted to pet the cat, but then it would be candy too',
    worse: '{His} pillow was hard and sticky, and there was no bread and no water',
    back: 'the chair was wood again, and the cat purred on it',
    lesson: 'sweet things are only sweet now and then',
  },
  {
    name: 'I wish that I never had to sleep',
    first: 'That night, {he} was not tired at all',
    fun: '{He} played until the moon went down',
    wrong: 'In the night, everyone else was asleep, and there was nobody to play with',
    worse: 'The nights were long and quiet, and {he} missed {his} dreams',
    back: '{his} eyes grew heavy, and {he} had the best dream of {his} life',
    lesson: 'rest is a gift',
  },
  {
    name: 'I wish that I were as big as a tree',
    first: '{His} head went up through the clouds',
    fun: '{He} could see the whole country',
    wrong: '{He} did not fit into {his} house, and {his} bed was as small as a matchbox',
    worse: 'When {he} spoke, people put their hands over their ears and ran',
    back: '{he} was small enough to be hugged',
    lesson: 'being small has its good sides',
  },
  {
    name: 'I wish that it were my birthday every day',
    first: 'In the morning, there was a cake with candles',
    fun: 'There were presents in every corner',
    wrong: 'On the fifth day, {he} was sick of cake, and the presents were piled up to the roof',
    worse: '{His} friends were tired of singing, and nobody had time for anything else',
    back: 'it was an ordinary Tuesday, and it was lovely',
    lesson: 'special days are special because they are rare',
  },
  {
    name: 'I wish that nobody could tell me what to do',
    first: 'When {he} called, nobody told {him} to wait, and nobody told {him} to wash',
    fun: '{He} had ice cream for breakfast',
    wrong: 'But nobody told {him} a story either, and nobody told {him} to be careful on the stairs',
    worse: '{He} had a bump on {his} head, and no one told {him} that it would be all right',
    back: '{parent} called {him} for dinner, and it sounded like music',
    lesson: 'those who tell us what to do often do it out of love',
  },
  {
    name: 'I wish that I could fly',
    first: '{His} feet left the ground',
    fun: '{He} flew around the church tower',
    wrong: 'But {he} could not stop flying, and {he} could not come down',
    worse: 'The wind was cold, and everyone {he} loved was far below',
    back: '{his} feet were on the warm grass',
    lesson: 'it is good to have the ground under your feet',
  },
]);

const wishGoneWrong = plot(
  'a wish that went wrong',
  {
    hero: children,
    parent: parents,
    spirit: helpersWithMagic,
    wish: wishes,
    rescue: table([
      { name: 'was caught in a thorn bush', did: 'bent the thorns aside' },
      { name: 'was lying under a fallen branch', did: 'lifted the branch' },
      { name: 'was stuck in the mud', did: 'dug away the mud' },
      { name: 'was tangled in an old fishing net', did: 'untied the knots' },
    ]),
  },
  `{once} {fineDay}, {he} was walking [by the river|along a brook] when {he} heard a cry for help. {A} {spirit.size}
  {spirit} with {spirit.look} {rescue}. {hero} [carefully|quickly|at once] {rescue.did}.

  "[You have a kind heart|Thank you, my child|You have saved me]," said the {spirit}. "[For that, you may make a
  wish|I will give you one wish].?[ But think it over well.| Choose with care!]"
  {hero} [did not think for long|did not need to think]. "{wish}!" {he} said.
  ?["[Are you sure|Is that really what you want]?" asked the {spirit}. ?[{hero} nodded.|"Quite sure," said {hero}.]]
  [There was a flash of light|There was a sound like a tiny bell|The air smelled of honey for a moment], and the
  {spirit} was gone.

  {wish.first}! "[It works|It has come true]!" [cried|laughed] {hero}. {wish.fun}. ?[{He} had never been so
    [happy|glad|pleased].|It was wonderful.|What a day that was!]
  [But it did not stay so nice.|But soon something was not right.] {wish.wrong}. {wish.worse}. {hero} {cried}. "[I
  did not think about that|What a foolish wish]," {he} said. ?["[I want everything to be as it was|I wish I had
  never wished it]."]

  [With great trouble|After a long search], {he} found {his} way back to the water. "[Dear {spirit}, please, where
  are you|Please, please come back]!" {he} called. Then a [soft|small|gentle] voice said, "[I thought that you
  might come|There you are. I have been waiting]."
  "[Can you take my wish back?|Please make it undone,]" said {hero}. "[I was too quick|I did not think]."
  ?["[It takes courage to say so|Everyone makes a foolish wish now and then]," said the {spirit}.] [There was a
  flash|There was a tiny bell], and {wish.back}.

  [{hero} ran to {parent}|At home, {hero} went to {parent}] and held {parent.him} tight. ?["[What is it|Where have
  you been]?" {parent} asked. "[I am just glad that everything is as it is|Nothing. I am so glad to be here],"
  said {hero}.]
  {He} had learned that {wish.lesson}. [And {he} thought twice before {he} wished for anything again.|The best
  things were those {he} already had.|]`,
);

const magicThings = table([
  {
    name: 'paintbrush',
    looks: 'silver',
    power: 'Whatever {he} painted came to life',
    first: '{He} painted a butterfly, and it flew out of the window',
    good: 'painted shoes for the children who had none, and a roof for the old woman down the road',
    bad: 'Paint gold for me, a mountain of gold',
    end: 'painted a mountain of gold far out in the sea. The man jumped into a boat to get it, and he was not seen for a long time',
  },
  {
    name: 'flute',
    looks: 'golden',
    power: 'Everyone who heard it had to dance',
    first: '{He} played a tune, and the hens began to dance',
    good: 'played for the sad and the lonely until they laughed again',
    bad: 'Give me the flute, so that everyone has to dance for me',
    end: 'played a very quick tune. The man danced down the road and over the hill, and he could not stop until evening',
  },
  {
    name: 'pot',
    looks: 'little copper',
    power: 'It made as much soup as anyone could eat',
    first: '{He} said please, and it was full of hot soup',
    good: 'cooked for everyone in town who was hungry',
    bad: 'That pot should belong to me alone',
    end: 'let the man have it. But he never said please and never said thank you, and so the pot cooked and cooked until his whole house was full of soup',
  },
  {
    name: 'blanket',
    looks: 'patched',
    power: 'It could carry people through the air',
    first: '{He} sat down on it, and it rose above the roofs',
    good: 'took a sick boy to the doctor and brought the mail over the mountains',
    bad: 'Fly me to the palace, so that I can be the king',
    end: 'let the man sit down on it. But the blanket only flew for kind people. It went up a little and dropped him into a pond',
  },
  {
    name: 'mirror',
    looks: 'small round',
    power: 'It showed where lost things were',
    first: '{He} looked for {his} mitten, and the mirror showed it under the stairs',
    good: 'found lost rings, lost dogs, and even a lost grandfather',
    bad: 'Show me where the others hide their money',
    end: 'held up the mirror. But it only showed the man his own face, looking mean, and he was so ashamed that he ran away',
  },
  {
    name: 'bag of seeds',
    looks: 'green',
    power: 'Each seed grew into a tree in one night',
    first: '{He} planted a seed, and in the morning there was a tree full of plums',
    good: 'planted trees wherever people were poor',
    bad: 'I want all the fruit for myself',
    end: 'gave the man one seed. He planted it in his own yard, but it grew into a hedge of thorns, and he had to cut it for a week',
  },
]);

const magicThing = plot(
  'a magic thing',
  {
    hero: children,
    thing: magicThings,
    giver: table([
      'an old woman with a heavy basket',
      'an old man who had lost his glasses',
      'a tired traveler',
      'a beggar with a gray beard',
      'an old sailor',
    ]),
    rich: table(['Mr. Grabb', 'Mr. Moneypenny', 'Mr. Grimm', 'Mr. Pinch', 'Mr. Stingy']),
    favor: '[shared {his} bread|stopped and gave a helping hand|gave away {his} warm scarf|shared {his} last apple]',
    trait: '[poor but cheerful|poor|kind|helpful|good-hearted]',
  },
  `{once} {He} did not own much, [but {he} was always ready to help|but what {he} had, {he} shared].

  {fineDay}, [on the road|at the bridge|at the edge of town], {he} met {giver}. ?[Nobody else had stopped.|The
  others had walked right by.] {hero} {favor}. "[You have a good heart|You are kind]," said the stranger, and gave
  {him} {a} {thing.looks} {thing}. "[Use it well|Use it only for good]!"

  [At home|That evening], {hero} tried it. {thing.first}! ?[{hero} [could hardly believe it|rubbed {his} eyes].] It
  was a magic {thing}. {thing.power}.
  {hero} remembered the words of the stranger, and {he} {thing.good}. ?[Soon everyone in town knew {his} name.|The
  more {he} gave, the happier {he} was.]

  Now there was a rich man called {rich} who [always wanted more|was never satisfied|had three houses and wanted a
  fourth]. When he heard about the {thing}, he came to {hero}'s door and [banged on it|knocked loudly].
  "{thing.bad}!" he [ordered|shouted].
  "[It is meant to help people|That is not what it is for]," said {hero} [bravely|in a firm voice]. But {rich}
  [would not listen|only laughed].

  {hero} {thought}. Then {he} {thing.end}.
  When {rich} came back, [he was a changed man|he was very quiet]. "[I had so much, and I was never happy|I wanted
  too much]," he said. "[What can I do now|How can you be so happy, when you own so little]?"
  "[Give something away|Begin with one small gift], and you will see," said {hero}. ?[{rich} tried it, and he smiled
  for the first time in years.|The next day, {rich} gave a party for the whole town.]
  [The {thing} stayed with {hero}, who used it well all {his} life.|One morning, the {thing} was gone, but {hero}
  knew how to help without it.|Real magic is a kind heart.|Things bring joy when they are shared.]`,
);

const lonelyBeing = plot(
  'a monster who was lonely',
  {
    hero: children,
    being: imaginary,
    place: '[on a mountain|behind the dark forest|beyond the river|at the end of the valley]',
    gift: '[a jar of jam|a warm apple pie|a bunch of flowers|a red balloon|a big drum]',
    trouble: table([
      { name: 'the snow blocked the road, and nobody could bring food', did: 'cleared the road in one morning' },
      { name: 'the bridge broke, and the children could not get to school', did: 'carried every child over the water' },
      { name: 'a storm blew the roof off the school', did: 'put the roof back on' },
      { name: 'a big rock rolled onto the well, and there was no water', did: 'rolled the rock away with one push' },
    ]),
    trait: '[brave|curious|fearless|clever|kind]',
  },
  `{once} Not far away, {place}, lived a {being.kind}. Everybody was afraid of it. "[It eats children|It has teeth
  like knives|It is as mean as a wasp|It hates everybody]," people said. But [nobody had ever talked to it|none of
  them had ever been there].

  So, one [morning|day|fine day], {hero} took {gift} and [set out|went to see for {himself}]. ?[The path was steep
  and stony.|{He} walked for half a day.] Near the {being.home}, {he} heard a strange sound. [Boo-hoo-hoo!|Sniff,
  sniff, sob!] Somebody was crying!
  {hero} {breath} and looked around the corner. There sat the {being.kind}. {being.He} had {being.look}, and big
  tears rolled down {being.his} face.

  "[Why are you crying|What is the matter]?" asked {hero}.
  "[Everybody runs away when they see me|I have been alone for a hundred years]," the {being.kind} [sobbed|said].
  "My name is {being}. [I only want a friend.|I would so like to have somebody to play with.]"
  "[My name is {hero}|I am {hero}], and [I brought you {gift}|this is for you]," said {hero}. Nobody had ever given
  {being} a present before. They [told each other riddles|played hide-and-seek|talked all afternoon], and {being}
  showed {hero} how {being.he} could {being.power}.

  At home, nobody believed {him}. But [one day|a few weeks later], {trouble}. ?[All the people pushed and pulled,
  but they could not do it.|Nobody knew what to do.] "[I know somebody who can help|My friend could do it]," said
  {hero}, and {he} ran to get {being}.
  [Some people hid behind their doors, but|Some people screamed, but|] {being} {trouble.did}. Then {being.he} [stood
  there, shy and silent|turned to go away again].

  One door opened, and then another. "[Thank you|Please stay]," said [the mayor|an old woman|the teacher]. "[We were
  wrong about you|We were afraid, because we did not know you]." ?[That night, they [had a big party|danced in the
  street], and {being} [got the biggest piece of cake|sat in the middle, with children all around].]
  [Do not believe everything that you hear. Go and look.|A friend may look different from what you
  think.|{fromThenOn}, no one for miles around was lonely anymore.]`,
);

const fallenStar = plot(
  'a star that fell down',
  {
    hero: children,
    friend: children,
    parent: family,
    ways: table([
      { name: 'tied it to a kite', result: 'The kite flew high, but not high enough' },
      { name: 'threw it as high as {he} could', result: 'It came down again with a soft plop' },
      { name: 'climbed to the top of the tallest tree', result: 'The sky was still far away' },
      { name: 'asked a wild goose to carry it', result: 'The goose was afraid of the light' },
      { name: 'put it on a seesaw and jumped on the other end', result: 'It only flew over the fence' },
    ]),
    final: table([
      {
        name: 'Stars rise when somebody tells them a happy story',
        did: 'told the star about the happiest day of {his} life',
      },
      { name: 'Stars are as light as the song that is sung to them', did: 'sang the lullaby that {he} knew from home' },
      { name: 'A star can fly when it laughs', did: 'told it the funniest joke {he} knew' },
      { name: 'A star grows light when someone says goodbye with love', did: 'kissed the star and told it goodbye' },
    ]),
  },
  `{once} [Every evening|Every night|Before {he} went to bed], {he} looked out at the stars [and counted them|and
  said good night to them].

  One [summer|clear|cold] night, one of the stars [began to wobble|slipped]. It fell, down, down, down, right into
  {his} [garden|yard]. {hero} ran outside in {his} [pajamas|slippers]. There, [in the tall grass|among the
  cabbages|under the apple tree], lay a little star. It was [no bigger than a plum|as small as a cookie], and its
  light was [weak|pale].
  "[Did you hurt yourself|Are you all right]?" asked {hero}.
  "[I looked down too long and fell off|I wanted to see the flowers, and I lost my hold]," said the star. "[I must
  be back before morning|When the sun comes up, I must be in my place], or my light will go out. [Will you help
  me?|Can you bring me home?]"

  {hero} woke up {friend}, who lived [next door|across the street]. ?["[Come quickly, and be quiet|I need your
  help]," {he} whispered.] First, {hero} {ways}. {ways.result}. ?[[Then they put it on the end of a long pole|Then
  they stood on each other's shoulders|Then they used a trampoline], but [that was no good either|that did not
  work].] ?[The sky in the east was growing gray.|Soon the birds would begin to sing.] The star was [paler and
  paler|only a weak spark now].
  {hero} [held the star in {his} hands|looked at the star]. "[What makes you shine|How did you stay up there, before
  you fell]?" {he} asked.
  "{final}," whispered the star.

  So {hero} {final.did}. And look! The star [became warm|began to glow], and it [rose|lifted itself] out of {his}
  hands. ?[Higher and higher it went, over the [roof|chimney|trees], until it was only [a tiny point of light|a
  bright dot among the others].]
  "[Thank you, {hero}! Thank you, {friend}|I will never forget you]!" it called [from far away|in its tiny voice].

  In the morning, {parent} [found two tired children in the grass|wondered why they were both so sleepy]. ?["[What
  did you do all night|Did you have a dream]?" {parent.he} asked. {hero} and {friend} [looked at each other and
  smiled|only winked at each other].]
  [But every night, when all the stars come out, one of them blinks twice.|{fromThenOn}, one star in the sky was a
  little brighter than the rest, and it winked at {hero}.] [Even the smallest hands can lift a star.|To help
  someone home is the finest thing there is.|]`,
);

const toysAtNight = plot(
  'toys that wake up at night',
  {
    hero: children,
    old: table([
      { name: 'teddy bear', he: 'he', him: 'him', his: 'his', worn: 'One of his ears was missing' },
      { name: 'wooden soldier', he: 'he', him: 'him', his: 'his', worn: 'His paint had come off in places' },
      { name: 'rag doll', he: 'she', him: 'her', his: 'her', worn: 'Her dress had three patches' },
      { name: 'cloth elephant', he: 'she', him: 'her', his: 'her', worn: 'Her trunk had been sewn on again, twice' },
    ]),
    fresh: table([
      { name: 'robot', look: 'shiny', did: 'could walk and talk' },
      { name: 'race car', look: 'bright red', did: 'had real lights' },
      { name: 'plush tiger', look: 'soft new', did: 'could growl' },
      { name: 'rocket', look: 'silver', did: 'could whistle and blink' },
    ]),
    trap: table([
      { name: 'behind the heavy cupboard', out: 'The blocks made a ramp, the train pulled, and everyone else pushed' },
      { name: 'into the laundry basket', out: 'They tied all the doll scarves together and let them down like a rope' },
      {
        name: 'into the gap behind the radiator',
        out: 'They made a long chain, each one holding the feet of the next',
      },
      { name: 'into a tall rubber boot', out: 'They leaned against the boot, all together, until it tipped over' },
    ]),
  },
  `{once} {He} had a shelf full of toys, and for a long time the one {he} loved most was {his} {old.name}.
  {old.worn}, [but {hero} did not mind|for {old.he} had been hugged so much].

  Then, one day, {he} got {a} {fresh.look} {fresh} that {fresh.did}. {hero} played with it [from morning till
    night|all day long]. The {old} sat [on the shelf in the dark|in the corner] and [watched|waited].
  ?["[Have I been forgotten|Does nobody need me now]?" thought the {old}, for toys can think.]

  At midnight, when {hero} was asleep, the toys [woke up|began to move], as they did every night. "[I am the best
  toy here|Out of my way, old things]!" said the {fresh}. It [spun around|raced in circles], came too near the
  edge of the shelf and fell, down, down, {trap}. "[Help|Help! It is dark in here]!" it called in a very small
  voice.

  The {old} stood up. "[{hero} loves it, and I love {hero}|No toy should be alone in the dark. I know how that
  feels]," said the {old}. "[Come on, all of you!|Who will help me?]" {trap.out}. Then the {fresh} was free.
  "[Thank you|You helped me]," it said [softly|after a while]. "[I was so rude|I was loud because I was afraid.
  Everything is new to me here]." The {old} [sat down beside it|patted it] and told it [stories about {hero}|how
  to chase bad dreams away] until the sun came up.

  In the morning, the {fresh} and the {old} were sitting at the foot of {hero}'s bed, side by side. {hero} looked at
  the {old} for a long time. Then {he} [pressed {old.him} to {his} heart|gave {old.him} a big hug]. "[I have
  missed you|I am sorry that I left you alone]," {he} said.
  [From then on, {hero} played with both of them.|That day, the three of them went on a long trip around the
  garden.] ?[New things are exciting, but old friends are dear.|A heart has room for the old and the new.|And at
  midnight, the two toys told each other stories.]`,
);

export const magicPlots = [wishGoneWrong, magicThing, lonelyBeing, fallenStar, toysAtNight];
