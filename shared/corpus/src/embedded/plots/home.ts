/** @file Plots at home: things lost, broken, baked and made by hand. */

import { children, family, neighbors } from '../characters.ts';
import { spotsAtHome } from '../places.ts';
import { plot, table } from '../story.ts';
import { breakables, dishes, handmade, toys } from '../things.ts';

const lostToy = plot(
  'a lost toy',
  {
    hero: children,
    parent: family,
    toy: toys,
    look: '{toy.looks}',
    spotA: spotsAtHome,
    spotB: spotsAtHome,
    spot: spotsAtHome,
  },
  `{once} Of all {his} toys, {he} loved {his} {look} {toy} the [most|best]. [Every day|Every morning|After
  school|Before dinner], {he} {toy.play}.
  [At night, it [slept|stayed] [beside {his} pillow|on the chair next to {his} bed].|{He} took it [everywhere|from
  room to room|along on every trip].|]

  {fineDay}, {hero} wanted to play, but the {toy} was [gone|not in its place|nowhere to be seen].
  "[Oh no! Where is my {toy}?|My {toy} is gone!|Where can my {toy} be?]" {he} cried.
  {He} looked {spotA}. [There was only dust.|Nothing was there.|{He} found an old sock, but no {toy}.|There was [a
  pencil|a comb|a crumb|a lost button] and nothing more.]
  [Then|Next,] {he} looked {spotB}. [It was not there either.|No {toy} there.|That place was empty too.]
  [{hero} {cried}.|{hero} felt {sad}.]

  {His} {parent.kind} [heard {him} and came to help|came into the room|put down the newspaper and came over].
  "[What is wrong|Why do you look so sad|What happened], [dear|sweetheart|{hero}]?" {parent} asked.
  "[I lost my {toy}|I cannot find my {toy}], [and I have looked everywhere|and I miss it|and I want it back],"
  [said|answered] {hero}.
  [{Parent} [sat down beside {him}|stroked {his} hair|did not laugh].|]
  "[Let us think|Do not give up|Do not worry]," {parent} said {kindly}. "[Where did you play with it last?|Four eyes
  see more than two.|When I lose something, I walk back the way I came.|Lost things like to be found.]"

  {hero} {thought}. Then {he} [ran|hurried|went] to look {spot.name}. [There it was!|And there was the {look}
  {toy}!|What a surprise! The {toy} was there!]
  {spot.found}. "I found it!" {hero} [shouted|called], and {he} {jumped}.

  [{hero} thanked {parent} [with a kiss|with a hug|again and again].|{Parent} was [glad|happy] too.|{hero} {hugged}
  {parent} and then the {toy}.]
  {fromThenOn}, {he} {always} put the {toy} [back in its place|on the shelf|where it belonged] [before {he} went to
  bed|after playing|every evening].
  [When other things were lost, {hero} knew what to do: [think first, and then look|stay calm and look again].|A
  place for everything makes everything easy to find.|]`,
);

const mishaps = table([
  {
    name: 'was throwing a ball in the living room',
    because: 'I threw my ball inside',
    after: 'played ball only in the yard',
  },
  { name: 'was running around the sofa', because: 'I ran too fast', after: 'walked slowly inside the house' },
  {
    name: 'was dancing with {his} eyes shut',
    because: 'I danced without looking',
    after: 'looked around before {he} danced',
  },
  {
    name: 'was swinging a stick like a knight',
    because: 'I played with a stick inside',
    after: 'left {his} sticks in the yard',
  },
  { name: 'was jumping from chair to chair', because: 'I jumped on the chairs', after: 'jumped only on the grass' },
  {
    name: 'was flying a paper plane on tiptoe',
    because: 'I did not watch my elbow',
    after: 'took {his} paper planes outside',
  },
  {
    name: 'was wearing a blanket like a cape',
    because: 'I did not look out for my cape',
    after: 'took off {his} cape before playing indoors',
  },
]);
const scapegoats = table(['the cat', 'the wind', 'the dog', 'the baby']);

