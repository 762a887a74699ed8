/** @file Plots about friends: sharing, meeting, quarrelling and trading. */

import { children, family, parents } from '../characters.ts';
import { playgrounds } from '../places.ts';
import { plot, table } from '../story.ts';
import { toys, treasures, treats } from '../things.ts';

const sharing = plot(
  'sharing a treat',
  {
    hero: children,
    friend: children,
    giver: family,
    place: playgrounds,
    treat: treats,
    look: '{treat.looks}',
    accident:
      '[A dog ate my lunch|My lunch fell into a puddle|I forgot my lunch at home|A gull stole my lunch|There are ants in my lunch]',
  },
  `{once} {He} loved [sweet|good] things to eat, and {he} did not [always|often] like to share them.

  {fineDay}, {his} {giver.kind} gave {him} {a} {look} {treat}. "[Here is something good for you|This is for you,
  because you were so helpful|Enjoy it]," [said {giver}|{giver} said]. {hero} [thanked {giver.him} and] took it
  {place.to}, [because {he} wanted to eat it in peace|where {he} sat down {place.seat}|skipping all the way].

  [There was another child|Somebody else was] {place.in}. It was {friend}, {a} {friend.kind} [from {his} school|who
  lived on the same street|in a [red|blue|green] jacket]. {friend} [looked at the ground|sat all alone|had a sad
  face].
  "[What is the matter|Why are you sad]?" asked {hero}. "{accident}," said {friend}, "and now I am [so|very]
  hungry."

  {hero} looked at {his} {treat}. ?[It was big, but it was not that big.|It looked so good.|{His} mouth watered.]
  "[I want all of it|It is mine, and I want it all]," said a small voice [inside {him}|in {his} head]. But then
  {he} heard how {friend}'s tummy [growled|rumbled].
  {hero} {thought}. ?[What if {he} were the hungry one?|{He} remembered how it felt to be hungry.] {He}
  [broke|split|divided] the {treat} into two halves and held out [one of them|the bigger half|one half].
  "[Here|Please take this], {friend}. [We can share|Half of it is for you]," {he} said.

  {friend}'s eyes grew [wide|bright]. "[Thank you|Really? Thank you so much|You are so kind]!" {friend.he} said.
  They sat [side by side|together] and ate. ?[It tasted better than any {treat} before.|How funny! Half of the
  {treat} tasted better than a whole one.|They licked their fingers and giggled.]
  Then they played [tag|hide-and-seek|ball|pirates] until [the sun went down|it was time to go home|their legs were
  tired].

  {nextDay}, {friend} came back with {a} {treat.looks} {treat}. "[This time I have something|Now it is my turn to
  share]!" {friend.he} [called|said]. [{hero} {smiled}.|{hero} was {happy}.]
  [When you share, you do not have less. You have a friend.|{hero} had learned that sharing makes good things
  better.|{fromThenOn}, the two of them shared everything, even [secrets|bad days|their umbrellas].]`,
);

