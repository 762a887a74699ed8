/** @file Plots of an outing: something flies away, gets lost, is stolen; rain comes; somebody loses the way. */

import { plot } from '../story.ts';

const stuck = plot(
  'stuck up high',
  {},
  `{open} ?[{habit}]

  {day}, {hero:s} went {place.to} with {his} [{relative.who}|friend {friend}]. {Hero:s} [{flyer.play}|carried] {a} {flyer.looks} {flyer}
  and [watched {place.sight}|sang a little song|{act.past}]. {suddenly}, {flyer.away}, and the {flyer} [landed on|got stuck on|came down on] {high}.
  <hero: {exclaim}! My {flyer}! [I cannot reach it.|It is too high for me.|What shall I do?]>

  [First|At once], {hero:s} [threw {a} [stone|pine cone|shoe] at it, but {he} missed|jumped [{number} times|as high as a grasshopper], but [it was no use|that was not enough|{he} only got tired]|shook {high} [with both hands|again and again], but [nothing moved|only dust came down]|tried
  to reach it with {a} [long|thin|bent] [stick|branch|rope], but it was too short]. {Hero:n} {cried}.
  {A} {stranger.bare} {clothes} [came by|had seen everything|heard the noise|looked up|stopped and listened].
  <stranger: {comfort}. [I can help you.|I know what to do.|Just wait here.]>
  {Stranger:s} [stood on [a box|two crates|a bench|a bucket]|[brought|borrowed|set up] {a} [long|old|shaky] ladder|climbed up [slowly|very carefully]|shook it {number} times]{stranger:then} [brought the {flyer}
  down|caught the {flyer} when it fell|threw the {flyer} into {hero:p} arms].

  <hero: {thanks}!> {Hero:n} {jumped}. [<because {hero:s} wanted to [say thank you|give something back]; {he} gave {stranger:o} {a} {food.looks} {food}>|{fromThenOn}, {hero:s} [held the {flyer} tightly|tied the {flyer} to {his} wrist|looked at the sky first].]`,
);

const lost = plot(
  'lost outside',
  {},
  `{open} {His} dearest thing was {a} {toy.looks} {toy}, a present from {his} {relative.kind}.

  {day}, {hero} took the {toy} {place.to}. There {he} {act.past} and {act2.past}, and {he} [forgot the time|thought of nothing else|was very {happy}]. {aside} [When it was time to go home|When {hero:s} got hungry|When it got late|As {he} was about to leave], the {toy} [was gone|was not there any more|had disappeared]! {heart} <hero: {exclaim}! Where is my {toy}?>

  {Hero:n} [looked|searched|peeked] {spot}, but there was only {rubbish}. {Hero:n} [looked|searched|peeked] {spot2}{hero:then} found {rubbish}. Nothing!
  [<friend: I will help you, {hero}. Where did you {act}?>|{A} {stranger.bare} {clothes} [asked|wanted to know], "[When did you last see it|Where did you have it last|What does it look like]?"]
  {Hero:n} {thought}. <hero: [I had it when I {act2.past}.|Let me think. I [sat down to rest|stopped to look at {place.sight}|took off my coat].]>
  {Hero:n} [ran|went|hurried] back. [There it was, {spot3}!|{Spot3}, there lay the {toy}!|And what was that {spot3}? The {toy}!] [{A} [ladybug|snail|beetle|spider] was sitting on it.|It was [wet|muddy|dusty|a little dirty], but it was whole.|Only a bit of [mud|sand|grass] was on it.]

  {Hero:n} [hugged|kissed|cleaned] the {toy} and {smiled}. {fromThenOn}, {he} [put {his} things away before {he} played|always knew where the {toy} was|wore the {toy} on a string].`,
);

