/** @file Plots at home: breaking and mending, cooking, looking for something, not sleeping, cleaning up. */

import { plot, table } from '../story.ts';

const broken = plot(
  'the broken thing',
  {
    excuse: '[It was the wind|It was the cat|I do not know|I did not see anything]',
  },
  `{open} [{Hero:s} lived with|At home there was|{His} room was next to that of] {his} {relative.who}, who [had|owned|loved] {a} {breakable.looks} {breakable}.

  {day}, {hero} [ran through|danced in|threw {a} {toy} in|chased a fly in|marched around] {room}. <because {hero:s} [did not look where {he} was going|was [too fast|in a hurry|dizzy]|slipped on {rubbish}]; {he} [bumped into|knocked over|fell against|hit] the {breakable}>
  It [fell|fell to the floor|rolled away] and {breakable.broke}. {heart} {Hero:n} [hid it|quickly put it] {nook}[ and ran out| under a cloth|].

  [In the evening|At supper time|Soon], {relative} [looked around|came into {room}|came home]. <relative: [Where is my {breakable}?|Has anybody seen my {breakable}?|Do you know where my {breakable} is?]> [<hero: {excuse}.>|{Hero:n} [looked at {his} feet|turned red] and said nothing.]
  But {hero:s} [could not eat|could not sleep|felt a stone in {his} belly|could not look at {relative}|dreamed of the {breakable}]. {later}, {he} [went|ran|walked slowly] to {relative:o}{hero:then} [told the truth|told {relative.him} everything|held out the broken {breakable}].
  <hero: [I broke it.|It was me.|I have to tell you something.|I did it.] [I am very sorry.|I was not careful.|I was afraid to tell you.|I hid it {nook}.]>

  [{Relative:s} was [quiet for a moment|a little sad], but not {angry}.|{Relative:n} took {his} hand.] <relative: [A {breakable} can be mended. [A lie is harder to mend|Trust is not so easy to mend].|Thank you for telling me. That was [brave|not easy].|I am glad that you told me.|I broke [a window|{number} plates|a mirror] when I was little.]>
  They [got|found|bought] {breakable.need}, and [together they|in the end they|in an hour they] {breakable.mend}. [It looked almost new.|One could hardly see it.|It even looked better than before.|It would never be the same, but it was good enough.] {fromThenOn}, {hero:s} [walked slowly in {room}|played outside|told the truth at once].`,
);

const cooking = plot(
  'cooking together',
  {},
  `{open} ?[{habit}]

  {day}, {hero:s} and {his} {relative.who} wanted to [make something good to eat|cook together|surprise {parent}]. <relative: [What shall we make?|What would you like to eat?]> <hero: [Let us make {dish}!|{Dish}, please!|How about {dish}?]>
  First {relative:s} {dish.mix}. {hero} [stirred|tasted|sang|washed the spoons]. But when they [looked|searched|peeked] {nook}, [they had|they found] no more {dish.missing}!
  <hero: [I will ask {elder}.|{elder} always has some. I will go.|Let me go next door!]>

  {Hero:n} [ran|walked|hurried] to {elder}, who was [reading by the window|sweeping the steps|watering the beans|mending a chair]. <hero: [Please, can you give us some {dish.missing}?|Do you have a little {dish.missing} for us?]>
  <elder: {yes}. [But please carry it carefully.|Take as much as you need.|Will you bring me {a} {dish.share} later?]>
  On the way back, {hero:s} [almost dropped it, because {a} {patient.bare} crossed the path|walked very slowly|counted {his} steps].

  {later}, {dish} was ready. It [smelled so good that {a} {patient.bare} came to the door|was [a little burned|too hot at first|rather crooked], but it [tasted wonderful|was good all the same]|was the best [that they had ever made|of the year]].
  {Hero:n} took the first {dish.share} to {elder}. [<elder: Mmm! [You are real cooks.|This is better than mine.]>|{elder} [smiled|licked the spoon] and asked for more.] {atHome}`,
);

const searching = plot(
  'looking all over',
  {},
  `{open}

  {day}, {hero} could not find {his} {toy.looks} {toy}. {Hero:s} [needed it|wanted to show it to {friend}|could not sleep without it|had promised it to {friend}]. {Hero:n} went to {room} and [looked|searched|peeked] {nook}. There {he} found {a} {treasure.looks} {treasure}. {Hero:n} [looked|searched|peeked] {nook2}. There {he} found {rubbish}.
  <hero: [Who took my {toy}?|My {toy} has run away!|I have looked everywhere!]>

  {hero} was {angry}. <because {friend} had been there on {weekday}; {hero:s} thought that {friend:s} had taken it>
  [{friend} was {sad}.|That hurt {friend}.|{friend} turned away.] <friend: [I did not take it.|I would never steal from you.|Let me help you look.]>
  They [looked|searched|peeked] {nook3}, and there was the {toy}! [A [mouse|mother cat|spider] had made a bed in it.|{hero} {himself} had put it there on {weekday}.|It had fallen down behind a box.]

  {Hero:n} [turned red|was ashamed|hung {his} head]. <hero: [I am sorry, {friend}.|I was wrong. Please forgive me.|I should have asked you nicely.]>
  <friend: [It is all right.|I forgive you.|Everybody makes mistakes.]> Then the two of them {pastime.past} [until it was dark|together|for the rest of the day]. [{Hero:n} gave the {treasure} to {friend}.|{fromThenOn}, {hero:s} looked twice before {he} said a word.]`,
);

