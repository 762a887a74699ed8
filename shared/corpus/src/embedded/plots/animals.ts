/** @file Plots among animals, who talk: a race, a bridge, false alarms, small helpers, and being different. */

import { bigWoodland, smallWoodland, woodland } from '../characters.ts';
import { worlds } from '../places.ts';
import { of, plot, table } from '../story.ts';

const race = plot(
  'a race',
  {
    world: worlds,
    hero: of('world', 'slow'),
    rival: of('world', 'fast'),
    judge: of('world', 'animals'),
    goal: '[{world.tree}|the top of {world.hill}]',
    delay: table([
      { name: 'stopped to look at {rival.himself} in a puddle', lesson: 'a puddle does not run away, but a race does' },
      { name: 'lay down for a quick nap', lesson: 'one should sleep after the race, not before the end' },
      { name: 'ran off the path to show off a big jump', lesson: 'the straight way is the shortest' },
      { name: 'stopped to eat', lesson: 'dinner tastes better at the goal' },
      { name: 'turned around to laugh at {hero}', lesson: 'you cannot win while you look back' },
    ]),
    trait: '[slow but steady|small but patient|patient|quiet|calm]',
  },
  `{once} {world.In} there also lived {rival}, {a} {rival.kind} with {rival.feature}. {rival} [was very fast|could
  run like the wind] and talked about it all day long. "[Nobody is as fast as I am|I am the fastest of all|You are
  all as slow as stones]," {rival.he} [boasted|liked to say].

  One day, {hero} [had heard enough|could not listen anymore]. "[Then let us have a race|I will race you]," said
  {hero}, "[from {world.water} to {goal}|all the way to {goal}]."
  {rival} [laughed until {rival.his} tummy hurt|fell over laughing]. ?["[You? Against me?|You want to race me?]?[ I
  could win on one leg.| I will be back before you start.]"] The other animals [whispered|shook their heads].  "[Ready,
  steady, go|One, two, three, go]!" {judge} the {judge.kind} called.

  {rival} shot off [like an arrow|in a cloud of dust]. {hero} {hero.went} along [as well as {he} could|at {his} own
  pace|without a rest]. ?["[Step by step|One step, and one more step]," {he} said to {himself}.] [The sun was
  hot|The wind blew in {his} face|A stone hurt {his} foot], but {hero} did not stop.
  Soon {rival} was so far ahead that {rival.he} [could not see {hero} at all|got bored]. "[I have all the time in
  the world|There is no hurry]," {rival.he} said. So {rival} {delay}. ?[A minute passed, and then another.|The
  time flew by.|{rival.He} quite forgot the race.]

  When {rival} looked up, {hero} was [only a few steps from|almost at] {goal}! {rival} ran as {rival.he} had never
  run before. ?[Everybody shouted.|The animals held their breath.] But it was too late. {hero} [touched|reached]
  {goal} first, [by a nose|by one step|by a whisker].
  ?["[The winner is {hero}|{hero} has won]!" called {judge}.] The animals [cheered|clapped and stamped] and put a
  crown of [daisies|leaves|clover] on {his} head.

  {rival} hung {rival.his} head. "[I was faster, and I still lost|I should not have laughed at you]," {rival.he}
  said. "I have learned that {delay.lesson}."
  ?["[You really are very fast|Nobody runs as well as you]," said {hero} {kindly}. "[Shall we run together tomorrow,
  just for fun|Will you teach me how to start so quickly]?" ?[{rival} smiled again.|And from then on they were
  friends.]]
  [Slow and steady wins the race.|It does not help to be quick if you do not keep going.|Those who keep going get
  there in the end.]`,
);