const thief = plot(
  'a thief',
  {},
  `{open}

  {day}, {hero} and {his} {relative.kind} had a picnic {place.in}. {sky}. They had {a} {food.looks} {food}, {a} {food2.looks} {food2}, and {number} [eggs|nuts|cherries|radishes].
  [{Hero:n} put the {food} down because {he} wanted to {act}.|While {hero:s} {act.past}, the {food} lay [on a stone|on the grass|on a cloth].|{Hero:s} {act.past} and did not watch the {food}.] {suddenly}, {a} {thief.looks} {thief.bare} {thief.took} the {food} and {thief.fled}.
  <hero: [Stop! Come back!|Hey! That is mine!|Stop, thief!]>

  {Hero:n} [ran|jumped up and ran|chased] after {thief:o}, but {he} [was too slow|tripped over a root|could not catch {thief:o}]. {Thief:s} [sat down|stopped|came to rest] {thief.up} and [looked at {him}|waited|seemed to laugh].
  {Hero:s} was {angry}. But {relative} [laughed|smiled|shook {relative.his} head].
  <relative: [Maybe it is just hungry.|It does not want to hurt anybody.|You cannot [outrun it|win like that].|Shouting does not help.] [Give it something better.|Try to trade.|Be clever, not loud.|What would it like more?]>
  So {hero:s} held out {thief.wants}. {Thief:s} [dropped the {food}|put the {food} down|let the {food} fall] and [came closer|took it|ate from {his} hand].

  [The {food} had {number} bites in it, so they gave it to the [ants|birds|fish].|The {food} was still good, and they shared it.|{Hero:s} and {relative} laughed and ate the {food2} instead.]
  [{nextDay}, {thief:s} came back, and {hero:s} was {happy}.|{fromThenOn}, {hero:s} [brought two of everything|kept one eye on {his} food|was a friend of {thief:o}].]`,
);

const rain = plot(
  'caught by the rain',
  {},
  `{open} ?[{habit}]

  {day}, {hero} and {friend} went {place.to} because they wanted to {act}. {sky}. {friend} {act2.past}, and {hero} {act3.past}.
  [Nobody noticed the [dark|black|gray] clouds|Then the wind turned cold|Far away, thunder rolled]. {suddenly}, big drops fell. <friend: [We will get wet!|It is raining! Run!|My [ears|feet|socks] are wet already!]>

  They [ran as fast as they could|looked around|joined hands] and [hid|took shelter|sat down] {spot}. It was [narrow|dark|dry|cold] there, and they [sat close together|heard the drops on the [leaves|roof|stones]|waited]. {friend} was [afraid|scared|frightened]
  of the thunder. <because {hero:s} wanted to cheer {friend:o} up; {he} [told a funny story about {a} {patient.bare}|sang a song about {a} {toy.looks} {toy}|shared {a} {food.looks} {food} with {friend.him}|counted the seconds after each flash]>
  Soon {friend:s} [was not afraid any more|smiled again|even laughed].

  {later}, the [rain|storm|thunder] [stopped|was over|moved on]. [There was|They saw] {a} [huge|bright|double|pale] rainbow, and [{place.sight}|puddles everywhere|the air smelled of wet [grass|earth|stones]]. <hero: [Look! I can see seven colors!|Let us jump into every puddle!|That was the best [part of the day|shower of my life].]>
  They [went home barefoot|splashed all the way home|came home with [muddy|wet|cold] feet]. {atHome}`,
);

const lostWay = plot(
  'the lost way',
  {},
  `{open} {His} {parent.kind} [always said|had told {him} {number} times|often said], "[Stay where I can see you|Do not run off|If you get lost, stay where you are|Hold my hand in a crowd]."

  {day}, they went {place.to}. {Hero:s} [followed {a} {color} butterfly|ran after {a} rolling {toy}|wanted to see {place.sight}|heard music and followed it]. [When {he} turned around|After a few minutes|When {he} looked up], [{he} could not see {parent} anywhere|{parent} was gone|there was no {parent}|everything looked strange].
  {heart} <hero: [{parent}! Where are you?|Oh no, I am lost!|Hello? Can anybody hear me?]> [Nobody answered.|There was no answer.|Only [the wind|an echo] answered.|{aside}]

  {Hero:n} {breath}. <because {hero:s} remembered the rule; {he} [stayed where {he} was|sat down {spot}|did not run away]>
  {later}, {a} {stranger.bare} {clothes} stopped. <stranger: [Are you all alone?|What is the matter, little one?|Have you lost somebody?]>
  <hero: [I am looking for my {parent.kind}. {parent.He} has {a} {color} [hat|scarf|bag].|I lost my {parent.kind}.]>
  {Stranger:s} [called {parent:p} name very loudly|lifted {him} up so that {he} could see far|walked with {him} to [the way out|the big gate|the place where they had come in]|took {his} hand and asked [everyone|{number} people]].

  <parent: [There you are, {hero}!|{hero}! I looked everywhere!|Oh, {hero}!]> {Parent:n} [hugged {him} for a long time|dried {his} tears|held {him} tight]. [{fromThenOn}, {hero:s} [held {parent:p} hand|never went off alone|looked back every few steps].|<hero: [Next time I will tell you where I go.|I will never run off again.|I did what you told me.]>]`,
);

/** Plots of an outing. */
export const outdoorPlots = [stuck, lost, thief, rain, lostWay];
