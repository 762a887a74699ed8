/** @file Plots about helping: animals, neighbors, somebody who is in danger, a bad joke, a secret. */

import { plot, table } from '../story.ts';

const patientStory = plot(
  'a small patient',
  {},
  `{open} ?[{habit}]

  {day}, {hero} and {his} {relative.who} were {place.in}. {Hero:s} {act.past} when {he} heard a [soft|strange|weak|sad] [sound|noise|cry] {spot}. [{Hero:n} bent down.|What was that?|{Hero:n} went closer.] It was {a} {patient.looks} {patient.bare} that {patient.trouble}. <hero: [{relative}, come quickly!|Poor thing! Look, {relative}.|We must help it!]>

  {relative} [knelt down|came at once|put on {relative.his} glasses]. <relative: [It is more afraid than you are.|Be very quiet now.|Do not touch it yet.] [What does it need?|Slowly, slowly.]> <because {hero:s} [did not want to frighten {patient:o}|knew that it was afraid|had once had a {patient.bare}]; {he} [moved very slowly|spoke in a low voice|held {his} breath]> Then {he} {patient.help}.
  {Hero:n} gave it some {patient.food}. [At first it did not eat.|It ate a little.|It ate everything.] {Hero:n} [stayed|sat] with it until [noon|the sun went down|it stood up again].

  {later}, {patient:s} [was well|felt better|could go]. {Patient:s} {patient.thanks}. <hero: [It says thank you!|Goodbye, and take care!|Did you see that?]> {Hero:s} was {happy}, and also a little {sad}. <relative: [It belongs out there.|You have a good heart, {hero}.|Perhaps it will visit you.]>
  [And [on {weekday}|in the end|{number} days later], {a} {patient.bare} sat {spot2} and waited for {him}.|{fromThenOn}, {hero:s} always had some {patient.food} in {his} pocket.]`,
);

const neighbor = plot(
  'helping a neighbor',
  {
    need: table([
      { name: 'glasses', is: 'are', was: 'were', it: 'them', on: 'on {elder.his} own head' },
      { name: 'key', is: 'is', was: 'was', it: 'it', on: 'in {elder.his} own [shoe|hat|pocket]' },
      { name: 'ring', is: 'is', was: 'was', it: 'it', on: 'in the [bread dough|soap dish|tea pot]' },
      { name: 'teeth', is: 'are', was: 'were', it: 'them', on: 'in a glass {nook3}' },
      { name: 'slippers', is: 'are', was: 'were', it: 'them', on: 'in the dog house' },
    ]), // prettier-ignore
  },
  `{open} Next door lived {elder}, who [was very old|lived all alone|had a long garden] and [told the best stories|knew [every bird|all the stars]|grew the biggest [beans|pumpkins]].

  {day}, {hero} heard {elder} [call|sigh|mutter|grumble] [next door|behind the fence|inside]. <elder: [Where {need.is} my {need}?|I have lost my {need} again!|Without my {need} I cannot go out.]> <hero: [I will help you look.|Let me look, {elder}.|My eyes are good. I will find {need.it}.]> {Hero:n} [looked|searched|peeked] {nook}. There was only {rubbish}. {Hero:n} [looked|searched|peeked] {nook2}{hero:then} found {a} {treasure.looks} {treasure}. <elder: [My {treasure}! I lost it {number} years ago.|Oh! My mother gave me that.|You may keep it.]>

  {Hero:n} {thought}. <hero: [When did you have {need.it} last?|What did you do this morning?|Where did you sit at breakfast?]> <elder: [I fed the hens and read the paper.|I made tea and took a nap.|I {pastime.past}.]> Then {hero:s} [laughed out loud|saw something|clapped]. The {need} {need.was} {need.on}!

  {elder} laughed [until the tears came|so hard that the {treasure} fell down|and sat down]. <elder: [I am a silly old bird.|My head is full of [holes|straw|feathers].|What would I do without you[|r sharp eyes]?|I looked everywhere but there.]> Then {elder.he} gave {hero} {a} {food.looks} {food} and told {him} about [a ship|a bear|a king|a storm|a whale] [that {elder.he} had seen long ago|from the old days|in a faraway land]. {fromThenOn}, {hero:s} came by every {weekday} to [hear another story|look for something|bring {elder.him} {a} {food}|help in the garden].`,
);

const joke = plot(
  'a bad joke',
  {},
  `{open} {Hero:s} [loved to play tricks on everybody|was always up to some trick|thought that jokes were the best thing in the world].

  {day}, {place.noise}, and {hero:s} had an idea. {Hero:n} ran {place.to}. <hero: [Help! A bear is coming!|Help! The water is rising!|Fire! Fire!]> {elder} came running. {friend} [dropped|forgot] {friend.his} {toy} and came, too. But [it was only a joke|nothing was wrong], and {hero} laughed so hard that {he} [fell over|got the hiccups]. <friend: [That was not funny.|I was really frightened!|Do not do that again.]> {nextDay}, {hero:s} [did it again|called again|tried the same joke], and [they came again|again they came running|they fell for it].

  But on {weekday}, {hero} {act.past} and [slipped|fell]. [{His} foot was stuck {spot}|{He} hung head down {spot}|{He} lay {spot} with a hurt leg], and {he} could not [get out|move|get away]. <hero: [Help! Please help me!|Help! It is true this time!]> <because [everybody|they all] [thought that it was a trick|were tired of jokes|remembered {weekday}]; [nobody came|nobody moved|they did not come]> [It got dark.|An hour went by.|{hero} shivered.] At last {friend} came [slowly|with a lantern|to look]. <friend: [Are you joking again?|Is it true this time?]> {Friend:s} saw the tears{friend:then} pulled {hero:o} out.

  <hero: [I am sorry. I will never lie again.|Thank you for coming all the same.|I have been so stupid.]> {fromThenOn}, {hero:s} told [jokes instead of lies|the truth], and {elder} [laughed with {him}|believed {him} again].`,
);

