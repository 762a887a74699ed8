/** @file Plots about kindness: a sick friend, a new baby, something out of reach. */

import { children, neighbors, parents } from '../characters.ts';
import { leafyPlaygrounds } from '../places.ts';
import { plot, table } from '../story.ts';

const sickFriend = plot(
  'cheering up a sick friend',
  {
    hero: children,
    friend: children,
    parent: parents,
    ill: '[the chicken pox|a bad cold|a sore throat|the flu]',
    show: table([
      {
        name: 'a puppet show',
        did: 'made puppets out of old socks',
        next: 'let the puppets dance and fall over on the window sill',
        funny: 'one puppet lost its nose',
      },
      {
        name: 'a circus',
        did: 'practiced with three soft balls of wool',
        next: 'threw the balls up and caught them with {his} hat',
        funny: 'one ball landed on {his} head',
      },
      {
        name: 'a parade',
        did: 'tied bells to {his} shoes and made a paper hat',
        next: 'marched up and down under the window',
        funny: 'the hat slid down over {his} eyes',
      },
      {
        name: 'a row of pictures',
        did: 'painted big pictures of all their adventures',
        next: 'held them up one after the other',
        funny: 'the last picture was upside down',
      },
      {
        name: 'a song',
        did: 'made up a song with seven verses',
        next: 'sang it as loudly as {he} could',
        funny: 'a dog began to howl along',
      },
      {
        name: 'a silly play',
        did: 'borrowed a big coat and a long scarf',
        next: 'played a king who had lost his socks',
        funny: '{he} tripped over the scarf',
      },
    ]),
  },
  `{once} Every [morning|afternoon|Saturday], {he} played with {his} friend {friend}. [They were like two peas in a
  pod.|They laughed at the same things.|]

  But one [Monday|Tuesday|Thursday|Friday|sunny day|fine day], {friend} did not come out. "{friend} is ill," said
  {his} {parent.kind}. "{friend.He} has {ill} and must stay in bed." {hero} [was worried|felt {sad}]. "[Can I
  visit {friend.him}|May I go to see {friend.him}]?" {he} asked.
  "[Not inside the house. {friend.He} needs to rest|Not yet. {friend.He} needs quiet]," [said|answered] {parent}.
  "But [you can wave through the window|{friend}'s window looks out on the yard]."

  {hero} {thought}. {friend} must be [so|very] bored, alone in bed all day. What could make {friend.him} laugh? Then
  {he} had an idea. It would be {show}! {He} {show.did}. ?[{Parent} helped a little.|It took the whole
  morning.|{He} practiced in front of the mirror.]

  {nextDay}, {hero} stood under {friend}'s window and [knocked on the glass|whistled|called {friend.his} name].
  {friend} looked out. {friend.His} face was pale, and {friend.his} hair stood up. "[Good day, dear
  people|Welcome, welcome]!" {hero} called. Then {he} {show.next}.
  {friend} [smiled a little|did not know what to say]. {suddenly}, {show.funny}! That was not planned at all.
  {friend} began to laugh. {friend.He} laughed and laughed until {friend.his} cheeks were pink.
  "[More, more|Do it again]!" {friend.he} called through the glass. And {hero} did it again.

  From then on, {hero} came every day [with something new|and brought a new idea]. ?[{friend}'s mom said that
  laughing is the best medicine.|"I feel better already," said {friend}.] At last, {friend} could go out again.
  "[You made the long days short|You were better than any medicine]," {friend.he} told {hero}. "[Next time I will do
  the same for you|Thank you for not forgetting me]."
  ?[They ran out into the sun, side by side.|{hero} was {happy}.] [A good friend finds a way, even through a closed
  window.|{hero} had learned that a little joy can help a lot.|A friend is there on good days and on bad days.]`,
);

const newBaby = plot(
  'the new baby',
  {
    hero: children,
    baby: children,
    parent: parents,
    soothing: table([
      { name: 'made a funny face', again: '{He} puffed out {his} cheeks and crossed {his} eyes' },
      { name: 'sang a little song about a duck', again: '{He} sang it again, with all the quacks' },
      { name: 'played peekaboo with a towel', again: '"Peekaboo!" said {hero}, again and again' },
      { name: 'shook a jar of beans like a rattle', again: 'The beans went shush, shush, shush' },
      { name: 'barked like a tiny dog', again: '"Woof, woof," {he} said, and then {he} purred like a cat' },
      { name: 'let the little hand hold on to {his} finger', again: 'The little hand held on tight' },
    ]),
  },
  `{once} One day, {his} parents brought home a new baby. The baby's name was {baby}, and {baby.he} was very
  [small|tiny|red and wrinkled].

  Everyone came to see the baby. ?[Aunts and uncles brought presents.|The neighbors brought soup and flowers.]
  "[What a sweet baby|Look at those tiny toes]!" they all said. ?[Nobody looked at {hero}.|Nobody asked {hero} to
  show what {he} could do.] When {he} wanted {a} [story|game|song], {parent} said, "[Not now, {hero}|Later,
  dear|Wait a little]. The baby is [hungry|tired|crying]."
  {hero} felt [left out|forgotten|jealous]. "[That baby cannot even walk|That baby only sleeps and cries|I liked it
  better before]," {he} [grumbled|said to {his} pillow].

  One [evening|afternoon|morning], {baby} would not stop crying. {Parent} [carried {baby.him} up and down|rocked
  {baby.him}], but nothing helped. ?[The milk did not help.|The blanket did not help.|The lullaby did not help.]
  {Parent} looked so tired that {hero} felt sorry.
  {He} [climbed up on a chair|went to the cradle] and looked at {baby}. "[Hello, you|Shh, little one]," {he} said.
  Then {he} {soothing}.

  The baby stopped [in the middle of a cry|and stared at {him}]. {soothing.again}. And then {baby} did something
  new. {baby.He} smiled! It was {baby.his} very first smile, and it was for {hero}.
  "[Did you see that?|Look!]" cried {hero}. "{baby} [likes|knows] me!"
  "[You are {baby.his} big {hero.sibling}|Of course. You are {baby.his} big {hero.sibling}]," said {parent} [and sat
  down|and wiped {parent.his} eyes]. "[Nobody else could do that|Even I could not do that].?[ We need you so
  much.| I am sorry that I had so little time for you.]"

  Then {parent} took both of them on {parent.his} lap and [read a long story|told a story|sang an old song], and
  {hero} was allowed to choose it.
  ?[{hero} was not jealous anymore.|The bad feeling was gone.] [Love does not get smaller when you share it. It
  grows.|There was room for everyone on that lap, and in that heart.|{fromThenOn}, whenever the baby cried,
  everyone called for {hero}.]`,
);