const sleepless = plot(
  'no sleep',
  {
    noise: table([
      { name: 'a scratching', was: 'a branch at the window', by: '[tied the branch back|cut the branch]' },
      { name: 'a dripping', was: 'water in the old bucket', by: '[emptied the bucket|put a cloth under it]' },
      { name: 'a squeaking', was: 'the door in the wind', by: '[closed the door|put oil on the door]' },
      { name: 'a tapping', was: 'a moth at the lamp', by: '[let the moth out|put the lamp out]' },
      { name: 'a humming', was: 'the wind in a bottle', by: '[put a cork in|carried the bottle inside]' },
      { name: 'a knocking', was: '{a} {color} shutter', by: '[closed the shutter|wedged a bit of wood in]' },
      { name: 'a rustling', was: '{a} {patient.looks} {patient.bare} in the leaves', by: '[gave it some water|showed it the way out]' },
    ]), // prettier-ignore
  },
  `{open}

  {evening}, {hero} [lay awake|lay in bed|looked at the ceiling]. {Hero:s} had [counted {number} [hundred|] [sheep|stars|ducks]|drunk warm [milk|tea]|turned over {number} times|closed {his} eyes|eaten {a} {food.looks} {food}], but {he} [could not sleep|was still awake|was not tired]. {suddenly}, {he} heard {noise} [from {room}|outside|near the bed].
  {heart} <hero whispered: [Who is there?|Is it a [monster|ghost|robber]?|What was that?|Is anybody in {room}?]>

  [{Hero:n} pulled the blanket over {his} head.|{Hero:n} hugged {his} {toy.looks} {toy}.] {later}, {he} called {his} {parent.kind}. <parent: [What is wrong, {hero}?|Why are you still awake?|Did you have a bad dream?]>
  <hero: [I heard something. I am {scared}.|There is a [monster|ghost|robber] in {room}.|It goes [tick, tick|crack|hiss]. Listen!]> <parent: [Let us look together.|Come, we will take the lantern.|I will hold your hand.]>
  {Hero:n} {breath}. They [went on tiptoe|walked slowly|crept|tiptoed hand in hand] through the [dark|silent|cold] [house|rooms] and [looked|searched|peeked] {nook}. There was [nothing but|only] {rubbish}. [Then {parent} pointed.|Then they heard it again.|{parent} held up the light.] It was only {noise.was}! {hero} {noise.by}.

  {Hero:n} {smiled}. <hero: [It was so small, and I was so afraid!|Now I know what it is.|Good night, little noise.|Next time I will look by myself.|I thought it was {a} [giant|ghost|bear]!]> {Parent:s} [kissed {his} nose|tucked {him} in|hummed a song about [the moon|ships|sheep]|told {him} a story about {a} {patient.bare}], and {hero:s} {asleep}.`,
);

const tidy = plot(
  'the messy room',
  { hidden: table(['a lost sock', 'a dry sandwich', 'a broken crayon', 'half a cookie', 'an old letter']) },
  `{open} But {hero:s} did not like to clean up. {Toy}, {toy2}, [socks|papers|nut shells|crumbs] and [cups|stones|sticks], everything lay [on the floor|in a big heap|here and there].

  {day}, {friend} came to [visit|play]. <because nobody could see the floor; {friend} [stepped on the {toy2}|fell over the {toy}|sat on the {toy2}]> <friend: [Ouch! My foot!|Ouch! That hurt.|Your room is a jungle!]> {hero} was [sorry|ashamed]. <hero: [I will clean up. Will you help me?|You are right. Let us clean up.]>

  [They made a game of it.|It became a game.|They played while they worked.] {hero} was [a pirate|a digger|a king|a train], and {friend} was [the crew|a crane|a wizard|the cook]. [{Hero:n} put everything {color} into [a box|a basket] first.|They sang and threw all the [socks|sticks] into a basket.]
  {Nook}, {hero:s} found {hidden}. {Nook2}, {friend} found {a} {treasure.looks} {treasure}. <friend: [Is this yours?|What is this?|Look at this!]> <hero: [I have looked for it since {weekday}!|I thought it was gone for ever!|That is from my {relative.kind}!]>

  {later}, they were done. {parent} [looked in and could not believe it|brought {number} {food}s|clapped]. {Hero:s} was {proud}. Now there was [room|space|enough floor] [to {pastime}|for a long train|for both of them to lie down]. {fromThenOn}, {he} cleaned up [every {weekday}|before dinner|with a song].`,
);

/** Plots at home. */
export const homePlots = [broken, cooking, searching, sleepless, tidy];