const brokenThing = plot(
  'telling the truth',
  { hero: children, parent: family, thing: breakables, look: '{thing.looks}', mishap: mishaps, other: scapegoats },
  `{once} [{His} {parent.kind} had {a} {look} {thing} {thing.place}.|{Thing.place} in {his} house there was {a}
  {look} {thing}.]
  [It was very old, and {parent} loved it.|It was a gift from a good friend.|{Parent} [cleaned|dusted] it every
  [week|Sunday].|"Please be careful with it," {parent} often said.]

  {fineDay}, {hero} {mishap}. [Bump!|Crash!|Bang!|Oops!] The {thing} {thing.broke}. [{hero} stood very still.|{His}
  heart beat fast.|The house was suddenly quiet.]
  [Nobody had seen it.|Nobody else was in the room.]
  "[What should I do?|What will {parent} say?|Oh, what have I done?]" {he} [whispered|thought]. "I could say that
  {other} did it."

  [Soon|After a while|Then] {parent} came [in|home|down the stairs] and saw the {thing}. "[What happened here?|Oh!
  Who did this?|How did this happen?]" {parent.he} asked.
  {hero} looked at [{his} shoes|the floor|the broken {thing}]. [It would be easy to tell a lie.|{His} face felt
  hot.|A lie sat on the tip of {his} tongue.]
  But {he} [knew that it was not fair|did not want to tell a lie|felt a heavy stone in {his} tummy]. {He} {breath}.
  "It was [me|my fault]," {he} said. "{mishap.because}. I am [so|very] sorry."

  {Parent} was [quiet for a moment|a little sad about the {thing}]. Then {parent.he} [took {his} hand|knelt
  down|opened {parent.his} arms].
  "[Thank you for telling me the truth|It was brave to tell me the truth|I am glad that you did not lie],"
  {parent.he} said. "[A {thing} can be mended.|Things can break, but trust is harder to mend.|You matter more to
  me than any {thing}.]"
  [Together|Side by side], they {thing.mend}. [It was not perfect, but it was good.|It looked [almost|nearly] like
  new.|Now it looked a little funny, and they both laughed.]

  [{hero} felt [light and happy|much better|as light as a feather] again.|The heavy feeling was gone.] {fromThenOn},
  {he} {mishap.after},
  and {he} [always told the truth, even when it was hard|knew that the truth is [the best way|always best]|never
  blamed {other} for what {he} had done].`,
);

const baking = plot(
  'baking together',
  {
    hero: children,
    baker: family,
    dish: dishes,
    neighbor: neighbors,
    guest: '[a birthday|a family dinner|the school party|a visit from the cousins|the summer picnic]',
  },
  `{once} {He} loved to help in the kitchen, and {he} had {a} [white|blue|spotted|tiny|striped] apron of {his} own.

  {fineDay}, {his} {baker.kind} said, "[Shall we make {a} {dish} for {guest}?|Let us make {a} {dish} today. It is
  for {guest}.|I need a helper. We have {a} {dish} to make for {guest}.]"
  "[Yes, please!|Oh yes!|Hooray!]" [said|cried] {hero}. They washed their hands. {hero} {dish.mix}, [and {baker}
  hummed a song|and {baker} read the recipe out loud|while the kitchen clock ticked].
  [There was flour on {his} nose.|A little spilled on the table, but {baker} did not mind.|It was hard work, but it
  was fun.|]

  Then {baker} opened the cupboard and [frowned|stopped|sighed]. "Oh dear. We have no {dish.missing} left, [and the
  shop is closed|and we cannot go on without it]."
  {hero} {thought}. "[I know!|I have an idea!|Wait!] {neighbor} may have some. I will [go and ask|run over and
  ask]."
  {neighbor}, who [lived next door|lived across the street|was their neighbor], {neighbor.work}. {hero} [rang the
  bell|knocked on the door]. "[Good day|Hello], {neighbor}. Please, may we have some {dish.missing}?" {he} asked
  [politely|in {his} best voice].
  "[Of course|With pleasure|You came to the right place]," {neighbor} said and gave {him} plenty.

  {hero} carried the {dish.missing} home [very carefully|with both hands|step by step]. Now they could finish.
  ?[They waited and waited.|{hero} sat and waited, which was the hardest part.|While they waited, they cleaned the
  table.]
  At last, the {dish} {dish.ready}. It smelled {dish.smell}.
  "[We did it!|Look what we made!|It is perfect!]" [said|cried] {hero}.

  [Before anyone else had any|First of all], {hero} took {dish.share} to {neighbor} [to say thank you|because good
  neighbors share]. "[This is the best I ever tasted|How kind of you|You are a fine cook]," said {neighbor} [with
  a smile|and {smiled}|].
  ?[{hero} felt {proud}.|{hero} was {happy}.] [A little help makes everything taste better.|{He} had learned that it
  is good to ask for help, and good to say thank you.|And everybody at {guest} asked for more.]`,
);