const bridge = plot(
  'two on a narrow bridge',
  {
    world: worlds.slice(0, 3),
    hero: of('world', 'animals'),
    rival: of('world', 'animals'),
    wise: of('world', 'animals'),
    trait: '[proud|stubborn|lively|strong-minded|young]',
    cargo: '[basket|bag|box] of {hero.likes}',
    span: '[log|plank]',
    rivalCargo: '[jug of milk|jar of honey|pot of soup|bowl of cherries]',
  },
  `{once} One day, {he} was on {his} way home with {a} {cargo}. To get there, {he} had to cross {world.water} on {a}
  {span}. It was so narrow that [there was room for only one|no two could pass each other].

  {hero} was right in the middle when somebody came from the other side. It was {rival} the {rival.kind}, who
  carried {a} {rivalCargo}. "[Go back|Make way]!" said {hero}. "[I was here first|I am in a hurry]."
  "[No, you go back|Make way yourself]!" said {rival}. ?["[I was on the bridge before you|I was first, and I am in a
  hurry too]."] ?[Nose to nose, they stood there.|They looked at each other with dark eyes.] Neither of them would
  take one step back.

  They stood there for [an hour|a long, long time]. ?[The sun burned on their heads.|A cloud came and it rained on
  both of them.|Their feet began to hurt.] {hero} gave {rival} a little push, and {rival} pushed back. ?[The
  {span} began to [roll|shake|turn].] Splash! Both of them fell into the water, and with them went the {cargo} and
  the {rivalCargo}.
  They [crawled|climbed] out on the bank, [wet to the skin|dripping and cold]. {wise} the {wise.kind} had watched it
  all. ?["[Well, which of you was first|And who has won]?" {wise.he} asked.]

  {hero} looked at {rival}. {rival} had a leaf on {rival.his} nose. {hero} had a [snail|little fish] on {his} head.
  First {rival} [giggled|snorted], and then {hero} did.
  "[We were silly|That was not very clever]," said {hero}. "[I could have gone back ten steps|Ten steps back would
  have been so easy].?[ Now my {cargo} is gone.| And now we both have nothing.]"
  "[I am sorry too|And I pushed you]," said {rival}. ?["[Come to my {rival.home} and dry yourself.|I have more at
  home. Will you eat with me?]"]

  ?[{nextDay}, they met on the bridge again. "[After you|You first, please]," said {hero}. "[No, after you|Oh no,
  please, you first]," said {rival}. And they were both so polite that [they almost stood there for another
  hour|{wise} had to laugh].] Then they had an idea. [They put a second {span} beside the first|They pulled a
  second {span} to the water], and now there was room for two.
  [The one who gives way is often the wiser one.|It is better to take one step back than to fall into the water.|And
  that is how the bridge {world.in} became a good place to meet.]`,
);

const falseAlarm = plot(
  'crying for help in fun',
  {
    world: worlds,
    hero: of('world', 'animals'),
    friend: of('world', 'animals'),
    other: of('world', 'animals'),
    trait: '[playful|bored|cheeky|lively|funny]',
    alarm: table([
      {
        name: 'I am stuck in a hole',
        real: '{he} stepped on some loose branches and fell into a deep hole',
        out: 'let down a long vine and pulled {him} up',
      },
      {
        name: 'A branch fell on me',
        real: 'a heavy branch fell from a tree and held {him} to the ground',
        out: 'lifted the branch, inch by inch, until {he} could crawl out',
      },
      {
        name: 'There is a snake',
        real: 'a big green snake came out of the leaves and hissed at {him}',
        out: 'stamped on the ground until the snake slid away',
      },
      { name: 'My foot is caught', real: 'a heavy stone rolled onto {his} foot', out: 'rolled the stone away' },
    ]),
  },
  `{once} {hero} loved jokes. ?[The louder the others laughed, the better.|{He} could not sit still for a minute.]

  {fineDay}, {he} was bored. "[What can I do for fun?|I know a good joke!]" {he} thought. {He} hid near
  {world.water} and shouted, "Help! Help! {alarm}!"
  {friend} the {friend.kind} and {other} the {other.kind} [dropped everything|left their lunch] and came running.
  But {hero} was sitting in the grass, laughing. "[I fooled you|It was only a joke]!" {he} called. ?["[You should
  see your faces|You ran so fast]!"]
  "[That was not funny|We were worried about you]," said {friend}.

  The next day, {hero} did it again. "Help! {alarm}!" And again the others came running, and again {hero} laughed.
  "[If you do that, nobody will believe you|One day you will need help, and nobody will come]," said {other}.
  ?[{hero} thought that they were dull.|"They have no sense of humor," said {hero}.]

  On the third day, {hero} was alone {world.in}. {suddenly}, {alarm.real}! This time, it was not a joke. "[Help!
  Help me! It is true this time|Help! Please, somebody help me]!" {he} shouted. {friend} heard {him} from
  {world.hill}. "[Just another joke|{hero} wants to fool us again|There it goes again]," {friend.he} said [and
  went on eating|and did not get up].
  ?[{hero} called [until {his} voice was only a whisper|again and again]. ?[Nobody came.|The minutes passed.] {He}
  {cried}.]

  But {other} [could not rest|listened once more]. ?["[It sounds different today|Nobody is laughing this time],"
  {other.he} said to {friend}.] ?["I would rather be fooled three times than come too late once."|"Let us look,
  just to be sure."] They ran, and they found {him}. Together, they {alarm.out}.
  "[I am so sorry|I will never do it again].?[ I made you stop believing me.| A joke is not funny when it scares
  others.]"
  ?["[We are glad that you are safe|You gave us a fright, a real one]," said {friend}. "[But trust is like an egg.
  It breaks easily|Now you have to win back our trust]."]

  ?[{hero} [tried hard|kept {his} word]. {He} still told jokes, but only [good ones|ones that made everyone laugh].]
  [{fromThenOn}, when {hero} called for help, everyone knew that it was true.|And {he} never, ever called for help
  in fun again.|Those who always tell the truth are heard.]`,
);

