/** @file Plots of special days: a map, a letter, a show, snow, a trip, a chain of trades, a lost tooth. */

import { plot, table } from '../story.ts';
import { townOnly } from '../world.ts';

const map = plot(
  'a map',
  {
    prize: table([
      'a box full of {color} marbles',
      'an old flute',
      '{number} silver spoons',
      'a letter and a ring',
      'a crown of tin',
      'a jar of honey candy',
    ]),
  },
  `{open} ?[{habit}]

  {day}, {hero} found a [torn|yellow|folded|wet] piece of paper {nook}. There were lines on it, {a} {color} cross, and a picture of {place}. <hero: [{friend}, look at this!|It is a map!|Somebody has hidden something.]> <friend: [Let us go at once!|Maybe it is a [pirate|robber|queen]'s map!|I will get {a} [shovel|lamp|rope].]>

  So they went {place.to}. The map said: {number} steps from {high}. {Hero:n} counted aloud. {aside} They [looked|dug|searched] {spot}, but found only {rubbish}. <friend: [This map is a joke.|I am tired. Let us {act}.|We counted wrong.]> {Hero:n} turned the paper [around|over|upside down]. <hero: [We held it the wrong way!|Wait. It is [left|right], not [right|left]!|Your steps are longer than mine!]>
  They tried it {spot2}. [Clonk!|Something shone.] It was {prize}!

  {A} {stranger.bare} {clothes} [laughed|clapped|came near]. <stranger: [I hid that when I was [young|small|your age].|So somebody found it at last!|I made that map {number} years ago.]> {Hero:s} wanted to give it back, but {stranger:s} [shook {stranger.his} head|would not take it]. <stranger: [Keep it, and hide something new.|It is yours now.|Share it well.]> That night, {hero} and {friend} drew a map of their own.`,
);

const letter = plot(
  'a letter',
  {},
  `{open} {His} best friend {friend} [had moved away|lived far away now|was on a long trip], and {hero:s} [missed {friend.him}|often thought of {friend.him}|felt {sad}].

  {day}, {relative} brought {a} {color} [pen|pencil] and some paper. <relative: [Write to {friend.him}.|A letter can travel farther than you.|Tell {friend.him} what you do all day.]> {Hero:n} {thought}. [What could {he} write?|Where should {he} begin?] {Hero:n} wrote that {he} {pastime.past}, that {a} {patient.bare} {patient.trouble}, and [that {he} had seen {place.sight}|that it was {month} now]. {Hero:n} put {a} {treasure.looks} {treasure} into it, too.
  Then {he} took it to {elder}, who [carried the mail|was going that way|had a fast boat]. <elder: [It will be there by {weekday}.|I will carry it under my hat.|{friend} will be {happy}.|It is [as heavy as {a} {food}|a thick one].]>

  {Hero:n} waited. {Number} days went by. {hero} looked [down the road|out of the window|for {elder}] [every [morning|evening]|{number} times a day]. <hero: [Maybe {friend} has forgotten me.|Perhaps it got lost.|Why is there no answer?]> On {weekday}, {elder} came with {a} [thick|thin|big|{color}] letter! {heart}
  In it [there was|lay|{he} found] {a} {color} [ribbon|pebble|leaf|button] and a drawing of {a} {toy.looks} {toy}. {friend} wrote, "[I {pastime2.past}|I saw {a} {thief.looks} {thief.bare}|I ate {a} {food.looks} {food}], and I thought of you. [Come and visit me|I will come back in {month}|Write soon]." {Hero:n} read it {number} times{hero:then} {asleep}.`,
);

const show = plot(
  'a show',
  {
    job: table([
      { name: 'the tree', line: 'say nothing and wave {his} arms' },
      { name: 'the moon', line: 'climb up behind a hill of boxes' },
      { name: 'the king', line: 'shout, "Bring me my {color} hat!"' },
      { name: 'the wind', line: 'run from left to right and howl' },
      { name: 'a dragon', line: 'spit {number} paper flames' },
      { name: 'the cook', line: 'drop a pot at the right moment' },
    ]), // prettier-ignore
  },
  `{open}

  [On {weekday}, there would be|Soon there would be|Everyone was getting ready for] a [show|play|feast] {place.in}, and {hero} was [to be|going to be|chosen to be] {job}. {Hero:s} [had to|was to|would] {job.line}. {friend} had the [biggest|longest|best] part and [never forgot a word|wore {a} {color} crown|spoke very well]. <hero: [I am only {job}. Nobody will look at me.|What if I do it wrong?|I would rather {pastime}.]> <elder: [Without {job} there is no story.|There are no small parts.|Do it with all your heart.]>

  {Hero:n} practised [every day|{nook}|in front of a mirror|until {his} {parent.kind} laughed]. {evening}, [everybody came|all the seats were full|the lights went on]. {heart} {friend} began, but [then {friend.he} looked at all the [eyes|faces]|in the middle {friend.he} stopped|then a chair fell over], and {friend.he} [forgot everything|could not speak|went white]. [It was very still.|Nobody knew what to do.|Somebody coughed.]
  {Hero:n} saw it. <because {hero:s} knew [every word|the whole play]; {he} [whispered the words|stepped forward|made a joke|began to sing]> The people laughed. {friend} [took a breath|found {friend.his} voice|smiled] and went on. {Hero:n} did {his} part, too[, better than ever|, and {parent} waved|].

  {later} everyone [clapped|stood up|threw {color} flowers]. <friend: [You saved me!|{thanks}, {hero}.|Nobody plays {job} like you.]> {Hero:s} was {proud}. [They ate {a} {food.looks} {food} together.|The next time, {he} got a longer part.|<hero: I saw everything from the side.>]`,
);