const secret = plot(
  'a strange noise',
  {
    secret: table([
      { name: 'a stray kitten', does: 'purred', keep: 'a name and a basket' },
      { name: 'a tiny dragon', does: 'blew a ring of smoke', keep: 'a warm place by the stove' },
      { name: 'a lost lamb', does: 'bleated', keep: 'a bottle of milk' },
      { name: 'a little elf', does: 'took off {a} {color} cap', keep: 'a bed in a matchbox' },
      { name: 'a family of mice', does: 'squeaked all at once', keep: 'a hole with a door' },
      { name: 'a baby owl', does: 'blinked with one eye', keep: 'a nest in {his} old hat' },
    ]), // prettier-ignore
  },
  `{open}

  {evening}, {hero} heard something {nook}. [It went|And it went] [tap, tap, tap|scratch, scratch|hum, hum].  {friend}, who [was staying for the night|slept next to {him}|was visiting], heard it, too. <friend whispered: [What is that?|Is it a ghost?|Let us run away!]> <hero whispered: [Shh! I will look.|It came from {room}.|Do not be afraid.]> {Hero:n} took {a} {toy.looks} {toy} in one hand and {friend:p} hand in the other. {heart}

  They [opened the door|lifted the lid|came closer] [slowly|a little|inch by inch]. [Two [bright|round|green] eyes looked at them!|Something moved!|There it sat.] It was {secret}, and it {secret.does}. <because it was [cold|hungry|all alone|lost]; it [shivered|had come in|looked at them sadly|did not run away]> <hero: [You poor thing!|Where do you come from?|It is smaller than my {toy}!]> {friend} laughed [with relief|softly]. <friend: [And I was so {scared}!|It is more afraid than we are.|Can we keep it?|I thought it was a [wolf|thief|witch].]>

  {Hero:n} [brought|fetched|found] some [milk|bread|warm water] and {a} {food.looks} {food}. [Then {parent} came in.|The noise woke {parent}.|{parent} stood at the door.] <parent: [What is going on here?|Why are you not in bed?|Who is eating my {food}?]> {Hero:n} [told {parent:o} everything|pointed|asked very nicely|begged and begged]. {Parent:s} [sighed|smiled|thought about it]. <parent: [It may stay until {weekday}.|But you must take care of it.|All right, but it sleeps {nook2}.|Well, what shall we call it?]> So it got {secret.keep}[. And since it [was always friendly|kept {him} warm at night|made everybody laugh], it stayed for ever| and {a} {color} ribbon| and {a} {food} every {weekday}].`,
);

const wish = plot(
  'a wish',
  {
    giver: table(
      [['she', 'fairy'], ['he', 'gnome'], ['she', 'mermaid'], ['he', 'wizard'], ['she', 'golden fish'], ['he', 'talking frog']].map(
        ([he, bare]) => ({ name: `the ${bare}`, bare: bare!, ...(he === 'he' ? { he: 'he', him: 'him', his: 'his' } : { he: 'she', him: 'her', his: 'her' }) }),
      ),
    ), // prettier-ignore
    wish: table([
      { name: 'I wish I were as tall as a tree', got: 'grew and grew', bad: '{he} did not fit through any door', other: '{friend} looked like an ant' },
      { name: 'I wish I could fly', got: 'rose into the air', bad: '{he} could not come down again', other: '{friend} could not follow {him}' },
      { name: 'I wish everything I touch were cake', got: 'touched a stone, and it was cake', bad: '{his} bed became cake, too', other: '{friend} did not dare to shake hands' },
      { name: 'I wish it were always summer', got: 'felt a warm wind', bad: 'the grass turned brown', other: '{friend} longed for snow' },
      { name: 'I wish I never had to sleep', got: 'was wide awake', bad: 'the nights were long and lonely', other: '{friend} was asleep' },
      { name: 'I wish I could talk to fish', got: 'heard a hundred voices', bad: 'they never stopped talking', other: '{friend} only heard bubbles' },
    ]), // prettier-ignore
  },
  `{open} ?[{habit}]

  {day}, {hero} was {place.in} and {act.past}. {Spot}, {he} found {a} {treasure.looks} {treasure}. <because {hero:s} rubbed it [with {his} sleeve|{number} times]; {a} [tiny|pale|smiling|old] {giver.bare} came out> <giver: [You may make one wish.|You woke me. What do you wish for?|Speak, little {hero.kind}. One wish is yours.]> {Hero:n} {thought}. <hero: {wish}!>

  <giver: [So be it.|As you like.|Are you sure? Well then.]> {suddenly}, {hero} {wish.got}. At first it was [wonderful|great fun|like a dream]. {Hero:n} {jumped}. But [soon|after a while|by evening] {wish.bad}, and {wish.other}. {hero} was {sad}. <hero: [I do not like it any more.|I want to be as I was.|Please take it back!]>

  {Giver:s} [only smiled|laughed softly|scratched {giver.his} chin]. <giver: [A wish is easily made.|I thought so.|Most people say that.] [Give me the {treasure}, and all will be as before.|Then do something good for somebody.]> {Hero:n} [gave back the {treasure}|shared {his} {food} with {friend}|helped {elder} until evening]. And all was [well|as before]. {hero} [ran to|hugged|looked for] {friend}. <friend: [Where have you been?|You look so {happy}!]> They {act2.past}, and that was [better than magic|all that {hero:s} wanted].`,
);

/** Plots about helping, and a little magic. */
export const helpingPlots = [patientStory, neighbor, joke, secret, wish];