const smallHelper = plot(
  'small helps big',
  {
    world: worlds.slice(0, 2),
    hero: smallWoodland.filter((row) => ['mouse', 'squirrel', 'chipmunk'].includes(row.kind as string)),
    big: bigWoodland.filter((row) => row.kind === 'bear' || row.kind === 'badger' || row.kind === 'fox'),
    meeting: table([
      { name: 'ran over the back of a sleeping giant', say: 'You woke me up' },
      { name: "dropped a nut on somebody's nose", say: 'That was my nose' },
      { name: 'took a wrong turn and ran into a wall of fur', say: 'Look where you are going' },
    ]),
    trap: table([
      { name: 'a net of thick ropes', free: 'bit through the ropes, one after the other' },
      { name: 'a thorny vine', free: 'chewed the vine in two' },
      { name: "a farmer's old net", free: 'gnawed at the strings until they snapped' },
      { name: 'a tangle of roots', free: 'nibbled at the roots until they gave way' },
    ]),
    trait: '[tiny|small|little|quick|lively]',
  },
  `{once} {He} was so small that [a mushroom could be {his} umbrella|{he} could sleep in a shoe|a raindrop could
  knock {him} over].

  {fineDay}, {he} was in a hurry. {He} {meeting}. It was {big}, the biggest {big.kind} {world.in}. "{meeting.say}!"
  [growled|grumbled] {big} and [held {hero} down with one foot|bent down until {big.his} nose touched {hero}].
  "[Please let me go|Please do not hurt me]!" [squeaked|said] {hero}. "[I did not mean it.|I am so sorry.]?[ One day
  I may be able to help you.| If you let me go, I will help you some day.]"
  {big} [laughed so hard that the leaves shook|had to laugh]. "You? Help me? [You are no bigger than my ear!|What
    could somebody like you do for me?]" But {big.he} had a good heart and [opened {big.his} {big.hands}|stepped
  back]. ?["[Run along, little one|Off you go]," {big.he} said.]

  {hero} did not forget it. [Days passed.|A week went by.|Summer turned into fall.] Then, [one evening|one stormy
  night|one morning], {he} heard a [terrible|long, sad] cry. {He} {hero.went} toward it, [though {his} knees were
  shaking|without a thought for {himself}]. There lay {big}, caught in {trap}. The harder {big.he} pulled, the
  tighter it became.
  ?["[It is no use|Nobody can help me]," said {big}.]
  "[I am not strong|I am only small]," said {hero}, "but I have [sharp teeth and a lot of patience|good teeth].
  [Keep still|Lie still and trust me]!"

  And {hero} set to work. {He} {trap.free}. ?[{His} jaws hurt, but {he} went on.|It took half the night.|The moon
  moved across the sky.] ?[Snap!|Crack!] At last, {big} was free.
  {big} [stood up and stretched|shook {big.himself}]. ?[Then {big.he} bowed {big.his} big head, very low.] "[I
  laughed at you|I thought that you were too small to matter]," said {big}. "[I was wrong. Thank you|Forgive me,
  my friend]."
  ?["[You let me go when you could have hurt me|You were kind to me first]," said {hero}. "[And I keep my
  promises|Now we are even]."]

  From then on, one could see the two of them together, [walking along {world.path}|at {world.water}], the [very big
  one|big one] and the very small one, who [rode on the other's back|sat between the other's ears]. [No one is too
  small to help.|A kind deed comes back to you.|It is not size that makes a good friend.]`,
);

