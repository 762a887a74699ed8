/** @file Plots about growing: learning, being brave, planting, racing, saving, building. */

import { plot, table } from '../story.ts';

const practice = plot(
  'learning something',
  {},
  `{open} {Hero:s} [wanted to|dreamed that {he} could|was eager to] {skill} like {his} {relative.who}.

  {day}, {hero:s} tried it {place.in}. But {skill.wrong}. {Hero:n} tried [again|once more|another way], and {he} [fell into|landed in|got stuck in] [the mud|a bush|some nettles|a puddle]. {other} saw it and laughed. {hero} was {angry}. <hero: [I will never learn it!|I give up!|This is too hard!]>

  {relative} [sat down next to {him}|came closer|wiped {his} nose]. <relative: [I needed {number} weeks to learn it.|Nobody can do it on the first day.|You are better than you think.] {skill.tip}.> <because {hero:s} [trusted {relative}|did not want to give up|was stubborn]; {he} [tried it once more|got up again|went on]>
  {Hero:n} practised [on {weekday} and on {weekday}|every {weekday}|for {number} days|in the rain and in the sun]. [Sometimes it [went well|worked], and sometimes it did not.|{His} arms hurt, but {he} did not stop.|Each day it went a little better.]

  {nextDay}, {hero} stood {spot} and {breath}. And then it happened: {he} {skill.well}! <hero: [I can do it! I can do it!|Did you see that, {relative}?|Look at me!]> {relative} [clapped|cheered|threw a hat in the air]. Even {other} [was amazed|clapped|wanted to know how]. <other: [Can you teach me?|How did you do that?|I am sorry that I laughed.]> <hero: {yes}. {skill.tip}.>`,
);

const afraid = plot(
  'being afraid',
  {
    fear: table([
      { name: 'the dark', help: 'a small lamp' },
      { name: 'the deep creek', help: 'a strong rope' },
      { name: 'the old bridge', help: 'a firm hand' },
      { name: 'the big geese', help: 'a handful of corn' },
      { name: 'the steep stairs', help: 'a wooden stick' },
      { name: 'the black dog', help: 'a bone' },
      { name: 'the thick fog', help: 'a little bell' },
      { name: 'the narrow path', help: 'good shoes' },
    ]), // prettier-ignore
    errand: table([
      { name: 'the cellar', need: 'a jar of [plums|cherries|honey]' },
      { name: 'the mill', need: 'a bag of [flour|oats|corn]' },
      { name: 'the well', need: 'a bucket of [cold|clear|fresh] water' },
      { name: 'the tower', need: 'the {treasure.looks} {treasure}' },
      { name: 'the hay loft', need: 'a basket of [eggs|hay|apples]' },
      { name: 'the boat house', need: 'the {color} [net|oar|sail]' },
      { name: 'the cabin', need: 'a [pot|pan|broom]' },
      { name: 'the island', need: 'a bunch of [herbs|flowers|reeds]' },
    ]), // prettier-ignore
  },
  `{open} [There was only one thing that {he} was afraid of|Only one thing scared {him}|{He} had one great fear]: {fear}.

  {day}, {relative} [asked {him} for help|needed something|called {him}]. <relative: [Can you fetch {errand.need} from {errand}?|Please go to {errand} and bring me {errand.need}.|I need {errand.need}. Will you go to {errand}?]> {Hero:s} [liked to help|would have gone gladly|was willing], but [{he} thought of {fear}|there was {fear}|on the way was {fear}]. {heart}
  {friend} [came along|was just passing by|noticed {his} face]. <friend: [What is it, {hero}?|You are shaking!|Are you afraid?]> <hero: [I am afraid of {fear}.|It is {fear}. Please do not laugh.]>

  {friend} did not laugh. <friend: [I am afraid of [spiders|thunder|big dogs|bees], you know.|I was afraid of that, too.|We can go together.] [You only need {fear.help}.|Take {fear.help}.]> <because {hero:s} had {fear.help} and a friend; {he} [took the first step|dared to go]> {Hero:s} [sang|counted|talked|whistled] [all the way|without a break], [first softly, then louder|and {his} voice shook|and held on to {friend}]. [One step, two steps, {number} steps.|It was {number} steps, no more.|Step by step they went on.] [Nothing bad happened.|Nothing bit {him}.|All was well.] [There was only {rubbish} on the way.|They even saw {rubbish}.|They met {a} {patient.looks} {patient.bare}.]

  {later}, {he} [stood in front of {relative}|was back|came running] with {errand.need}. <relative: [{thanks}! You were fast.|Well done, {hero}!|I knew that you could do it.|You are [braver|bigger] than I thought.]> {Hero:s} was {proud}. [{fromThenOn}, {fear} seemed [smaller|only half as bad|almost friendly].|<hero: It was not so bad. Shall I go again?>]`,
);

