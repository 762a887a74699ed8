/** @file Plots about learning: a skill, a contest, the stage, patience. */

import { children, family, teachers } from '../characters.ts';
import { plot, table } from '../story.ts';
import { skills } from '../things.ts';

const skill = plot(
  'learning a skill',
  {
    hero: children,
    coach: family,
    rival: children,
    skill: skills,
    look: '{skill.looks}',
    bump: '[sore fingers|tired arms|a small bruise|a red face]',
  },
  `{once} [For {his} birthday|At the end of the school year|On the first day of vacation], {he} got {a} {look}
  {skill.tool}. {He} had [always|long] wanted to {skill}, just like {rival}, [who lived next door|the {rival.kind}
  from across the street].

  {fineDay}, {hero} tried it for the first time {skill.place}. But {skill.first}. {He} tried again, and again
  {skill.first}. [After the tenth time|By lunch time|Before long], {he} had {bump}. "[I cannot do it|I will never
  learn it|It is too hard]!" {he} cried. ?["{rival} can do it without even trying."]

  {His} {coach.kind} [had been watching|came over and sat down]. "[Do you know how often {rival} tried|Do you think
  that {rival} could do it at once]?" asked {coach}. "[I saw {rival.him} practice all last summer.|Nobody can do
  everything the first time.|You cannot do it yet. That is an important word: yet.] {skill.tip}."
  {hero} [dried {his} tears|{thought}]. "[Not yet|Fine]," {he} said. "[I will try again|I will keep trying]."

  So {he} practiced, a little every day. ?[On Monday, it went wrong. On Tuesday, it went wrong a little less.|Some
  days were good, and some days were bad.|{He} practiced in the sun and {he} practiced in the wind.]
  ?["{skill.tip}," {he} said to {himself}, [again and again|under {his} breath].]
  And then, one [day|evening], something was different. {skill.result}! "[Look at me|I can do it]! I can {skill}!"
  {hero} shouted. {coach} [came running|clapped loudly] and [lifted {him} into the air|cheered]. {hero} was
  {proud}.

  {rival} [looked over the fence|had seen it too]. "[That was really good|Well done]!" {rival.he} said. ?["I [failed
  a hundred times|cried every day] when I was learning it." {hero} was surprised, and they both laughed.] From
  then on, they practiced together.
  [And when a younger child said, "I cannot do it," {hero} said, "You cannot do it yet."|You only fail if you stop
  trying.|{hero} had learned that practice makes a master.]`,
);

const contests = table([
  {
    name: 'a drawing contest',
    prize: 'a box of forty crayons',
    task: 'draw the best picture',
    plan: 'wanted to paint a castle with a hundred windows',
    mishap: 'a big drop of blue paint fell in the middle of it',
    turn: 'The drop looked like a whale. {He} gave it an eye, a tail and a fountain, and the castle became a castle under the sea',
    judge: 'Nobody else has a whale',
    how: 'painted',
  },
  {
    name: 'a sandwich contest',
    prize: 'a golden spoon',
    task: 'make the best sandwich',
    plan: 'wanted to make a tower of bread and ham',
    mishap: 'the tower fell over',
    turn: '{He} cut the pieces into stars and moons and put them on a blue plate like the night sky',
    judge: 'Nobody else has made the night sky',
    how: 'cut and spread',
  },
  {
    name: 'a hat contest',
    prize: 'a silver ribbon',
    task: 'make the funniest hat',
    plan: 'wanted to make a hat with real flowers',
    mishap: 'a goat ate all the flowers',
    turn: '{He} made a hat that looked like a goat with a flower in its mouth',
    judge: 'Nobody else has a goat on the head',
    how: 'glued and sewed',
  },
  {
    name: 'a singing contest',
    prize: 'a little harp',
    task: 'sing the best song',
    plan: 'wanted to sing a long, grand song',
    mishap: '{he} forgot the words in the middle of it',
    turn: '{He} hummed, and then {he} made up new words about forgetting, and soon everyone was laughing and singing along',
    judge: 'Nobody else made us all sing',
    how: 'practiced',
  },
  {
    name: 'a kite contest',
    prize: 'a ball of golden string',
    task: 'fly the most beautiful kite',
    plan: 'wanted to build a kite like an eagle',
    mishap: 'the paper tore on one side',
    turn: '{He} mended it with bits of every color, and the eagle became a bird of paradise',
    judge: 'Nobody else has so many colors',
    how: 'folded and glued',
  },
  {
    name: 'a pumpkin contest',
    prize: 'a warm blanket',
    task: 'carve the best pumpkin',
    plan: 'wanted to carve a scary face',
    mishap: 'one of the teeth broke off',
    turn: 'A scary face with a missing tooth was not scary. {He} gave it big ears and a wide smile, like a child who has lost a tooth',
    judge: 'Nobody else made us smile like that',
    how: 'carved',
  },
]);