const snow = plot(
  'the first snow',
  {},
  `{open}

  One [morning|Monday|Friday|Sunday] in [November|December|January], {hero} looked out. [Everything was white!|The roofs were white!|Where was the [grass|road]?] {Hero:n} [ran outside|put on {a} {color} hat|woke {his} {parent.kind}]. <hero: [It has snowed!|The world is made of sugar!|Come out, everybody!]> {friend} was [already there|outside, too,|in front of the door] and [threw a snowball|caught flakes on {friend.his} tongue|made a track of {number} big steps].

  They took {a} {color} [sled|tray|box] and [went {place.to}|pulled it {place.to}]. They [slid|raced|tumbled] down from {high} [together|one behind the other|with their eyes closed]. {aside} {Hero:n} fell off {number} times. <friend: [You look like a snowman!|Again, again!|My nose is an ice cube.]> <hero: [Let us build a [bear|castle|giant]!|One more time!|Hold on tight!]>
  {Spot}, they found {a} {patient.looks} {patient.bare}. <because it [was shivering|had nothing to eat|could not walk in the snow]; {hero:s} [put it under {his} coat|carried it home|wrapped {his} scarf around it]>

  [At home|Soon], {parent} made [hot milk|soup|cocoa|tea with honey]. {Patient} ate some {patient.food}{patient:then} slept by the [stove|fire]. {Hero:s} and {friend} [warmed their toes|told stories|{pastime.past}|watched it]. Outside it snowed again. <friend: [Tomorrow we will go out again.|I hope it never melts.|Winter is not so bad.]> [In [March|April]|When it got warm], the {patient.bare} [went its way|moved out], and {hero:s} [waved|was a little {sad}|gave it {patient.food}].`,
);

const trades = plot(
  'a chain of trades',
  {},
  `{open} {Hero:s} had {a} {toy.looks} {toy} that {he} did not like any more.

  {day}, {he} met {friend}, who had {a} {food.looks} {food}. <friend: [Oh, a {toy}! Shall we trade?|I need a {toy}! Do you want my {food}?|I will give you this for it.]> {Hero:n} agreed. {Place.in}, {he} met {a} {stranger.bare} {clothes}. <stranger: [I am so hungry.|I would give a lot for that {food}.|That {food} smells good!]> {Stranger:n} gave {hero:o} {a} {treasure.looks} {treasure} for it. {aside}

  Then {hero:s} came to {other}, who [sat {spot} and cried|searched {spot}|was very pale]. <other: [I have lost my {relative.kind}'s {treasure}.|My {treasure} fell into the water.|Have you seen a {treasure}?]> {Hero:n} looked at the {treasure} in {his} [hand|pocket]. [It was not the same|It was another one|It was older], but [it was just as [pretty|fine|nice]|perhaps it would do]. [{Hero:n} {thought}.|It was hard to let go of it.] {Hero:n} [gave it to {other:o}|put it in {other:p} hand] and [asked for nothing|smiled|wanted nothing back].

  <other: [Why do you give it to me?|{thanks}! You are so kind.|How can I thank you?]> <hero: [You need it more than I do.|I only had an old {toy} this morning.|Do not cry any more.]> [In the evening|At supper time], {hero:s} came home [with empty hands|without anything]. <parent: [What did you get for the {toy}?|Where is your {toy}?]> <hero: [A new friend.|A good day.|I got a smile.]> [{Parent:s} laughed and hugged {him}.|{parent} said that it was a very good trade.|{Parent:s} nodded.]`,
);