const newFriend = plot(
  'making a friend',
  {
    hero: children,
    friend: children,
    parent: parents,
    place: playgrounds,
    trait: '[shy|quiet|careful|shy and quiet]',
    game: table([
      {
        name: 'a game of marbles',
        was: 'rolling marbles into a little hole',
        invite: 'You can use my blue one. Do you want to try',
        alone: 'It takes two to play marbles',
      },
      {
        name: 'a picture',
        was: 'drawing a huge whale in the dust with a stick',
        invite: 'Do you want to draw the sea around it',
        alone: 'The whale is lonely without a sea',
      },
      {
        name: 'a game of catch',
        was: 'throwing a ball into the air',
        invite: 'Do you want to catch it',
        alone: 'It is dull to throw a ball to yourself',
      },
      {
        name: 'a tiny house of sticks',
        was: 'building a tiny house out of sticks',
        invite: 'Do you want to make a garden for it',
        alone: 'My house needs a neighbor',
      },
      {
        name: 'a snail race',
        was: 'watching two snails',
        invite: 'Do you want to cheer for the second one',
        alone: 'My second snail has nobody to cheer for it',
      },
      {
        name: 'a song',
        was: 'singing and clapping',
        invite: 'Do you want to clap with me',
        alone: 'This song needs four hands',
      },
    ]),
  },
  `{once} {He} and {his} family had just moved to a new [town|street|house]. [The rooms were full of
  boxes.|Everything smelled of paint.|]
  {hero} did not know anybody there. [At night, {he} thought of {his} old friends.|{He} missed {his} old room and
  {his} old friends.|All {his} friends were far away.]

  "[Go and see who is out there|You will find a friend, just wait|Let us go out for a while]," said {parent}.
  {fineDay}, they went {place.to}. ?[There were many children.|Everyone was laughing and running around.] {hero}
  hid behind {parent} [and held on to {parent.his} coat|and did not say a word].
  "[What if they do not like me?|What if nobody wants to play with me?|I do not know what to say,]" {he} whispered.
  "[You only need one word to begin|Just be yourself|They may be shy too]," {parent} [answered|whispered back].
  ?["The word is hello."|"A smile is a good start."]

  [A little way off|Near the fence|In a quiet corner], {hero} saw {a} {friend.kind} who was {game.was}, all alone.
  {hero} {breath}. ?[{He} took one step, and then one more.|{His} feet felt heavy, but {he} walked on.|{His} heart
  was beating like a drum.]
  "Hello," {he} said [very softly|in a tiny voice]. "[I am|My name is] {hero}."
  The {friend.kind} looked up and smiled. "Hi! I am {friend}. {game.alone}. {game.invite}?"
  {hero} nodded. ?[At first {he} was quiet, but soon {he} laughed out loud.|Soon {he} was not shy anymore.|In no
  time at all, they were laughing together.]

  {Game} was only the beginning. [After that, they [climbed up a little tree|rolled down the grass|looked for
  ladybugs|told each other jokes].|They found out that they both loved [dinosaurs|pancakes|rainbows|puzzles].] "[I
  was new here last year|I was shy too, on my first day]," said {friend}. "[I am glad that you said hello|I am
  glad that you came]."
  "[Me too|So am I]," said {hero}.

  When {parent} [called {him}|said that it was time to go], {hero} [did not want to leave|waved and waved]. "[Will
  you be here tomorrow?|See you tomorrow?]" {he} asked. "[Of course|Yes]!" [called|said] {friend}.
  That night, {hero} [was not sad anymore|fell asleep with a smile]. [One small hello had changed everything.|The
  new {hero.home} felt like home at last.|It takes a little courage to make a friend, and it is always worth it.]`,
);

const quarrel = plot(
  'a quarrel and making up',
  {
    hero: children,
    friend: children,
    wise: family,
    project: table([
      {
        name: 'a sandcastle',
        in: 'on the beach',
        a: 'a tall tower',
        b: 'a deep moat',
        alone: 'the tower fell over, because no one patted the sand',
        other: 'the moat had no castle to protect',
        both: 'a castle with a tall tower and a deep moat',
      },
      {
        name: 'a tree house',
        in: 'in the old apple tree',
        a: 'a rope ladder',
        b: 'a round window',
        alone: 'the ladder hung crooked, because no one held the other end',
        other: 'the window would not fit without someone to hold it',
        both: 'a tree house with a rope ladder and a round window',
      },
      {
        name: 'a robot',
        in: 'in the garage',
        a: 'long arms',
        b: 'big wheels',
        alone: 'the arms dropped off, because no one held them while the glue dried',
        other: 'the wheels rolled away with nothing on top',
        both: 'a robot with long arms and big wheels',
      },
      {
        name: 'a cardboard ship',
        in: 'in the yard',
        a: 'a red sail',
        b: 'a black flag',
        alone: 'the sail flopped down, because no one held the mast',
        other: 'the flag had no place to fly',
        both: 'a ship with a red sail and a black flag',
      },
      {
        name: 'a puppet show',
        in: 'in the hall',
        a: 'a funny dragon',
        b: 'a brave queen',
        alone: 'the dragon had no one to talk to',
        other: 'the queen had no one to be brave against',
        both: 'a show with a funny dragon and a brave queen',
      },
      {
        name: 'a snow fort',
        in: 'in the snowy yard',
        a: 'a high wall',
        b: 'a secret door',
        alone: 'the wall fell down, because one pair of hands was too slow',
        other: 'the secret door led to nothing',
        both: 'a fort with a high wall and a secret door',
      },
    ]),
  },
  `{once} {His} best friend was {friend}. ?[They played together every day.|They liked the same songs and the same
  jokes.|Where one was, the other was not far away.|They had never had a fight before.]

  One day, they began to build {project} {project.in}. "[It must have|I want it to have|It needs] {project.a}," said
  {hero}. "No, it [must have|needs] {project.b}," said {friend}.
  "{Project.a}!" "{Project.b}!" ?[Their voices grew louder and louder.|They both turned red.|Neither of them would
  give in.] "[You never listen|You always want to be right]!" [shouted|cried] {hero}. "[Then I will do it without
  you|Then build it by yourself]!" [shouted|answered] {friend}, and [ran off|walked away with big steps|turned
  {friend.his} back].

  {hero} worked alone. But {project.alone}. ?[It was no fun at all.|There was nobody to laugh with.] {friend} tried
  it alone too, [on the other side|not far away], but {friend.his} work was no better: {project.other}.
  {hero} [kicked a pebble|sat down|went home] and felt {sad}. {His} {wise.kind} saw it. "[Where is {friend}|What has
  happened]?" {wise} asked. {hero} told {wise.him} everything.
  "[You can be right and lonely, or you can listen and be happy|Two good ideas do not have to fight|A friend is
  worth more than {project.a}]," said {wise} [{kindly}|and stroked {his} head|]. "[Who will be the first to say
  sorry?|Sorry is a short word, but it can build a bridge.]"

  {hero} {thought}. Then {he} [got up|stood up] and went to look for {friend}. [It was hard to begin.|{He} did not
  know how to start.|] "I am sorry [that I shouted|that I was so loud|for what I said]," said {hero}. ?["Your idea
  is good too."|"I did not listen to you."]
  {friend} [looked up|wiped {friend.his} nose]. "I am sorry too," {friend.he} said. ?["I missed you."|"It was no fun
  without you."|"I should not have walked off."] They [shook hands|hugged each other|looked at each other and
  began to laugh].

  Then they started again, [side by side|together, this time]. In the end, they had {project.both}. ?[It was better
  than anything one of them could have made alone.|It was the best one in the whole town.|Everybody who came by
  [stopped|clapped] and said how good it was.]
  [{hero} and {friend} had learned that friends may disagree and still be friends.|{fromThenOn}, they listened to
  each other before they shouted.|When they had a quarrel again, it was always a short one.]`,
);