const contest = plot(
  'a contest',
  { hero: children, rival: children, contest: contests, helper: family },
  `{once} One day, there was a poster on the wall of the town hall. There would be {contest}! Whoever could
  {contest.task} would win {contest.prize}. "[I want to win|I have to win that]!" said {hero}. "[Me too|So do I]!"
  said {rival}, {a} {rival.kind} from {his} class.

  {hero} {contest.how} every day. {He} {contest.plan}. "[It must be perfect|It has to be better than {rival}'s],"
  {he} said. ?[{He} hardly ate, and {he} did not play.|{He} did not have time for {his} friends.] ?["[Are you
  having fun|Do you like doing it]?" asked {his} {helper.kind}. "[I do not need fun. I need to win|Fun is for
  later]," said {hero}.]

  Then came the great day. ?[The whole town was there.|The square was full of people and flags.] {hero} was so
  nervous that {his} hands shook. And then it happened: {contest.mishap}! "[All is lost|It is ruined]," {he}
  [whispered|thought], and {his} eyes filled with tears.
  {rival} saw it. "[Do not stop|Just go on]," {rival.he} said softly. "[Just have fun|A mistake can be a
  beginning]."

  {hero} {breath}. And suddenly {he} had an idea. {contest.turn}. ?[{He} even began to hum.|For the first time in
  days, {he} enjoyed it.|{He} forgot the prize and {he} forgot the people.]

  The judges walked around [and wrote in their books|and whispered]. "[First prize goes to {rival}|{rival} has won
  the first prize], for the most careful work," said the oldest judge. "But we also have a prize that we did not
  plan, and it goes to {hero}. {contest.judge}!"
  {rival} got {contest.prize}, and {hero} got [a cake|a basket of strawberries|a medal made of gingerbread]. {hero}
  [shared it with {rival}|gave half of it to {rival}]. ?["[Without you, I would have given up|You helped me,
  although you wanted to win too]," {he} said.]
  [{hero} had learned that a mistake can become something good.|Winning is nice, but joy is better.|It is good to
  win, and it is even better to win a friend.]`,
);

const stage = plot(
  'afraid of the stage',
  {
    hero: children,
    friend: children,
    teacher: teachers,
    parent: family,
    trait: '[shy|quiet|dreamy|little|thoughtful]',
    part: table([
      { name: 'the lion', line: 'I am not wild. I only want a friend', costume: 'a mane of yellow wool' },
      {
        name: 'the moon',
        line: 'Sleep well, you children of the earth',
        costume: 'a big round collar of silver paper',
      },
      { name: 'the baker', line: 'Fresh bread! Who wants fresh bread', costume: 'a tall white hat' },
      {
        name: 'the oak tree',
        line: 'I have stood here for a hundred years',
        costume: 'a brown coat with paper leaves',
      },
      { name: 'the wind', line: 'Hold on to your hats, for here I come', costume: 'long blue ribbons' },
      { name: 'the old bear', line: 'Wake me when it is spring', costume: 'a coat of brown fur' },
    ]),
  },
  `{once} At school, {his} class was getting ready for a play. "[{hero}, you will be {part}|And {hero} will be
  {part}]," said {teacher}, the teacher. {hero} had only one line, but {his} heart [sank|stood still]. ?[{He} had
  never stood on a stage.|{He} did not like it when people looked at {him}.]

  At home, {he} could say {his} line without one mistake. "{part.line}," {he} said to [the mirror|the cat|the
  goldfish]. But when {he} thought of all the people, {his} mouth was dry. "[I cannot do it|I want to be ill that
  day]," {he} told {his} {parent.kind}.
  "[Look for one face that you like, and say it just to that face|Breathe in slowly, and breathe out slowly. That
  helps]," said {parent}.

  The evening of the play came. {hero} wore {part.costume}. The hall was full, and {his} knees shook. Next to {him}
  stood {friend}, who was always so loud and merry. But now {friend} was [as white as chalk|very quiet]. "[I have
  forgotten everything|I feel sick]," {friend} whispered.
  That surprised {hero}. {He} took {friend}'s hand. It was cold. "[Let us breathe together|Breathe with me]," said
  {hero}. "[When I say my line, I will look at you, and when you say yours, you look at me|We will just talk to
  each other, and forget the rest]."

  The curtain went up. {friend} looked at {hero}, and the words came back. And then it was {hero}'s turn. ?[It was
  so quiet that one could hear a pin drop.|The lights were bright and warm.] {He} {breath} and looked at {friend}.
  "{part.line}!" {he} said, [loud and clear|in a voice that reached the last row].
  At the end, {hero} and {friend} bowed, hand in hand, and all the people clapped.

  "[You were wonderful|I could hear every word]!" said {parent}. ?["[I was nervous|I was afraid]," said {hero}, "but
  [{friend} was too, and then it was only half as bad|so was {friend}, and we helped each other]."] {teacher}
  asked who wanted to be in the next play. And whose hand went up first? It was {hero}'s. [Fear grows smaller when
  you share it.|{hero} had learned that even the loud ones are afraid now and then.|]`,
);

