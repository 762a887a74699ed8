/** @file Plots about growing up: honesty, the doctor, a promise, the first day of school. */

import { children, family, grandparents, neighbors, parents, teachers } from '../characters.ts';
import { plot, table } from '../story.ts';
import { toys } from '../things.ts';

const foundPurse = plot(
  'something found',
  {
    hero: children,
    parent: family,
    owner: neighbors,
    found: table([
      {
        name: 'purse',
        looks: '[brown|red|small leather]',
        inside: 'full of money',
        needed: 'It is the money for the doctor',
        reward: 'the softest bun in the shop',
      },
      {
        name: 'ring',
        looks: '[golden|thin silver]',
        inside: 'with a tiny blue stone',
        needed: 'It belonged to my mother',
        reward: 'a story about when the ring was new',
      },
      {
        name: 'watch',
        looks: '[silver|old gold]',
        inside: 'that was still ticking',
        needed: 'It was a gift from my father',
        reward: 'a ride in an old car',
      },
      {
        name: 'music player',
        looks: '[white|shiny black]',
        inside: 'with all kinds of songs on it',
        needed: 'My favorite songs are on it',
        reward: 'a song, played just for {him}',
      },
    ]),
    look: '{found.looks}',
    dream: table([
      'scooter',
      'skateboard',
      'magic kit',
      'kite',
      'toy train',
      'telescope',
      'soccer ball',
      'paint box',
      'toy rocket',
      'drum',
    ]),
  },
  `{once} {He} was saving {his} money for {a} {dream}, but it [took a very long time|went very slowly]. In {his} jar
  there were only [seven|eight|nine|eleven] coins.

  {fineDay}, {hero} was on {his} way [home from school|to the park]. Something was lying [in the grass|under a
  bench|beside the path]. It was {a} {look} {found} {found.inside}. {hero} looked around. ?[There was nobody to be
  seen.|The street was empty.] "[Finders keepers|Nobody has seen me]," {he} thought. "[If I keep it, I can have
  the {dream}|If I sell it, I can buy the {dream} today]."

  {He} put the {found} in {his} pocket and walked on. But it [felt heavy|seemed to grow heavier with every step]. At
  home, {he} [could not eat|did not want to play]. "[What is wrong, {hero}|Do you have a tummy ache]?" asked {his}
  {parent.kind}. {hero} put the {found} on the table and told {parent.him} everything.
  ?["[And what do you want to do|What does your heart tell you]?" asked {parent}.] {hero} did not have to think for
  long. "[I want to give it back|We have to find the owner]," {he} said.

  They wrote a note and hung it [on the lamp post|on the notice board|in the window of the shop]. [The next day|That
  same evening], there was a knock at the door. It was {owner}, who {owner.work}. {owner.His} eyes were red. "[I
  have looked everywhere|I have not slept all night]," {owner.he} said. "{found.needed}."
  "[Here it is,|Is this yours?]" said {hero} and held out the {found}. {owner} [took it in both hands|laughed and
  cried at the same time]. "[You honest child|I do not know how to thank you]!" {owner.he} said. ?[Many people
  would have kept it.]

  The next day, {owner} gave {him} {found.reward}. "[And if you like, you can help me on Saturdays, for one coin an
  hour|I need somebody I can trust, on Saturdays, and I will pay you]," {owner.he} said. And so it was that, [a
  few weeks|two months] later, {hero} had enough for the {dream}. ?[{He} had earned every coin of it.|It was worth
  more to {him}, because it was really {his} own.]
  [And whenever {he} played with it, {his} heart was light.|An honest heart sleeps well.|{hero} had learned that it
  feels better to give back than to keep.]`,
);

