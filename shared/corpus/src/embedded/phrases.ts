/** @file What every story may say: beginnings, times, weather, looks, feelings, gestures, endings. */

import { compile, type Template } from './template.ts';

/** Phrases by name, written in a plot as `{open}`; each use is rendered anew. They may mention the hero, whom every story has. */
const sources = {
  open: `[Once upon a time, [in {a} [quiet|busy|sunny|faraway] [land|valley|country], |]there was {a} {who} [named|called] {hero} with {hero.looks}.
    |Once there was {a} {who} [named|called] {hero} who lived {world.home}.
    |There once lived {a} {who} {world.home}. {His} name was {hero}.
    |{hero} was {a} {who} with {hero.looks}.
    |{A} {who} [named|called] {hero} lived {world.home}.
    |{hero}, {a} {who} with {hero.looks}, lived {world.home}.
    |{A} {who} with {hero.looks} lived {world.home}. [Everybody called {him}|{His} name was] {hero}.
    |[This is a story about|Let me tell you about|Listen to the story of] {hero}, {a} {who} [with|who had] {hero.looks}.]`,
  who: `[{trait} {hero.kind}|{trait} {hero.kind}|{trait} and {trait2} {hero.kind}|{trait2}, {trait} {hero.kind}]`,
  trait2: `[wise|honest|tidy|lazy|hungry|restless|silent|daring|modest|sleepy|plucky|fearless|tender|messy]`,
  trait: `[little|young|small|cheerful|curious|kind|playful|gentle|clever|lively|friendly|merry|funny|dreamy|bouncy|busy|sweet|thoughtful|
    eager|quiet|shy|brave|stubborn|proud|patient|careful|noisy|polite]`,
  habit: `[{Hero:s} [loved|liked|loved] to {pastime} [and to {pastime2}||with {his} {relative.kind}].
    |Every {weekday}, {hero:s} {pastime.past}[ before breakfast| with {his} {relative.kind}| until dinner|].
    |More than anything else, {hero:s} loved to {pastime}.
    |{Hero:s} could {pastime} [all day long|for hours|from morning to night], [but {he} did not like to [get wet|wait|lose|be alone|get up early]|and {he} never got tired of it].
    |{His} {relative.kind} had taught {him} to {pastime}.
    |When {hero:s} was not asleep, {he} {pastime.past} or {pastime2.past}.]`,
  weekday: '[Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday]',
  number: '[two|three|four|five|six|seven|eight|nine|ten]',
  month: '[March|April|May|June|July|August|September|October]',
  color: '[red|blue|green|yellow|purple|orange|white|black|gray|pink|brown]',

  day: `[One [sunny|bright|warm|clear|breezy|fine|lovely|mild|quiet|cloudy|windy|cool] [morning|afternoon|day|{weekday}]
    |On a [sunny|bright|warm|clear|cool|windy|fresh|hot|foggy] [spring|summer|fall|{weekday}] [morning|afternoon]
    |One {weekday} [morning|afternoon|after breakfast|before lunch]
    |One [morning|day|afternoon] in [spring|early summer|fall|March|April|May|June|July|August|September]]`,
  evening: `[One [quiet|starry|cool|warm|windy|stormy|moonlit] [evening|night]|Late one [{weekday}|summer|winter|rainy] [evening|night]]`,
  nextDay: `[The next [day|morning|afternoon|{weekday}]|The day after that|[A day|Two days|Three days] later|Early the next [day|morning]|On {weekday}]`,
  later:
    '[Soon|After a while|A little later|Before long|Not long after that|A few minutes later|In the end|At last|When {number} minutes had passed|An hour later|Late in the day|A good while later]',
  suddenly:
    '[Suddenly|Without warning|To {his} surprise|As if by magic|All at once|Just then|At that very moment|All of a sudden|A moment later]',

  clothes: `[in {a} {color} [coat|hat|cap|scarf|vest|shirt|jacket]|with {a} [big|heavy|long|{color}] [basket|bag|stick|umbrella|book]|with [kind|tired|bright|sharp]
    eyes|with a [deep|soft|loud|gentle] voice]`,
  size: '[big|small|huge|tiny|long|round|tall]',

  sad: '[sad|unhappy|downcast|gloomy|miserable|upset]',
  happy: '[happy|glad|merry|delighted|joyful|full of joy|pleased]',
  scared: '[scared|afraid|frightened|nervous|worried]',
  proud: '[proud|very proud|proud and happy|so proud]',
  angry: '[angry|cross|furious|very angry|annoyed]',
  kindly: '[kindly|gently|softly|quietly|warmly|with a smile]',
  smiled: '[smiled|grinned|beamed|nodded|laughed|giggled|blushed|clapped {his} hands]',
  jumped: `[jumped for joy|danced in a circle|jumped up and down|laughed out loud|could not stop smiling|spun around|threw {his} arms in the air|did a little dance]`,
  cried:
    '[began to cry|felt tears in {his} eyes|cried a little|sniffed and wiped {his} nose|sat down and [cried|sobbed|howled]|hid {his} face in {his} hands]',
  thought: `[thought for a moment|thought hard|scratched {his} head|closed {his} eyes and thought|counted to {number}|looked up and thought|bit {his} lip]`,
  breath:
    '[took a deep breath|stood up tall|said a little rhyme|made {himself} as tall as {he} could|pressed {his} lips together|counted to {number}|squeezed {his} eyes shut|swallowed hard|clenched {his} fists]',
  heart: `[{His} heart [beat like a drum|thumped|sank|jumped|began to race].|{His} knees [shook|felt like jelly|went weak].|{His} [hands|ears|toes] [trembled|went cold|tingled].|{His} [throat|mouth] felt dry.|{He} [held {his} breath|could hardly breathe|went pale].|{A} [cold|icy] shiver ran down {his} back.|]`,
  asleep: '[fell asleep|slept soundly|drifted off to sleep|was soon asleep|dreamed of [ships|stars|clouds|castles]]',
  fromThenOn:
    '[From that day on|From then on|After that day|Since that {weekday}|After all this|Ever since that day|Since then]',

  rubbish: `[a dead leaf|an old sock|{a} {color} [feather|button|string|ribbon]|a bit of [paper|dust|wool|moss]|a broken [spoon|pencil|comb]|{number} [crumbs|dry leaves|little stones]|a sleepy [spider|moth|snail]]`,

  thanks: `[Thank you|Thank you so much|Thanks|Oh, thank you|A thousand thanks|Thank you from the bottom of my heart|How kind of you]`,
  exclaim: '[Oh no|Oh dear|Goodness|Oh my|Look]',
  comfort: `[Do not worry|Do not cry|It is all right|Don't be sad|Cheer up|Don't give up]`,
  yes: '[Yes|Of course|Sure|Gladly|With pleasure]',

  atHome: `[At home|That evening|At supper|At bedtime|Back home], {hero:s} [told {his} {parent.kind} [all about it|the whole story]|
    was so tired that {he} {asleep}|ate [two|three] bowls of soup|could not wait for {weekday}|drew a picture of [it|the day]|[still thought|kept thinking] about it].`,
  aside: `[{A} {color} [butterfly|leaf|beetle|feather|dragonfly] [flew|floated|sailed|danced] [by|past|over {his} head|through the air].|Far away, {place.noise}.|Somewhere {place.noise}.
    |The [wind|air|ground] was [cool|warm|dry|damp] [that day|now|already].|There was {place.sight}.|{He} saw {place.sight}.|{sky}.|A [fly|bee|wasp] [buzzed|hummed] [around {his} ears|close by].|]`,
  sky: `[The sun [was shining|was warm|stood high]|The sky was [blue|gray|clear]|[Sparrows|Larks|Birds|Crickets] were singing|A [soft|warm|cool] wind was blowing|
    [White|Small|Round] clouds sailed by|The air smelled of [flowers|rain|hay|leaves]|[Bees|Flies] hummed in the [flowers|heat]]`,
};

/** The phrases, compiled. */
export const phrases: ReadonlyMap<string, Template> = new Map(
  Object.entries(sources).map(([name, source]) => [name, compile(source)]),
);
