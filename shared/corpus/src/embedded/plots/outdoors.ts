/** @file Plots out of doors: getting lost, an animal in need, a garden, a picnic. */

import { children, family, neighbors, parents } from '../characters.ts';
import { outings } from '../places.ts';
import { plot, table } from '../story.ts';
import { plants } from '../things.ts';

const gettingLost = plot(
  'getting lost',
  {
    hero: children,
    parent: family,
    place: outings,
    sight: '{place.sight}',
    color: '[red|yellow|green|orange|purple|bright blue]',
    helper: table([
      { name: 'a woman in a uniform', kind: 'woman', he: 'she', him: 'her', his: 'her' },
      { name: 'an old man with a walking stick', kind: 'man', he: 'he', him: 'him', his: 'his' },
      { name: 'a mother with two small children', kind: 'mother', he: 'she', him: 'her', his: 'her' },
      { name: 'a man with a camera', kind: 'man', he: 'he', him: 'him', his: 'his' },
      { name: 'a policewoman', kind: 'policewoman', he: 'she', him: 'her', his: 'her' },
    ]),
  },
  `{once} {fineDay}, {he} went {place.to} with {his} {parent.kind}. {hero} wore {a} {color}
  [hat|scarf|jacket|backpack]. ?[They held hands.|They had apples and water with them.|They sang on the way.]
  "[If we lose each other|If you ever get lost]," said {parent}, "stay where you are, [and I will come to you|and do
  not run around]. [Remember that|That is our rule]."

  {Place} was [full of wonders|wonderful|more exciting than {he} had thought]. They {place.fun}. Then {hero} saw
  {sight}. ?[{He} had never seen anything like it.|{He} forgot everything else.] {He} went [closer|a little
  closer], and [closer still|then {he} stood there for a long time].
  When {he} turned around, {parent} was gone. [{He} could not see {parent.him} anywhere.|{He} looked left and right,
  but {parent} was not there.] "{parent}?" {he} called. "{parent}!" ?[Nobody answered.|There was no answer.]

  {hero} was {scared}. {His} [legs|feet] wanted to run [in every direction|this way and that way], and {his} eyes
  filled with tears. But then {he} remembered the rule. {He} {breath} and [sat down|stood still] right [where {he}
  was|there].
  {later}, {helper} [came by|stopped next to {him}]. "[Are you all right|Are you lost], little one?" the
  {helper.kind} asked.
  "[I lost my {parent.kind}|I cannot find my {parent.kind}], but I must stay here," said {hero}. ?["[It is our
  rule|I promised it]."]
  "[That is a very good rule|You are a clever {hero.kind}]," said the {helper.kind}. "[Then I will wait with you|I
  will stay with you until {parent.he} comes]."

  It [felt like a long time|seemed like hours]. Then {hero} heard a voice that {he} knew. "{hero}! {hero}!" It was
  {parent}! ?[{parent.He} had seen the {color} spot from far away.|{parent.He} was out of breath from running.]
  {hero} ran into {parent.his} arms. "[You stayed where you were|You remembered our rule]!" said {parent}. "[I am so
  proud of you|That is how I could find you]." They thanked the {helper.kind} [very much|with all their hearts].
  ?[Then they went on, hand in hand.|For the rest of the day, {hero} did not let go of {parent.his} hand.] [When you
  are lost, it is best to stay in one place.|{hero} had been brave and clever at the same time.|That night, {he}
  told {his} [bear|doll|pillow] all about it.]`,
);

const patients = table([
  {
    name: 'a small bird',
    animal: 'bird',
    where: 'under a bush',
    trouble: 'One of its wings hung down',
    bed: 'a box with soft grass',
    food: 'crumbs and water',
    better: 'it flapped both wings',
    left: 'flew up into the sky',
    thanks: 'it sang on the window sill',
  },
  {
    name: 'a baby squirrel',
    animal: 'squirrel',
    where: 'at the foot of a tree',
    trouble: 'It had fallen from its nest and could not stand',
    bed: 'a warm hat',
    food: 'tiny bits of nut',
    better: 'it ran up the curtain',
    left: 'climbed up its tree',
    thanks: 'a nut lay on the doorstep',
  },
  {
    name: 'a hedgehog',
    animal: 'hedgehog',
    where: 'beside the road',
    trouble: 'It had a thorn in its foot',
    bed: 'a basket with dry leaves',
    food: 'pieces of pear',
    better: 'it walked all around the kitchen',
    left: 'trotted off into the hedge',
    thanks: 'it came to the garden and brought three babies along',
  },
  {
    name: 'a thin gray kitten',
    animal: 'kitten',
    where: 'behind the trash cans',
    trouble: 'It was wet and shivered with cold',
    bed: 'a box with an old sweater',
    food: 'warm milk',
    better: 'it chased a ball of paper',
    left: 'turned around and ran back into the house',
    thanks: 'it was asleep at the foot of {his} bed',
  },
  {
    name: 'a young rabbit',
    animal: 'rabbit',
    where: 'in the wet grass',
    trouble: 'It had been caught in a wire, and one leg was sore',
    bed: 'a crate with hay',
    food: 'carrot tops',
    better: 'it hopped over a pillow',
    left: 'hopped away over the field',
    thanks: 'it sat by the fence and looked at the house',
  },
  {
    name: 'a duckling',
    animal: 'duckling',
    where: 'at the edge of the pond',
    trouble: 'A string was wound around its foot',
    bed: 'a box with a warm towel',
    food: 'soft oats',
    better: 'it paddled around in the bathtub',
    left: 'swam back to its mother',
    thanks: 'it waddled up and quacked hello',
  },
]);