const stuckHigh = plot(
  'something stuck in a tree',
  {
    hero: children,
    friend: children,
    neighbor: neighbors,
    place: leafyPlaygrounds,
    thing: table([
      { name: 'kite', looks: '[red|yellow|long-tailed]', up: 'A gust of wind pulled the kite away', play: 'to fly' },
      { name: 'ball', looks: '[blue|striped|new]', up: '{hero} kicked the ball much too high', play: 'to kick' },
      { name: 'paper plane', looks: '[white|big|painted]', up: 'The paper plane made a big loop', play: 'to throw' },
      {
        name: 'frisbee',
        looks: '[orange|green|flat, round]',
        up: '{friend} threw the frisbee the wrong way',
        play: 'to throw',
      },
      { name: 'parachute', looks: '[small|toy|yellow]', up: 'The wind carried the parachute away', play: 'to throw' },
    ]),
    look: '{thing.looks}',
    first: table([
      { name: 'threw a pine cone at it', result: 'The pine cone missed' },
      { name: 'jumped as high as {he} could', result: 'It was not nearly high enough' },
      { name: 'shook the trunk', result: 'Only leaves fell down' },
      { name: 'shouted at the tree to let go', result: 'The tree did not listen' },
      { name: 'tried to climb the trunk', result: 'It was too smooth, and {he} slid down again' },
    ]),
    second: table([
      { name: 'stood on a box and held up an umbrella', result: 'It was still too short' },
      { name: 'poked at it with a long stick', result: 'The stick broke in the middle' },
      { name: 'tossed a rope over the branch', result: 'The rope came right down on {friend.his} head' },
    ]),
  },
  `{once} {fineDay}, {he} went {place.to} with {his} friend {friend}. They had {a} {look} {thing} {thing.play}.
  {sky}.

  [At first, everything went well.|They had so much fun.|They laughed and ran about.] Then it happened. {thing.up},
  and it landed high up in a tree. ?[There it stayed.|It did not come down again.]
  "[Oh no|Oh dear]!" [cried|said] {hero}. "[How will we get it back|What shall we do now]?"

  {hero} {first}. {first.result}. Then {friend} {second}. {second.result}. ?[They both felt {sad}.|They sat down
  under the tree and sighed.|"[We will never get it back|It will stay there forever]," said {friend}.]
  But {hero} [did not want to give up|shook {his} head]. "[Alone we are too small|We are each too small]," {he}
  said. "[Who is tall?|Who could help us?]"

  Just then, {neighbor} came along. {neighbor} {neighbor.work}, [and everyone in town knew {neighbor.him}|and
  {neighbor.he} was always kind to children]. "[What are you looking at up there|Why do you look so glum]?"
  {neighbor.he} asked. They told {neighbor.him} what had happened.
  "[I am not tall enough either|Even I cannot reach it]," said {neighbor}. "[But together we may be.|But let us put
  our heads together.]" {hero} {thought}. "[I have an idea|I know what to do]!" {he} said. "[I will sit on your
  shoulders|You lift me up], {friend} gives me a stick, and then we will be as tall as the tree!"

  And that is what they did. {hero} [wobbled a bit, but {neighbor} held {him} tight|stretched as far as {he} could].
  ?[A little more to the left!|A little bit higher!] {hero} gave it a push, and down it came, right into
  {friend}'s arms.
  "[Hooray|We did it]!" they [all shouted|cried]. "[Thank you, {neighbor}|Thank you for your help]!" {neighbor}
  [laughed|smiled]. "[It was your idea|You did the thinking. I was only the ladder]," {neighbor.he} said.
  [What one cannot do alone, three can do together.|{hero} had learned that it is good to ask for help.|After that,
  they played far away from the trees.]`,
);

export const kindnessPlots = [sickFriend, newBaby, stuckHigh];