const doctor = plot(
  'a visit to the doctor',
  {
    hero: children,
    parent: parents,
    toy: toys.filter((toy) =>
      ['teddy bear', 'doll', 'stuffed rabbit', 'stuffed elephant'].includes(toy.name as string),
    ),
    visit: table([
      {
        name: 'the dentist',
        why: 'One of {his} teeth hurt',
        tool: 'a tiny mirror',
        did: 'The dentist counted {his} teeth and cleaned the one that hurt',
        felt: 'It tickled a bit, and it hummed like a bee',
        gift: 'a green toothbrush',
      },
      {
        name: 'the doctor',
        why: '{He} needed a shot so that {he} would not get ill',
        tool: 'a cold, round thing to listen to {his} heart',
        did: 'The doctor listened to {his} heart and gave {him} the shot',
        felt: 'It pinched for as long as one blink',
        gift: 'a star to put on {his} shirt',
      },
      {
        name: 'the eye doctor',
        why: '{He} could not see the board at school',
        tool: 'a funny pair of glasses',
        did: 'The doctor showed {him} big letters and small letters',
        felt: 'It did not hurt at all, and it was like a game',
        gift: 'a pair of blue glasses, and suddenly every letter in the room was clear',
      },
      {
        name: 'the ear doctor',
        why: '{His} ear had hurt for two days',
        tool: 'a little lamp',
        did: 'The doctor looked into {his} ear and put in a warm drop',
        felt: 'It gurgled, and that was all',
        gift: 'a sticker with a lion',
      },
    ]),
  },
  `{once} {He} had {a} {toy.looks} {toy} that went everywhere with {him}.

  One [Monday|Tuesday|Wednesday|Thursday|Friday], {hero} had to go to {visit}. {visit.why}. ?[{He} had heard bad
  stories about it.|{He} had never been there before.] "[I do not want to go|I will stay under the bed]!" {he}
  said. "[It will hurt|I am afraid]."
  "[I understand that|I was afraid too, at your age]," said {his} {parent.kind}. "[I will hold your hand the whole
  time|We will go together]."

  In the waiting room, there were [fish in a big tank|books with pictures|red chairs]. {hero} [held on to the
  {toy}|counted the tiles on the floor]. Then a door opened. "[Who is next|Who have we here]?" said a friendly
  voice.
  "This is my {toy}," {hero} said very quietly. "[It is scared|It is a little bit afraid]."
  "[I see. Then the {toy} may go first|Then we will start with the {toy}]," said {visit}. There was {visit.tool},
  and the {toy} [did not complain at all|kept perfectly still]. "[Very good|What a brave {toy}]," said {visit}.
  "[And now, is it your turn|Do you want to show it how brave you are]?"

  {hero} looked at {parent}, and {parent} [nodded|squeezed {his} hand]. {He} {breath} and climbed onto the
  [big|high] chair. {visit.did}. {visit.felt}. "[Was that all|Is it over]?" asked {hero} [in surprise|with big
  eyes]. {He} had been afraid for days, and it had taken only a minute.
  "[You were very brave|You did that very well]," said {visit}, and gave {him} {visit.gift}. ?[The {toy} got [a
  small bandage|a tiny sticker] too.]

  [On the way home|In the evening], {hero} [skipped over the cracks in the sidewalk|told everyone about it]. ?["[The
  waiting was the worst part|Being afraid was worse than the visit]," {he} said.]
  [And after that, {hero} often played doctor with {his} {toy}, and it was always brave.|When {his} cousin had to go
  there, {hero} lent {his} {toy} to be a helper.|Brave people are afraid too, but they do it anyway.]`,
);

const promise = plot(
  'keeping a promise',
  {
    hero: children,
    neighbor: neighbors,
    friend: children,
    parent: parents,
    task: table([
      {
        name: 'feed the cat',
        ask: 'feed my cat',
        subject: 'old cat',
        forgot: 'The cat sat at the empty bowl and mewed',
        love: 'purred and rubbed its head on {his} leg',
      },
      {
        name: 'look after the rabbits',
        ask: 'look after my rabbits',
        subject: '[smallest|bravest|oldest] rabbit',
        forgot: 'The rabbits had no water and had eaten their last straw',
        love: 'put a soft nose into {his} hand',
      },
      {
        name: 'take care of the parrot',
        ask: 'take care of my parrot',
        subject: 'parrot',
        forgot: 'The parrot sat in the corner of its cage and did not say a word',
        love: 'flapped its wings and called {his} name, again and again',
      },
      {
        name: 'look after the hens',
        ask: 'look after my hens',
        subject: '[smallest|biggest|loudest] hen',
        forgot: 'The hens ran up and down behind the fence, hungry and loud',
        love: 'laid a brown egg right in front of {his} feet',
      },
    ]),
    fun: '[the new swimming pool|the circus|a boat race on the river|the toy fair|a puppet theater]',
  },
  `{once} {neighbor}, who {neighbor.work}, lived next door. "[I have to go away for a week|I must visit my sister],"
  {neighbor.he} said one day. "[Could you {task.ask}, every day|Will you {task.ask} until I am back]?"
  "[Yes, I promise|Of course! I promise]!" said {hero}. {He} felt very grown-up.

  The first days went well. But on the third day, {friend} stood at the door. "[Come on, quick! We are going to
  {fun}|Hurry up! There is a free seat in our car. We want to go to {fun}]!" said {friend}. {hero} [grabbed {his}
  jacket|jumped into {his} shoes] and ran. ?[It was a splendid day, and {he} thought of nothing else.|They had so
  much fun that {he} forgot the time.]

  In the evening, {he} lay in {his} bed. "Did you {task} today?" asked {parent}. {hero} sat up at once. {He} had
  forgotten it! But a promise is a promise. "[I have to go there|I must go, right now]," {he} said. "[Then I will
  come with you|I will bring the flashlight]," said {parent}.

  With boots and a flashlight, they went [through the wet garden|across the dark yard]. {task.forgot}. "[I am so
  sorry|Forgive me]," said {hero}, and tears came to {his} eyes. {He} brought food and fresh water, and [stayed
  until everything was eaten up|cleaned everything, although it was late]. And then the {task.subject} {task.love}.

  From then on, {hero} made [a mark on the calendar|a knot in a string] every day, and {he} did not forget it again.
  When {neighbor} came home, {he} told the truth. "[I forgot it once|Once, I came much too late]," {he} said [and
  looked at {his} feet|and turned red].
  {neighbor} [thought for a moment|put down {neighbor.his} bag]. "[Everyone forgets something|That can happen to
  anyone]," {neighbor.he} said. "[But not everyone gets up again at night to put it right|But not everyone would
  tell me about it]. I know that I can count on you."
  [{hero} was {happy}, and a bit taller than before.|A promise is like a seed: you have to take care of it.|{hero}
  had learned what it means when somebody counts on you.]`,
);