const hurtAnimal = plot(
  'helping a hurt animal',
  {
    hero: children,
    parent: family,
    patient: patients,
    vet: table(['Dr. Bell', 'Dr. Woods', 'Dr. Silva', 'Dr. Chen', 'Dr. Martin', 'Dr. Khan']),
  },
  `{once} {He} loved animals [of every kind|more than anything|big and small].

  {fineDay}, {he} was walking [home|along the lane|near the park] with {his} {parent.kind}. {suddenly}, {he} heard
  [a tiny sound|a soft cry|something rustle]. {Patient.where} was {patient}. {patient.trouble}. ?[It looked up
  with big, frightened eyes.|It was too weak to run away.|Its little heart was beating fast.]
  "[Oh, look|Poor little thing|Oh no]!" said {hero}. "[It is hurt. We have to help it!|Can we help it, please?]"
  {Parent} [knelt down|bent down]. "[Slowly, so that we do not scare it|You must be very gentle|Let me show you how
  to hold it]," {parent.he} said.

  They [wrapped it in a scarf|laid it in {his} hat] and took it to {vet}, the animal doctor. {vet} [looked at it
  carefully|put on her glasses and looked at it]. "[It needs rest and care|It will get well, if someone looks
  after it]," she said. ?["[Can you do that?|It will be a lot of work. Are you ready?]"
  "[Yes, I can|I will do it, I promise]," said {hero}.]

  At home, {he} made a bed out of {patient.bed}. [Every morning and every evening|Three times a day|Before school
  and after school], {he} gave the {patient.animal} {patient.food}. {He} [talked to it softly|kept the room
  quiet|got up early for it]. [Sometimes {he} wanted to go out and play, but the {patient.animal} needed
  {him}.|Once {he} nearly forgot, but then {he} jumped out of bed and ran to look after it.|]
  Day by day, the {patient.animal} grew stronger. One morning, {patient.better}! "[It is well again|Look,
  {parent}]!" [cried|shouted] {hero}.

  "[Now it has to choose where it wants to live|Now we must open the door for it]," said {parent}. {hero} [was a
  little sad|had a lump in {his} throat], but {he} nodded. [They opened the door.|They went to the place where
  they had found it.] The {patient.animal} [looked back once|waited for a moment]. Then it {patient.left}.
  ?["[You did a good thing|You have a good heart]," said {parent} and [put an arm around {him}|squeezed {his}
  hand].]
  {nextDay}, {patient.thanks}. ?[{hero} knew that it was saying thank you.|"It has not forgotten me," said {hero}.]
  [When you love someone, you want them to be free.|{hero} had learned that even small hands can do great
  good.|{fromThenOn}, {he} wanted to be an animal doctor too.]`,
);

const pests = table([
  { name: 'snails came and nibbled the leaves', fix: 'carried every snail to the far side of the fence' },
  { name: 'the wind bent it down to the ground', fix: 'tied it to a stick with a soft string' },
  { name: 'weeds grew up all around it', fix: 'pulled out the weeds, one by one' },
  { name: 'the sun burned for days, and the leaves hung down', fix: 'brought water twice a day' },
  { name: 'a chicken got in and scratched the soil', fix: 'built a little fence of twigs' },
]);

