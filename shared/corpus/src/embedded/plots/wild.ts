/** @file Plots of animals in the wild: too much food, the first flight, winter, the dark, and the way home. */

import { bigWoodland, birds, smallWoodland, woodland } from '../characters.ts';
import { worlds } from '../places.ts';
import { of, plot, table } from '../story.ts';
import { wildFood } from '../things.ts';

const greed = plot(
  'too greedy',
  {
    world: worlds.slice(0, 2),
    hero: bigWoodland,
    friend: smallWoodland,
    food: wildFood,
    hole: table([
      { name: 'gap between two rocks', stuck: 'stuck fast between the rocks' },
      { name: 'hole in the old wall', stuck: 'stuck in the wall' },
      { name: 'hollow log', stuck: 'stuck in the log like a cork in a bottle' },
      { name: 'narrow gate of roots', stuck: 'caught tight between the roots' },
    ]),
    trait: '[greedy|hungry|plump|big]',
  },
  `{once} {hero} had {hero.feature} and [a very big appetite|a tummy that was never full].

  {fineDay}, {he} was looking for something to eat {world.in}. {He} squeezed through {a} {hole}, and on the other
  side {he} found a secret garden full of {food}! ?[They grew {food.grow}, more than {he} could count.|{hero} had
  never seen so many in one place.] "[All of this is mine|Nobody else may have any]!" {he} said.

  {later}, {friend} the {friend.kind} [came by|put a small nose through the gap]. "[Oh, how good they look|What
  lovely {food}]," said {friend}. "[May I have one {food.one}|Could you give me a few]??[ My little ones are
  hungry.| I have had nothing to eat today.]"
  "[No|Go away]!" [growled|said] {hero}. "[I found them first|There are not enough for two]." {friend} {friend.went}
  away without a word.

  {hero} ate and ate, until {his} tummy was as round as a drum. Then {he} wanted to go home. {He} put {his} head
  into the {hole}. But {his} tummy did not fit! {He} pushed and pulled, and then {he} was {hole.stuck}.
  ?["[Help|Help me]!" {he} [cried|called].] ?[Nobody came.|Only the wind answered.] ?[The sun went down, and it
  became cold.|It began to rain.]

  At last, {friend} came along. {hero} [was ashamed|felt {his} face grow hot]. "[I was mean to you|I would not share
  with you]," {he} said. ?["[I do not deserve your help|You must be angry with me]."]
  "[I was sad, but I cannot leave you here|You are in trouble. That is all I need to know]," [said|answered]
  {friend}. {friend.He} called the whole family, and [they pulled and pulled|all of them pulled together]. One,
  two, three - pop! {hero} [flew out and landed in the grass|was free].

  ?[{hero} had [a terrible tummy ache|tears in {his} eyes].] "[Thank you|Thank you, {friend}]," {he} said. ?["I had
  so much, and I gave you nothing. I am sorry."|"I am sorry that I was so greedy."] {nextDay}, {he} brought a big
  basket of {food} to {friend}'s {friend.home}. ?[They [ate together|had a feast], and {hero} took only [one small
  bowl|as much as {he} needed].]
  [Those who want everything may get stuck with it.|{hero} had learned that enough is as good as a
  feast.|{fromThenOn}, when {hero} found something good, the first thing {he} did was call {his} friends.]`,
);

/** Small animals with fur, who cannot swim. */
const furry = smallWoodland.filter((row) => row.kind !== 'frog' && row.kind !== 'turtle' && row.kind !== 'hedgehog');

