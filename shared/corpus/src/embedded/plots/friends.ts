/** @file Plots about friends: sharing, quarrelling, meeting, visiting the sick, making a present. */

import { plot } from '../story.ts';

const sharing = plot(
  'sharing',
  {},
  `{open} ?[{habit}]

  {day}, {his} {relative.kind} gave {him} {a} {food.looks} {food}. {Hero:n} took it {place.to}, where {he} wanted to [eat it in peace|eat it alone|have lunch].
  {friend} was sitting {spot} and looked {sad}. <hero: [What is wrong, {friend}?|Why are you so [sad|quiet|pale]?|Are you all right?]>
  <friend: [A {thief.bare} stole my {food2}.|My {food2} fell into the mud.|I left my {food2} at home.|My little brother ate my {food2}.] [Now I am so hungry.|My belly is empty.|I have not eaten since breakfast.]>

  {Hero:n} looked at the {food}. [It was not very big.|It smelled so good.|{His} mouth watered.] [{Hero:n} {thought}.|For a moment {he} wanted to run away with it.] <because {hero:s} [knew what it was like to be hungry|liked {friend}|remembered {his} {relative.kind}]; {he} [broke|cut|pulled] the {food} in two>
  <hero: [Here, half of it is for you.|Take this. It is the bigger part.|Let us share it.]>

  They sat [side by side|back to back|in the sun] and ate. {friend} [smiled|laughed|grinned|nodded]. <friend: {thanks}! [You are a real friend.|That was the best {food} of my life.|Now I feel strong again.]>
  After that they {act.past} and {act2.past} until [the sun went down|their legs were tired|it was time to go home].
  {nextDay}, {friend:s} [brought|gave {hero:o}|came with] {a} {food2.looks} {food2}. [Half of it was for {hero}.|<friend: Now it is my turn!>|And guess what? They shared it, too.]`,
);

const quarrel = plot(
  'a quarrel',
  {},
  `{open} {hero} and {friend} [were best friends|lived next door to each other|had known each other for {number} years].

  {day}, they found {a} {toy.looks} {toy} {place.in}. It lay {spot}. <hero: [I saw it first!|It is mine!|Give it to me!]> <friend: [No, I did! Let go!|No, it is mine!|You always get everything!]> [They both pulled.|Each of them [pulled at|had] one end.|Nobody let go.] [Crack!|Rip!|Splash!|Oops!] The {toy} [fell into the mud|broke in two|flew through the air and hit {a} {stranger.bare}].

  {hero} was {angry} and went home. {Friend:n} [stayed there and cried|went home, too|kicked a stone]. {Hero:n} tried to {pastime} alone, but [it was no fun|that was dull|it felt wrong]. [The house was too quiet.|{Hero:s} kept [looking out|listening for steps].|Even {his} {food} did not taste [good|like anything].]
  {relative} [saw it|came in|sat down next to {him}]. <relative: [What would make {friend} smile?|A {toy} is only a {toy}. A friend is a friend.|[Who is going to|Who will] say sorry first?]>

  {Hero:n} {thought}. Then {he} ran to {friend}, who was [just coming out|sitting on the steps|standing at the door with {a} {food}|already on the way]. <hero: I am sorry, {friend}.> <friend: [I am sorry, too.|No, I am sorry. I pulled first.]>
  They [washed|mended|cleaned] the {toy}. On [Mondays|Tuesdays|Wednesdays] {hero} had it, and on [Fridays|Saturdays|Sundays] it was {friend:p} turn. [But mostly they {pastime2.past} together.|And the rest of the week they {act.past}.]`,
);

const newcomer = plot(
  'somebody new',
  {},
  `{open} {Hero:s} [had just moved there with {his} {parent.kind}|was new there|had come from far away]. [{Hero:s} did not know anybody.|All {his} friends were far away.|Everything smelled strange.]

  {day}, {parent} took {him} {place.to}. {friend} was there and {act.past} with {other}. {Hero:n} [hid behind {parent}|stood {spot} and watched|looked at {his} feet].
  <parent: [Go and say hello.|They look nice. Ask them.|You only need one word to begin.]> <hero whispered: [What if they laugh at me?|I cannot. I am too shy.|Maybe tomorrow.]>
  {Hero:n} {breath}{hero:then} walked over. {heart} <hero: [Hello, I am {hero}. May I play, too?|Hi! Can I {act} with you?]>

  {friend} [looked up|turned around|stopped]. <friend: [Of course! We need one more.|Yes! I am {friend}.|Can you {act2}? We can show you.]>
  At first {hero} was [quiet|careful|slow], but soon {he} laughed [louder than anyone|like the others|out loud]. {other} showed {him} how to {act2}. Then {hero} told them that {he} liked to {pastime}, and {other} [liked that as well|wanted to learn it].

  [When it was time to go|Before they parted|At the end], {friend:s} gave {hero:o} {a} {treasure.looks} {treasure}. <friend: [Will you come back on {weekday}?|See you tomorrow!|This is for you. You are one of us now.]> {Hero:n} {smiled}. <because {hero:s} had found [a friend|two friends|new friends]; the new home was not strange any more>`,
);