/** Small animals with fur, who cannot swim. */
const furry = smallWoodland.filter((row) => row.kind !== 'frog' && row.kind !== 'turtle' && row.kind !== 'hedgehog');

const different = plot(
  'being different',
  {
    world: worlds.slice(0, 2),
    hero: furry,
    tease: woodland,
    friend: woodland,
    trait: '[little|young|shy|small|quiet]',
    odd: table([
      {
        name: 'a very long nose',
        part: 'nose',
        use: 'smelled smoke long before all the others',
        danger: 'A spark had fallen into the dry leaves',
        call: 'Bring water, quick',
        saved: 'They put out the fire before it grew',
      },
      {
        name: 'very big ears',
        part: 'ears',
        use: 'heard a deep rumble that nobody else could hear',
        danger: 'A great flood was coming down the valley',
        call: 'Run up the hill, quick',
        saved: 'They all ran up the hill, and not one of them got wet',
      },
      {
        name: 'a very loud voice',
        part: 'voice',
        use: 'called so loudly that it could be heard for miles',
        danger: 'Three little ones had lost their way in the fog',
        call: 'This way! This way',
        saved: 'The little ones followed the voice and came home safe',
      },
      {
        name: 'a coat as white as snow',
        part: 'coat',
        use: 'shone in the dark like a lamp',
        danger: 'They had all lost their way in the black night',
        call: 'Follow me',
        saved: 'Everyone followed the white coat, and it led them home',
      },
      {
        name: 'very short legs',
        part: 'legs',
        use: 'was the only one who fitted into the tiny tunnel',
        danger: 'A little one had fallen down behind the rocks',
        call: 'Wait here',
        saved: 'Soon the little one was back with its mother',
      },
    ]),
  },
  `{once} {hero} looked a bit different from the others. {He} had {odd}. ?[Nobody else in {his} family had such a
  thing.|It had been so since {he} was born.]

  "[Look at {hero}! How funny {he} looks!|Have you ever seen anything so funny?]" said {tease} the {tease.kind}, and
  some of
  the others laughed. When they played [hide-and-seek|tag|ball] in {world.open}, they [did not ask {hero} to
  join|always chose {hero} last]. {hero} [pretended not to care|walked away], but at home {he} {cried}. "[I wish I
  were like everyone else,|Why can I not be like the others?]" {he} thought.
  Only {friend} the {friend.kind} was always kind. "[I like you just as you are|You are my favorite {hero.kind}],"
  {friend.he} said. That [helped a little|was good to hear], but {hero} was still {sad}.

  Then, one [windy|dark|cold] [evening|night], something happened. {odd.danger}. ?[Everybody was frightened.|Nobody
  knew what to do.] ?["[What shall we do?|Help!]" cried {tease}, [who was the most frightened of all|who was not
  laughing now].]
  But {hero} had {odd}. ?[{He} did not have to think for long.|{His} heart was beating fast, but {he} was calm.]
  {He} {odd.use}. "{odd.call}!" {he} [cried|told them]. And this time, nobody laughed. {odd.saved}.

  When it was over, they all [stood around {hero}|sat down to rest]. ?[It was very quiet.|For a while, nobody
  spoke.] Then {tease} [stepped forward|cleared {tease.his} throat]. "[I laughed at your {odd.part}|I was mean to
  you]," {tease.he} said. "[And today you saved us|I was the silly one. I am sorry]." ?[{hero} [looked at
  {tease.him}|was silent for a moment]. "[It hurt me|I was often sad]," {he} said, "[but it is good that you say
  so|but I am glad that everyone is safe]."]
  ?["[Will you play with us tomorrow|May I be your friend]?" asked {tease}. {hero} [looked over at {friend}, who
  nodded|{smiled}]. "[Yes, if {friend} can play too|I would like that]," {he} said.]

  ?[{hero} never again wished to be like everyone else.|That night, {hero} looked at {himself} in {world.water} and
  liked what {he} saw.] [What makes us different can make us strong.|Everybody is good at something.|It takes all
  kinds to make a world.]`,
);

export const animalPlots = [race, bridge, falseAlarm, smallHelper, different];