const firstFlight = plot(
  'learning to fly',
  {
    hero: birds,
    parent: table([
      { name: 'Mama', he: 'she', him: 'her', his: 'her', kind: 'mother' },
      { name: 'Papa', he: 'he', him: 'him', his: 'his', kind: 'father' },
    ]),
    other: furry,
    trait: '[young|little|small|timid|careful]',
  },
  `{once} {He} had {hero.feature}?[, [two brothers and a sister|three sisters|two sisters and a brother], and a nest
  with a fine view].

  One by one, the other young birds [learned to fly|jumped from the edge and flew away]. ?["[It is easy|It is
  wonderful]!" they called [from the next tree|as they circled above].] But {hero} stayed in the nest. {He} looked
  down. ?[The ground was so far away.|Everything down there was as small as a seed.] "[I will fall!|What if my
  wings do not hold me?]" {he} said.
  "[Your wings are stronger than you think|The air will carry you, if you let it|I was afraid too, the first time],"
  said {parent}. {hero} went to the edge, opened {his} wings, [shivered|closed {his} eyes], and went back to the
  middle of the nest. ?[So it went for three days.|That was how every day ended.]

  {fineDay}, {parent} was [out looking for food|far away at the field]. {suddenly}, {hero} heard a cry. "[Help! I
  fell into the water|Help me! I cannot swim]!" It was {other}, a young {other.kind} who lived nearby. {other.He}
  had slipped [on a wet stone|from the bank] and was [holding on to a twig|clinging to a branch] in the middle of
  the stream. ?[The twig was going to break.|The water was pulling hard.]
  ?[Nobody else was near.|There was no one else to help.] "[I am coming|Hold on]!" {he} [called|cried]. ?[{He} did
  not think about the ground, and {he} did not think about falling.] {He} opened {his} wings and jumped.

  And the air carried {him}! {hero} [flapped|beat {his} wings] as hard as {he} could. {He} pulled a long [vine|blade
  of reed] from the bank and dropped one end to {other}. {He} [wound|tied] the other end around a root, and
  [little by little|bit by bit], {other} climbed out of the water.
  ?["[You saved me|Thank you! Thank you]!" said {other}, [dripping wet|and shook the water off]. "[And you flew|You
  can fly so well]!"
  "[I flew?|Really?|I can?] I really flew!" said {hero}.
  ]
  When {parent} came home, the nest was empty. ?[{parent} was frightened for a moment.|"{hero}?" {parent} called.]
  Then a voice [laughed|sang] above {parent.him}: "[Look up here|Up here, {parent}]!" ?[{hero} was making circles
  in the blue sky.]
  ?["[I knew that you could do it|So you found your courage]," said {parent} [proudly|with shining eyes].]
  [{hero} had learned that courage comes when somebody needs us.|{fromThenOn}, {he} flew every day, higher than all
  the others.|Sometimes we can do a thing when we stop asking if we can.]`,
);