const butterfly = plot(
  'a caterpillar and patience',
  {
    hero: children,
    teacher: teachers,
    parent: family,
    caterpillar: '[green|striped|fuzzy|yellow and black]',
    pet: table(['Wiggles', 'Inch', 'Munch', 'Noodle', 'Stripy', 'Caspar', 'Mister Crawl']),
    wings: '[orange and black|blue like the sky|yellow with red dots|white and gold]',
    trait: '[impatient|curious|restless|lively|little]',
  },
  `{once} {fineDay}, {he} found {a} {caterpillar} caterpillar [on a leaf|on the cabbage|on the fence]. {He} put it in
  a big jar with [fresh leaves|a twig and some leaves] and made holes in the lid. "[I will call you|Your name is]
  {pet}," {he} said.

  {pet} ate [all day and all night|and ate and ate], and grew [fatter|longer] every day. ?[{hero} took it to school.
  "[What will it become|Do you know what it will be one day]?" asked {teacher}, the teacher. "[A very fat
  caterpillar|A snake]!" said one child, and they all laughed. "A butterfly," said {hero}.]

  One morning, {pet} did not eat anymore. It hung from the twig, and it had a brown coat around it, [like a sleeping
  bag|like a tiny bed]. "[Is it dead|Is it ill]?" asked {hero}.
  "No," said {his} {parent.kind}. "It is changing, inside. [You cannot see it, but it is hard at work.|All you can
  do is wait.]"
  {hero} waited one day, two days, [five days|a whole week]. ?[{He} looked at the jar before breakfast and after
  supper.|{He} thought of nothing else.] ?["[How much longer?|It takes so long!]" {he} [sighed|said].]

  Then, one [afternoon|morning], the brown coat had a little crack. Something was moving inside! It pushed, and it
  [rested|stopped], and then it pushed again. "[It is stuck. I have to help it|Poor {pet}! I will open it]!" said
  {hero}, and {he} [took the scissors|put out {his} hand].
  "[Wait|Stop, {hero}]!" said {parent} {kindly}. "It is hard, but that is how its wings grow strong. [If you do the
  work for it, it will never fly|Some things everyone has to do alone]." {hero} put {his} hands behind {his} back.
  "[You can do it, {pet}|I am here, {pet}. Go on]," {he} whispered.

  [An hour|A long hour|A little while] later, a butterfly sat on the twig, [wet and crumpled|tired and small].
  Slowly, it opened its wings. They were {wings}. {hero} carried the jar into the garden and took off the lid. The
  butterfly [sat on {his} finger for a moment|tried its wings]. Then it [rose into the air|flew off], [over the
  flowers|over the hedge], [higher and higher|up and up].
  [And every summer, when a butterfly came into the garden, {hero} said, "Hello, {pet}."|{hero} had learned that
  sometimes the best help is to wait.|Those who can wait will see wonders.]`,
);

export const learningPlots = [skill, contest, stage, butterfly];