const secretPresent = plot(
  'a present made by hand',
  {
    hero: children,
    parent: family,
    present: handmade,
    problem: table([
      { name: 'knocked over a glass of water, and everything got wet', fix: 'dried it all in the sun and began again' },
      { name: 'dropped it, and it was spoiled', fix: 'sat down and began again' },
      { name: 'worked so fast that it came out crooked', fix: 'began again, slowly this time' },
      { name: 'left it on a chair, and the dog sat on it', fix: 'made a second one and kept it on a high shelf' },
    ]),
    hiding: '[under {his} bed|behind the books|in a drawer|in an old shoe box|in the closet]',
    shop: '[a silver ring|a golden watch|a silk scarf|a big box of candy|a fine new hat]',
  },
  `{once} {His} {parent.kind} [was going to have a birthday|had a birthday soon], and {hero} wanted to give
  {parent.him} something [special|beautiful|wonderful].

  {hero} [emptied {his} piggy bank|counted {his} money]. There were only [three|four|five|six] [small|copper] coins.
  In the shop window lay {shop}, but it cost [much|far] too much.
  {hero} walked home [slowly|with {his} head down]. "[I have nothing to give,|What can I do now?]" {he} thought.
  Then {he} saw [what was lying in the kitchen drawer|an old box of odds and ends]. It gave {him} an idea. "[I can
  make a present myself!|I do not have to buy a present. I can make one!]" {he} said.

  {He} needed {present.from}. In secret, {hero} {present.made}. It [took all afternoon|took a long time|was not
  easy]. Then {he} {problem}! {hero} [almost cried|stamped {his} foot|felt {sad}].
  But {he} [did not give up|{breath}|thought of {parent}]. {He} {problem.fix}. When it was done, {he} hid the
  {present} {hiding}. "[What are you doing in there?|What are you up to?]" {parent} asked through the door.
  "Nothing!" said {hero} and [giggled|smiled].

  On the morning of the birthday, {hero} [jumped out of bed|was awake before the sun|ran down the stairs]. "Happy
  birthday, {parent}!" {he} [called|sang] and held out the {present}. "It is not {shop}. But I made it for you."
  {Parent} [looked at it for a long time|said nothing at first], and {parent.his} eyes [shone|grew wet]. "You made
  this [all by yourself|with your own hands]?" {parent.he} asked. {hero} nodded.
  "Then it is [the best present in the world|worth more than {shop}|the most precious thing I own]," said {parent}
  and [kissed {him}|hugged {him} tightly|gave {him} a long hug].

  [{hero} was {happy}.|{hero} felt warm all over.] [{He} had learned that a gift does not need to cost a lot.|A gift
  that comes from the heart is the best gift.|The {present} stayed where everyone could see it, and {parent}
  smiled whenever {parent.he} passed it.]`,
);

export const homePlots = [lostToy, brokenThing, baking, secretPresent];