const winterStores = plot(
  'getting ready for winter',
  {
    hero: smallWoodland,
    idler: smallWoodland,
    food: '[seeds and nuts|mushrooms and roots|dried berries|apples and nuts]',
    idle: table([
      { name: 'played the flute', gift: 'played the flute', warm: 'The music made the long evenings short' },
      { name: 'danced in the leaves', gift: 'taught everybody how to dance', warm: 'Dancing kept them warm' },
      {
        name: 'made up stories',
        gift: 'told a new story every evening',
        warm: 'The stories made them forget the snow',
      },
      {
        name: 'painted pictures with berry juice',
        gift: 'painted a summer meadow on the wall',
        warm: 'When they looked at it, they felt the sun',
      },
      { name: 'sang to the clouds', gift: 'sang one song after another', warm: 'The songs made the dark days bright' },
    ]),
    trait: '[busy|hard-working|careful|wise|small]',
  },
  `{once} It was [fall|late summer], and [the leaves turned yellow and red|the mornings were cool]. {hero} carried
  {food} to {his} {hero.home}, [from morning until evening|again and again|basket after basket]. ?["[Winter is
  long|The snow will come soon]," {he} said.]

  {idler} the {idler.kind} [did no work at all|thought that this was silly]. {idler.He} {idle} all day long. "[Come
  and have some fun|Why do you work so hard? The sun is shining]!" {idler.he} called. ?["[There is food
  everywhere|Winter is far away]!"]
  "[It is not as far as you think|You had better gather some food too]," [said|answered] {hero}. ?["What will you
  eat when the snow lies on the ground?"|"Your cupboard is empty."] But {idler} only [laughed|shrugged] and {idle}
  again.

  Then came [a night of frost|a cold wind from the north], and in the morning everything was white. The snow
  [covered the grass and the bushes|lay so deep that no one could see the path]. {idler} [looked for something to
  eat, but found nothing|dug and dug, but found only ice]. ?[{idler.His} [feet|ears] were cold and {idler.his}
  tummy was empty.]
  One evening, there was a [soft|shy] knock at {hero}'s door. [Outside, in the wind, stood {idler}.|It was {idler},
  covered with snow.] "[I was foolish|You were right]," {idler.he} said [in a small voice|and looked at the
  ground]. "[I have nothing to eat.|I am so cold and hungry.] [Could you spare a little?|May I warm myself for a
  moment?]"

  {hero} {thought}. ?[{He} had worked hard for {his} food.|There was enough for one, and just enough for two.] But
  {he} could not let anyone [freeze|go hungry]. "[Come in|Come in and shut the door]," {he} said. "[What I have,
  we will share.|There is soup on the table.] [But next fall, you will help me.|Will you help me next year?]"
  ?["[I promise|I give you my word]," said {idler}, and [ate three bowls of soup|warmed {idler.his} {idler.hands} by
  the fire].]

  [When the bowl was empty|After supper], {idler} {idle.gift}. {idle.warm}. [More and more neighbors came to
  visit|Soon {hero} looked forward to every evening]. ?["[I brought the food, and you brought the joy|A full
  cupboard is good, but a full heart is better]," said {hero}.]
  And the next fall, two friends carried {food} home, [side by side|and one of them sang while they worked]. [First
  the work, and then the play.|They had learned from each other: one how to work, and the other how to play.|That
  winter was the best one they had ever had.]`,
);

const darkness = plot(
  'afraid of the dark',
  {
    world: worlds.slice(0, 2),
    hero: smallWoodland,
    friend: woodland,
    guide: table([
      {
        name: 'firefly',
        light: 'its tiny green lamp',
        says: 'I only shine because it is dark',
        show: 'a hundred fireflies danced over the grass like small stars',
      },
      {
        name: 'white moth',
        light: 'its pale wings',
        says: 'My flowers only open at night',
        show: 'white flowers opened one by one and filled the air with sweetness',
      },
      {
        name: 'old owl',
        light: 'its big bright eyes',
        says: 'The night is only the day with its eyes closed',
        show: 'the moon rose, round and silver, above the trees',
      },
      {
        name: 'bat',
        light: 'its quick wings',
        says: 'I find my way by listening',
        show: 'a nightingale sang the most beautiful song in the world',
      },
    ]),
    errand:
      '{friend} the {friend.kind} [was ill and needed some mint tea|was cold and needed a blanket|was hungry and needed some soup]',
    trait: '[timid|little|small|young|shy]',
  },
  `{once} When the sun shone, {hero} [was merry and loud|was never afraid]. But when it went down, {he} {hero.went}
  home as fast as {he} could. {He} was afraid of the dark.

  {evening}, {hero} had to be out late. [{Errand}.|It could not be helped: {errand}.] So {hero} set out with a small
  lantern, but the wind blew it out. {world.dusk}. Soon it was so dark that {hero} could not see {world.path} [any
  longer|in front of {him}]. "[I cannot go on|I want to go home]," {he} whispered. {hero} made {himself} very
  small.

  "[Good evening|Hello there]," said a [soft|friendly] voice. It was {a} {guide}.
  "[It is so dark|I am afraid of the dark]," said {hero}. ?["[I do not know what is in it|There might be monsters in
  it]."]
  "{guide.says}," said the {guide}. "[Come with me, and I will show you|Open your eyes and your ears, and come
  along]."

  {hero} {breath} and followed the {guide}. {guide.Light} showed {him} the way. The [black bear|big monster] at the
  side of the path was only [a bush|an old stump]?[, and the [long arms|fingers] above were only branches]. ?[The
  rustling was a beetle on its way to bed.|The whisper was only the wind in the leaves.] ?["[Listen|Wait and
  see]," said the {guide}.] And then {guide.show}. {hero} [forgot to be afraid|could not speak|stood there with
  {his} mouth open].
  ?["[And I was always asleep when this happened|How beautiful]!" {he} said [at last|softly].]

  {later}, they came to {friend}'s {friend.home}. "[You came through the dark. Were you not afraid|Were you not
  afraid]?" asked {friend}.
  ?["[At first I was|A little]," said {hero}, "[but I was not alone|but then I met somebody].?[ The night is full of
  wonders.| The dark is not empty. It is full of life.]"]

  On the way back, {hero} walked slowly. ?[{He} [looked at the stars|listened to every sound] and said good night to
  [the bushes|the stumps|the trees], one after the other.] [What we know does not frighten us.|{fromThenOn},
  {hero} stayed up late now and then, just to look at the stars.|The dark was still dark, but it was a friend
  now.]`,
);