const garden = plot(
  'growing a plant',
  {
    plant: table([
      { name: 'sunflower', seed: 'striped', grown: 'as tall as a [door|pony|lamp post]' },
      { name: 'pumpkin', seed: 'flat', grown: 'as big as a [drum|wheel|pig]' },
      { name: 'bean', seed: 'spotted', grown: 'up to the [roof|window|moon, or almost]' },
      { name: 'melon', seed: 'black', grown: 'as heavy as a [cat|stone|bucket]' },
      { name: 'rose', seed: 'brown', grown: 'redder than [a cherry|the sunset|paint]' },
      { name: 'apple tree', seed: 'shiny', grown: 'higher than {hero}' },
    ]), // prettier-ignore
  },
  `{open}

  {day}, {elder} gave {him} a little {plant.seed} seed. <hero: [What will it become?|It is so small! What is it?|Is it asleep?]> <elder: [Wait and see.|Put it in the ground and be patient.|That is a secret.|Who knows?] [It needs water and sun.|Do not forget to water it.|Give it {number} drops a day.]>
  <because {hero:s} [was curious|wanted to see it grow|trusted {elder}]; {he} dug a [small|deep] hole [under {his} window|next to the fence|in an old pot|behind the wall] and [put|dropped] the seed in>

  {Hero:s} [watered it every morning|sang to it every evening|looked at it {number} times a day]. For {number} days [nothing happened|there was nothing to see|the ground stayed bare]. {friend} [shrugged|laughed]. <friend: [It is only a stone.|Let us {pastime} instead.|I think it is dead.]> {hero} was {sad}, but {he} [did not give up|waited|went on]. {suddenly}, [on {weekday}|one morning|after the rain], there [was|stood] a [tiny|small|pale] green [tip|leaf|shoot]!

  [First|Soon] {a} {thief.looks} {thief.bare} [wanted to eat it|scratched in the soil|came too close], so {hero:s} put [sticks|stones|a net|a fence] around it. [Then a storm came|One night the wind blew], and {he} [tied it to a [pole|stick]|covered it with a bucket]. [It grew and grew.|Week by week, it grew.|Nothing could stop it now.] [At the end of summer|In {month}|One morning] [there was|there stood] a [real|beautiful|big] {plant}, {plant.grown}!
  <friend: [I was wrong, {hero}.|That is amazing!|How did you do it?]> <hero: [I only waited.|Water, sun and time.|I sang to it.|I gave it {number} cups of water a day.]> {Hero:n} gave [{number} of its seeds|the best of it] to {elder} and {friend}. <elder: [Now you know the secret.|You are a real gardener.|What will you plant next?|Patience is the best water.]>`,
);

const race = plot(
  'a race',
  {},
  `{open} {friend} was [the fastest of all|very fast] and [told everybody so|never got tired of saying so].

  {day}, there was a race from {high} {place.in} to [the bridge|the old mill|the big stone|the white gate]. <friend: [Nobody can beat me.|You are far too slow, {hero}.|I will win with my eyes closed.]> <hero: [We will see.|I will try anyway.|I do not have to win.]> {Stranger} [raised|waved] {a} {color} [flag|scarf|leaf]. One, two, three, go!

  {friend} was [far ahead at once|soon out of sight|much faster]. <because {friend:s} [was so sure to win|had so much time|felt so strong]; {friend.he} [stopped and ate {a} {food.looks} {food}|lay down {spot}|stopped and wanted to {act}]> {hero} [was slow, but {he} did not stop|went on, step by step|ran as well as {he} could]. {His} [legs|feet|sides] hurt. [{Hero:s} passed {place.sight}.|{Hero:n} ran through a puddle.|A [fly|bee] sat on {his} nose.] Then {he} saw {other}, who had [fallen down|hurt a knee|lost a shoe].
  {Hero:s} [could run on and win|looked at the finish|was so close to the end]. But {he} [helped {other} up|took {other:p} hand]. <other: [You will lose because of me!|Run on, {hero}!]> <hero: [Then we will lose together.|A friend is more than a race.]>

  {friend} [came first, but nobody clapped|won, because {friend.he} woke up just in time|fell asleep and came in last|was still asleep]. Everybody [cheered for {hero} and {other}|carried {hero} on their shoulders|crowded around {other} and {hero}]. {Stranger:n} gave {hero} {a} {treasure.looks} {treasure}. {friend} [looked down|turned red|was quiet]. <friend: [You are slower than I am, but you are better.|Next time I will help, too.|I was silly, {hero}.]>`,
);