const badTrade = plot(
  'a trade that was regretted',
  {
    hero: children,
    friend: children,
    toy: toys,
    look: '{toy.looks}',
    treasure: treasures,
    shine: '{treasure.looks}',
    parent: parents,
    place: playgrounds,
  },
  `{once} {He} had {a} {look} {toy}. ?[It had been {his} toy for as long as {he} could remember.|It had been a
  present on {his} first birthday.|One part of it was worn from all the playing.] When {hero} was alone, {he}
  {toy.play}.

  {fineDay}, {friend} came {place.to} with {a} {shine} {treasure}. It was the [finest|most beautiful|best]
  {treasure} that {hero} had ever seen. "[Where did you get it|May I hold it]?" {he} asked.
  "[My uncle gave it to me|I found it on a long walk with my grandpa]," said {friend}. ?[{friend.He} looked at the
  {look} {toy}.|Then {friend.he} pointed at the {toy}.] "[Do you want to trade it for your {toy}|I will give it to
  you for your {toy}. Is it a deal]?"
  ?[{hero} did not stop to think.|The {treasure} looked so special.] "[Yes|It is a deal]!" said {hero}, and [the
  trade was made|they traded].

  At home, {hero} put the {treasure} [on {his} table|on the window sill] and looked at it. ?[{He} looked at it from
  all sides.|{He} held it up to the light.] But [after a while there was nothing more to see|one could not really
  play with it|it was only {a} {treasure}]. At night, {his} bed felt [empty|too big]. {hero} missed {his} {toy}.
  {He} {cried}.
  "[What is wrong|Can you not sleep]?" asked {his} {parent.kind}. {hero} told {parent.him} about the trade. "[I wish
  I had never done it|I gave away the wrong thing|I was too quick]," {he} said.
  "[New things shine, but old friends are warm|Not everything that is new is better]," said {parent}. "[Tomorrow you
  can ask, in a kind way|Talk to {friend}. Asking is always allowed]."

  The next morning, {hero} ran to {friend}'s house with the {treasure} [in {his} pocket|in {his} hand]. {He} was
  [afraid that {friend} would say no|nervous]. "{friend}, I am sorry," {he} said. "[I should not have traded my
  {toy}.|I miss my {toy} very much.] May I please have it back?"
  To {his} surprise, {friend} [looked glad|laughed]. "I wanted to ask you the same!" {friend.he} said. "[Your {toy}
  is nice, but it does not know me|I could not sleep either]. I missed my {treasure}.?[ It reminds me of someone I
  love.| It was a gift, and one should keep a gift.]"

  So they traded back, and both of them were {happy}. ?[{hero} held the {toy} close.|Then they played with both
  things together, and that was best of all.]
  [{hero} had learned to think before {he} gave something away.|{fromThenOn}, {hero} slept on it before {he} made a
  trade.|What you love is worth more than what only looks special.]`,
);

export const friendPlots = [sharing, newFriend, quarrel, badTrade];