const tooth = plot(
  'a loose tooth',
  { world: townOnly },
  `{open} [For {number} days, one of {his} teeth had been loose.|{His} first tooth was loose.|One of {his} teeth wobbled.] {Hero:s} [pushed it with {his} tongue|showed it to everyone|could not eat {food}s any more].

  <relative: [Tie a string to it.|Eat an apple!|Just wait.|Let me pull it.]> But {hero:s} was {scared}. <hero: [No! It will hurt.|Do not touch it!|I want to keep it.]> {day}, {hero} went {place.to} with {friend}. {Hero:s} {act.past}, and {friend} {act2.past}. {friend} had {number} [gaps|new teeth] already. <friend: [You hardly feel it.|Mine fell out in a sandwich.|I swallowed mine!]>
  {aside} Then {hero:s} bit into {a} {food.looks} {food}. [Crack!|Plop!|Oh!] [Something hard was in {his} mouth.|That was no {food}!|{hero} stopped chewing.] There was the tooth, as [small|white|round] as {a} [pea|shell|grain of rice|pearl]!

  <hero: [It is out! It is out!|I did not even feel it!|Look at my gap!]> {Hero:s} [wanted to|could not wait to] show it to {parent}, but [on the way home|at the corner] {he} [dropped it {spot}|stumbled, and it was gone]. They [searched|looked] [on hands and knees|on all fours|everywhere]. <friend: [Here it is!|I have it!|Is this it? No, that is {rubbish}.]> {Hero:n} put it in {a} {color} [box|cup|handkerchief] under {his} pillow. In the morning, [there lay|it had become] {a} [shiny coin|{treasure.looks} {treasure}|tiny letter]. {Hero:n} {jumped}.`,
);

const hiding = plot(
  'hide-and-seek',
  {},
  `{open} {Hero:s} was very good at [hiding|keeping still|hide-and-seek].

  {day}, {hero}, {friend} and {other} played {place.in}. {other} counted to [twenty|fifty|one hundred]. {friend} hid {spot}, but {friend.his} [foot|elbow|{color} hat] [stuck out|could be seen]. {Hero:n} [climbed up behind|crept behind|lay down at the foot of] {high}. [Nobody would find {him} there!|It was warm and quiet there.] Far away, {place.noise}. <other: [I see you, {friend}!|{friend}, come out!|One! Where is the second?]>

  Together they [looked|searched|peeked] {spot2}. They found only {rubbish}. <friend: [{hero}! Come out, we give up!|Where can {he} be?|Maybe {hero} went home.]> [Nobody answered.|There was no sound.|{aside}] {aside} It [got late|got cold|began to rain]. {Friend:s} was {scared}. <friend: [We must get help.|What if something happened?]> {A} {stranger.bare} {clothes} came along and [listened|looked up|put a finger to {stranger.his} lips]. <stranger: [Do you hear that?|Somebody is snoring.|Follow that noise.]>

  There was {hero}, fast asleep! {friend} tickled {hero:p} nose with {a} [leaf|feather|straw]. <hero: [Did I win?|Is it morning?|I was dreaming of {a} {food}.]> They all laughed. <other: [You won, sleepyhead.|You are too good at this.|Next time you count.]> Then they shared {a} {food.looks} {food} and {act2.past}.`,
);

const trip = plot(
  'a trip',
  {
    ride: table([
      { name: 'train', by: 'by train', trouble: 'stopped in the middle of a field', why: 'a cow stood on the rails', help: 'led the cow away with {a} {food}' },
      { name: 'boat', by: 'by boat', trouble: 'did not move any more', why: 'a rope was caught under it', help: 'pulled the rope up bit by bit' },
      { name: 'bus', by: 'by bus', trouble: 'stopped on a bridge', why: 'a family of ducks sat on the road', help: 'walked in front of the ducks and quacked' },
      { name: 'cart', by: 'in a cart', trouble: 'sank into the mud', why: 'it had rained all week', help: 'put branches under the wheels' },
      { name: 'balloon', by: 'in a balloon', trouble: 'began to sink', why: 'it was too heavy', help: 'threw out {number} bags of sand' },
    ]), // prettier-ignore
  },
  `{open} {Hero:s} had never [been far from home|seen the other side of the hills|traveled before].

  {day}, {he} and {his} {relative.who} went {ride.by} to visit {friend}. {Hero:s} had {a} {color} bag with {a} {food.looks} {food} and {a} {toy.looks} {toy} in it. {Hero:n} looked at everything: [fields|bridges|towers|cows], [mills|rivers|clouds|geese] and {place.sight}. <hero: [Are we there yet?|How far is it?|Look, look!]> <relative: [Not yet.|Count to {number} hundred.|Soon, very soon.]>
  {suddenly}, the {ride} {ride.trouble}. The people [grumbled|were {angry}|looked at their watches]. <relative: [What is the matter?|Now we will be late.|We must wait.]> {Hero:n} [leaned out|looked out|climbed on the seat] and [saw|noticed] that {ride.why}.

  <because [nobody did anything|everyone only talked|{relative} was worried]; {hero:s} {breath}> <hero: [I have an idea.|May I try something?|I think I can do it.]> {aside} {Hero:n} {ride.help}. [It worked!|Slowly, the {ride} began to move.] The driver [took off {a} {color} cap|shook {his} hand|let {him} ring the bell]. [Everybody cheered.|{relative} was {proud}.]
  {later} they arrived, and {friend} was waiting with {a} {color} flag. <friend: [You are late!|I waited so long!|What took you so long?]> {hero} {smiled} and told {friend.him} [the whole story|everything], [{number} times|from beginning to end|while they ate].`,
);

/** Plots of special days. */
export const dayPlots = [map, letter, show, snow, trades, tooth, hiding, trip];