const saving = plot(
  'saving money',
  {},
  `{open} [In the window of a shop|At the market|On a shelf in a shop] {he} saw {a} {toy.looks} {toy}. It cost {number} coins, [and {hero:s} had only one|but {his} pockets were empty|more than {he} had].

  <relative: [You can work for it.|There is always something to do.|Ask {elder}.]> So {hero:s} went to {elder}, who needed help. On {weekday}, {he} [swept the steps|watered the beans|carried wood], and on {weekday}, {he} [washed the windows|fed the hens|picked plums]. {Hero:n} put the coins into {a} {color} [jar|box|sock] {nook}.

  [{nextDay}, {he} had enough at last|On {weekday} the {color} thing was full|At last it was enough]. [On the way to the shop|On the road|At the corner] {he} met {friend}, who [was {sad}|had red eyes|was crying]. <hero: [What happened, {friend}?|Why are you crying?]> <friend: [I lost the money for the bread.|Our window broke, and my {parent.kind} cannot pay for it.|My {patient.bare} needs medicine.]>
  {Hero:n} [thought of|dreamed of|could almost feel] the {toy}. [It was not easy.|{Hero:n} {thought}.] <because [a friend is more than a {toy}|a {toy} can wait|{he} could not look away]; {hero:s} gave {friend:o} [all {his} coins|everything that {he} had|the coins]>

  {friend} [could not speak|hugged {him}|ran home at once]. {Hero:n} [came|went] home [without the {toy}|with empty hands], but {he} [was not {sad}|felt light|whistled]. {later}, {elder} [knocked|stood at the door]. {elder.He} had [bought|brought] the {toy}! <elder: [I heard what you did.|Good deeds get around.|Somebody told me a story about you.]>`,
);

const building = plot(
  'building something',
  {
    work: table([
      { name: 'raft', from: '[logs|barrels|branches] and rope', fail: 'it sank at once', mend: 'tied more [logs|barrels] to it', end: 'It floated like a duck' },
      { name: 'tree house', from: '[boards|branches] and nails', fail: 'the floor was crooked', mend: 'put a thick beam under it', end: 'It was as strong as a ship' },
      { name: 'bridge', from: '[stones|planks] and clay', fail: 'the water carried it away', mend: 'used bigger stones', end: 'Even {parent} could walk over it' },
      { name: 'snowman', from: 'three balls of snow', fail: 'its head rolled off', mend: 'put a stick in its neck', end: 'It stood there until March' },
      { name: 'tent', from: '[blankets|leaves] and poles', fail: 'the wind blew it down', mend: 'put stones on its edges', end: 'It was warm and dry inside' },
      { name: 'wagon', from: 'an old box and four wheels', fail: 'one wheel rolled away', mend: 'used a longer nail', end: 'It rolled faster than a dog can run' },
    ]), // prettier-ignore
  },
  `{open} ?[{habit}]

  {day}, {hero} and {friend} wanted to build a {work}. <hero: [We need {work.from}.|Let us get {work.from}.|I have a plan! We take {work.from}.]> They [worked|carried and hammered] all morning. {sky}. {hero} [hit {his} thumb|got a splinter|was full of mud], and {friend} [gave orders|sang|got the giggles]. [But when it was done|Then came the great moment|At noon it was ready], [but|and] {work.fail}!

  <friend: [I told you so.|It is your fault!|All that work for nothing!]> <hero: [It is not my fault.|Do not shout at me.|It was your idea.]> They [sat back to back|did not talk for a while|were both {angry}]. Then {a} {stranger.bare} {clothes} came by and [looked at everything|asked what had happened]. <stranger: [My first {work} was worse.|You almost had it.|Who made that? Not bad!] [What did you learn?|Why did it go wrong?]>
  {Hero:n} {thought}. <because {hero:s} [knew now what was wrong|had understood|had an idea]; they {work.mend}>

  [This time it worked|Now it was right|What a difference]! {work.end}. {friend} [whistled|cheered|shook {hero:p} hand]. <friend: [I am sorry that I shouted.|We make a good team.|You were right, {hero}.]> {other} came [to look|running], too, and they shared {a} {food.looks} {food}. {atHome}`,
);

/** Plots about growing. */
export const growingPlots = [practice, afraid, garden, race, saving, building];