const firstSchoolDay = plot(
  'the first day of school',
  {
    hero: children,
    friend: children,
    teacher: teachers,
    old: grandparents,
    charm: table([
      { name: 'a smooth stone', it: 'stone', says: 'When you hold it, think of me' },
      { name: 'a big button', it: 'button', says: 'It comes from my old coat, and it has seen many things' },
      {
        name: 'a chestnut',
        it: 'chestnut',
        says: 'Put it in your pocket, and you have a piece of our garden with you',
      },
      { name: 'a tiny bell', it: 'bell', says: 'When it rings, somebody is thinking of you' },
      { name: 'a blue ribbon', it: 'ribbon', says: 'I have tied all my good wishes into it' },
    ]),
    loss: '[had lost {friend.his} way in the long hall|had left {friend.his} lunch on the bus|wanted to go home|did not know anybody]',
    trait: '[little|young|small|shy|dreamy]',
  },
  `{once} Tomorrow would be {his} first day of school. The [red|blue|green|yellow] backpack was standing next to the
  door. {hero} could not sleep. "[What if I do not find my room|What if I do not know the answers|What if nobody
  sits next to me]?" {he} thought.

  In the morning, {his} {old.kind} came by with something in {old.his} hand. It was {charm}. "[This is for you|I
  want you to have this]," said {old}. "{charm.says}." {hero} put the {charm.it} in {his} pocket. ?["[Does it
  work|Is it magic]?" {he} asked. "[It always worked for me|Only a little]," said {old} [with a wink|and smiled].]

  The school was big, and [the halls were long|everybody was talking at once]. {hero} held on to the {charm.it}.
  {teacher}, the teacher, stood at the door and shook {his} hand. ?["[Welcome, {hero}. I am glad that you are
  here|There you are, {hero}. I have been waiting for you]," {teacher} said.] They sang a song, they [painted
  their names|counted to twenty], and {hero} even knew [two answers|an answer].

  At recess, {he} saw {a} {friend.kind} [behind the door|in a corner of the yard] who was crying. It was {friend}.
  {friend.He} {loss}. {hero} knew that feeling well. "[It is my first day too|I was so scared this morning]," {he}
  said. {friend} only sniffed.
  {hero} put {his} hand in {his} pocket. [{He} liked the {charm.it} so much, but|Slowly,] {he} took it out. "[It
  helped me, and now it will help you|You can hold it until school is over]," {he} said. {friend} closed
  {friend.his} fingers around it [and stopped crying|and took a deep breath].
  After that, they did everything together. ?[They shared a desk and an apple.|They laughed so much that {teacher}
  had to put a finger to {teacher.his} lips.]

  When the bell rang, {friend} gave the {charm.it} back. "[Tomorrow, I will not need it|Thank you]," {friend.he}
  said. "[Now I have you|I have a friend now]." {old} was waiting at the gate. "[Well, did it work|How was it]?"
  {old.he} asked.
  "[It worked twice|It works even if you give it away]," said {hero}. ?[{hero} had learned that we forget our own
  fear when we help others.|From then on, the backpack could not stand at the door early enough.]`,
);

export const growingUpPlots = [foundPurse, doctor, promise, firstSchoolDay];