const lostBaby = plot(
  'a little one looks for its mother',
  {
    world: worlds,
    hero: of('world', 'animals'),
    helper: of('world', 'animals'),
    other: of('world', 'animals'),
    trait: '[very young|tiny|little|small|playful]',
    lure: '[a blue butterfly|a rolling pine cone|a funny green beetle|a floating feather|a grasshopper]',
    sign: table([
      { name: 'smell', how: 'She smells of warm grass', found: 'the smell of warm grass' },
      { name: 'song', how: 'She hums when she is happy', found: 'a soft humming' },
      { name: 'voice', how: 'She has the softest voice in the world', found: 'a soft voice' },
    ]),
  },
  `{once} {He} [never went far from {his} mother|went everywhere with {his} mother].

  {fineDay}, {hero} saw {lure}. It was so pretty that {hero} went after it, past {world.water} and [around|behind]
  {world.tree}. ?[Now it was here, and now it was there.|{hero} jumped and laughed.] Then it was gone, and when
  {hero} looked around, {he} did not know where {he} was. "Mama?" {he} called. ?[But nobody answered.|But Mama was
  not there.]

  {He} met {other} the {other.kind}. "[Have you seen my mama|Do you know where my mama is]?" {hero} asked.
  {other} shook {other.his} head. "[I have not seen her. But ask {helper}. {helper.He} knows everybody here.|I have
  not seen her. Try {world.open}. There is always somebody there.]"
  {hero} went on. ?[{His} feet were tired.|Tears ran down {his} face.] {world.dusk}.

  In {world.open} sat {helper}, {a} {helper.kind} with {helper.feature}. ?["[You are too small to be out alone,|Why
  are you crying, little one?]" said {helper}.]
  "[I have lost my mama|I cannot find my mama]," said {hero}. "[Everybody asks how she looks, but I only know how
  she feels|I do not know how to describe her]."
  "[Close your eyes. What else do you know of her?|What do you notice when your eyes are shut?]" asked {helper}.
  {hero} closed {his} eyes. "{sign.how}," {he} said. "[Good. Then we will follow the {sign}|That is a good sign to
  follow].?[ I will walk beside you.| Come, I will not leave you alone.]"

  They went [along {world.path}|slowly through the evening]. Then, near {world.water}, {hero} noticed {sign.found}.
  "[That is her|There]!" {he} shouted and ran. "Mama! Mama!"
  "{hero}! [I have looked for you everywhere|There you are, my little one]!" [cried|said] {his} mother, and she held
  {him} close. ?[She had called until she was hoarse.|She had searched the whole day.] ?["[Thank you for bringing
  my child home,|How can I thank you?]" she said to {helper}. "[{hero} found you by {himself}|It was easy. {He}
  knew you by heart]," said {helper}.]

  That night, {hero} slept right next to {his} mother. ?[Pretty things were for the daytime, when Mama was
  near.|{He} promised never to run off without a word again.|And if {he} ever saw {lure} again, {he} called,
  "Mama, come and look!"] [Love knows the way home.|A mother is known by the heart, not by the eyes.|]`,
);

export const wildPlots = [greed, firstFlight, winterStores, darkness, lostBaby];