const sick = plot(
  'a sick friend',
  {},
  `{open} ?[{habit}]

  {day}, {hero} wanted to {act} with {friend}, but {friend:s} did not come. <because {friend:s} had [eaten [too many|{number} green] [plums|apples|pears]|fallen into [the cold water|a pond]|stayed out in the [rain|snow|wind]|slept by an open window]; {friend:s} was sick in bed> {Hero:s} was {sad}. <hero: [Poor {friend}!|I must do something.|What can I do for {friend}?]>

  {relative} [had an idea|knew what to do|put down {relative.his} book]. <relative: [Bring {friend.him} something nice.|A visit is the best medicine.|Make {friend.him} laugh!]> So {hero:s} [put|packed] {a} {food.looks} {food}, {a} {toy.looks} {toy} and {number} [flowers|leaves|feathers] into a basket and went to {friend}.
  {friend} had a [red|pale|hot] face and a [cough|sore throat|fever|stuffy nose|thick neck]. <friend: [I feel awful.|Everything hurts.|I am so bored.]> {Hero:n} gave {friend:o} the {food}. Then {he} [told {friend.him} about|drew a picture of|acted out the story of] {place.sight}, and [made funny faces|made the {toy} dance|sang a silly song about {a} {patient.bare}].
  {friend} [laughed|giggled] so much that {friend.he} [forgot the pain|coughed {number} times|fell out of bed].

  {Hero:n} came back every day, and [on {weekday}|in the end|{number} days later], {friend} was well again. <friend: [Your jokes were better than the medicine.|Thanks for coming [every day|so often].|Let us go {place.to}!]> They went {place.to} and {act.past} [all afternoon|until it was dark|with {other}].`,
);

const gift = plot(
  'a present',
  {},
  `{open}

  [It was the day before {relative:p} birthday.|{relative:p} birthday was on {weekday}.|{relative} would have a birthday soon.] {Hero:s} [had|owned] [no present and only|nothing but] {number} [pennies|nuts|buttons|shells]. <hero: [What can I give to {relative}?|I cannot buy anything.|I have no present!]> {friend} [smiled|laughed|grinned|nodded]. <friend: [You can make something yourself.|Make {a} {present}!|The best presents are [not bought|made by hand].]>
  <because {hero:s} had [seen {a} {present} at the market|some time until supper|{present.from} at home|always wanted to try it]; {he} [decided|wanted] to make {a} {present}>

  {Hero:s} needed {present.from}. {Hero:n} [found everything|looked] {nook} and [sat down at once|began|cleared the table]. {Hero:s} {present.made}. [It was not easy.|It took a long time.|{His} [fingers|eyes] hurt.] [Once|Twice] everything [fell down|got wet|looked crooked|broke], [and|so] {he} had to [begin again|start anew|do it over]. {Friend:s} [helped {him} a little|held the lamp|kept {him} company and {pastime.past}]. {later}, the {present} was ready.

  {nextDay}, {relative} [opened|tore off|unfolded] the {color} paper. {Relative:s} [was quiet for a moment|put on {relative.his} glasses|took a long look]. <relative: [Did you make this {present} yourself?|This is the [most beautiful|finest|prettiest] {present} [in the world|that I have ever had]!|Oh, {hero}! It is lovely.|A {present}! Just what I [needed|wanted]!]> {Relative:s} [put it in the best place|hugged {him} tightly|showed it to everybody|took it everywhere]. {Hero:s} was {proud}. [There was {a} {food.looks} {food} for everyone, and {friend} got the biggest.|Then they all [danced|sang|{pastime.past}].|It was much better than anything one can buy.|<friend: Next year I will make one as well.>]`,
);

/** Plots about friends. */
export const friendPlots = [sharing, quarrel, newcomer, sick, gift];