const garden = plot(
  'a seed and patience',
  {
    hero: children,
    parent: family,
    plant: plants,
    pest: pests,
    neighbor: neighbors,
    trait: '[impatient|lively|restless|busy|hasty|little]',
  },
  `{once} {He} [did not like to wait|wanted everything at once|found waiting very hard].

  One day in [March|April|early spring], {his} {parent.kind} gave {him} {plant.seed}. "[What is it|What can it do]?"
  asked {hero}. ?["[If you take care of it, it will be a surprise|It does not look like much, but just wait],"
  said {parent}.] {hero} made a hole in the soil [with {his} finger|with a spoon|with a stick], put the seed in,
  [covered it up|patted the soil] and gave it some water.

  [An hour later|Before bed|The next morning], {he} went to look. [Nothing.|There was nothing to see.] {He} looked
  again on the [second|third] day. [Still nothing.|Nothing at all.] "[It does not work|It is broken|Maybe it is
  asleep]," [said|grumbled] {hero}. {He} wanted to dig it up.
  "[Do not dig it up|Leave it in the dark]," said {parent}. "[It is working where you cannot see it|Good things take
  time|You cannot pull on a plant to make it grow]."

  So {hero} watered it, waited and [sang to it|counted the days|told it stories]. Then, [one morning|after ten
  days|after a warm rain], there was a tiny green tip! {hero} {jumped}. The plant grew [a little more every
  day|leaf by leaf|up to {his} knee].
  But then {pest}. {hero} was {scared}. {neighbor}, who {neighbor.work}, looked over the fence. "[Do not worry. A
  gardener never gives up|I had the same trouble once]," {neighbor.he} said, and told {him} what to do. {hero}
  {pest.fix}. ?[It [was hard work|took a long time], but {he} did not stop until it was done.]

  [Spring turned into summer.|Weeks went by.|The days grew long and hot.] And one morning, there it was:
  {plant.grown}! "[{Parent}, come quickly|Look, look]!" [called|shouted] {hero}. "[It is {a} {plant}!|My
  {plant}!]"
  ?["[You did that|That is your work]," said {parent}, "[with water, sun and patience|because you did not give
  up]."] {hero} was {proud}. ?[{neighbor} came too and [clapped|said that it was the best one on the street].]

  In the end, {plant.use}. {hero} kept [one seed|some of the seeds] for the next spring. [{He} did not mind waiting
  anymore.|{He} knew now that waiting can be a part of the joy.|Good things grow slowly, but they do grow.]`,
);

const picnicThieves = table([
  {
    name: 'goat',
    clue: 'little hoof prints',
    sound: 'Maa',
    where: 'behind the bushes',
    belly: 'looked very full',
    offer: 'clover and dry bread',
  },
  {
    name: 'crow',
    clue: 'one black feather',
    sound: 'Caw',
    where: 'in the branches above',
    belly: 'had crumbs on its beak',
    offer: 'a crust of its own',
  },
  {
    name: 'raccoon',
    clue: 'tiny paw prints like hands',
    sound: 'Chrr',
    where: 'in a hollow tree',
    belly: 'had jam on its nose',
    offer: 'an apple',
  },
  {
    name: 'puppy',
    clue: 'muddy paw prints',
    sound: 'Woof',
    where: 'under a bench',
    belly: 'had cream on its ears',
    offer: 'a biscuit and a hug',
  },
  {
    name: 'squirrel',
    clue: 'a trail of nut shells',
    sound: 'Chit, chit',
    where: 'high on a branch',
    belly: 'had very fat cheeks',
    offer: 'a handful of nuts',
  },
]);

const picnic = plot(
  'the picnic thief',
  {
    hero: children,
    friend: children,
    parent: parents,
    thief: picnicThieves,
    food: '[cheese sandwiches|jam tarts|honey cakes|peanut butter rolls|egg sandwiches]',
    place: '[on the hill|in the meadow|by the lake|under the big oak|on the river bank]',
  },
  `{once} {fineDay}, {hero} and {his} friend {friend} had a picnic {place}. {His} {parent.kind} came along with a
  book. They had [a blanket|a jug of lemonade|a bottle of juice] and a basket full of {food}. {sky}.

  "[Let us play first, and eat later|First a race, then the food]," said {hero}. They [ran after butterflies|rolled
  down the slope|played tag], until they were [hungry as wolves|very hungry]. But when they came back, the basket
  was [open|lying on its side]. Half of the {food} were gone!
  "[Who did that?|Somebody has stolen our lunch!]" cried {hero}. ?["[Was it you, {parent}|Did you eat them,
  {parent}]?" But {parent} [had been fast asleep under the book|had only been reading and had seen nothing].]
  "[Let us be detectives|We must look for clues]!" said {friend}.

  They [crawled around on their hands and knees|looked at every inch of the ground]. "[Here|A clue]!" called
  {friend}. There, next to the blanket, they found {thief.clue}. ?[[A bit farther on, there were crumbs.|A line of
  crumbs led away from it.] They followed the trail [on tiptoe|step by step|past a rock and over a ditch]. ]Then
  they heard a sound. "{thief.sound}!"
  {hero} [held {his} breath|put a finger to {his} lips]. They looked up and down, and there, {thief.where}, sat a
  [young|small|funny] {thief}. It {thief.belly}.

  "So it was you!" said {hero}. {He} wanted to be angry, but the {thief} [looked at {him} with such round
  eyes|tilted its head in such a funny way] that {he} had to laugh. ?["[It was only hungry|I think it does not
  know that stealing is wrong|Poor thing, it is so thin]," said {friend}.]
  "[Next time, you can ask|You do not have to steal from us]," {hero} told the {thief}, and they gave it
  {thief.offer}. "{thief.sound}!?[ {thief.sound}!]" it said, and [they were sure that it meant thank you|it
  sounded very pleased].

  They shared what was left of the {food}. ?[There was less than before, but it was enough.|It tasted even better
  after an adventure.] [After that, they always packed a little more, just in case.|They came back the next week,
  and somebody was already waiting for them.|On the way home, they told each other the story again and again.]`,
);

export const outdoorPlots = [gettingLost, hurtAnimal, garden, picnic];
