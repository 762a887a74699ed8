/** @file What every story may say: beginnings, times, weather, feelings, small gestures. */

import { compile } from './template.ts';
import type { Row } from './story.ts';

/** Phrases by name, written in a plot as `{once}`. They may mention the hero only, whom every story has. */
const sources = {
  once: `[Once upon a time, there was {a} {trait} {hero.kind} [named|called] {hero}.
    |Once upon a time, {a} {trait} {hero.kind} [named|called] {hero} lived {hero.lives}.
    |There once was {a} {trait} {hero.kind} whose name was {hero}.
    |{hero} was {a} {trait} {hero.kind} who lived {hero.lives}.
    |{A} {trait} {hero.kind} named {hero} lived {hero.lives}.
    |Long ago, {a} {trait} {hero.kind} [named|called] {hero} lived {hero.lives}.
    |This is the story of {hero}, {a} {trait} {hero.kind}.
    |Have you heard about {hero}? {hero} was {a} {trait} {hero.kind} who lived {hero.lives}.
    |Not far from here, there lived {a} {trait} {hero.kind} [named|called] {hero}.]`,
  trait: `[little|young|small|cheerful|curious|kind|playful|gentle|clever|lively|friendly|happy|merry|bright|funny|
    dreamy|good|bouncy|busy|sweet|thoughtful|eager]`,

  fineDay: `[One [sunny|bright|warm|clear|golden|breezy|fine|lovely|mild|quiet|beautiful] [morning|afternoon|day]
    |On a [sunny|bright|warm|clear|cool|breezy|fine|lovely|fresh] [spring|summer|fall] [morning|afternoon|day]
    |One [Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday] [morning|afternoon]
    |One day [in spring|in early summer|in the middle of summer|at the end of summer|in May|in June]
    |One day|One day after breakfast|One morning|One afternoon]`,
  rainyDay: `[One [rainy|wet|gray|dark|stormy] [morning|afternoon|day]|On a [cold, wet|gray and rainy|dark, windy] [morning|afternoon|day]
    |One [Saturday|Sunday] when the rain would not stop|One day in [April|October|November] when it rained and rained]`,
  snowyDay: `[One [cold|frosty|snowy|bright winter] [morning|afternoon|day]|One day in [January|February|December]
    |On the [first|coldest] day of winter|One morning after a night of snow]`,
  evening: `[One [evening|night]|One [quiet|starry|cool|warm|windy] [evening|night]|One night, when the moon was [round|thin|bright]|On a clear, dark night]`,
  nextDay: '[The next [day|morning|afternoon]|The day after that|A [day|few days] later|Early the next morning]',
  later: '[Soon|After a while|A little later|Before long|Not long after that|A few minutes later]',
  suddenly: '[Suddenly|All at once|Just then|At that very moment|All of a sudden]',

  sad: '[sad|unhappy|very sad|gloomy|miserable|so sad]',
  happy: '[happy|glad|very happy|delighted|joyful|full of joy|as happy as could be|so happy]',
  scared: '[scared|afraid|frightened|very scared|worried]',
  proud: '[proud|very proud|proud and happy|so proud]',
  kindly: '[kindly|gently|softly|in a kind voice|in a soft voice|with a warm smile]',
  smiled: `[smiled|grinned|beamed|nodded happily|laughed out loud|gave a big smile]`,
  jumped:
    '[jumped for joy|danced in a circle|jumped up and down|laughed and laughed|could not stop smiling|spun around with joy]',
  cried: '[began to cry|felt tears in {his} eyes|cried a little|sniffed and wiped {his} eyes|sat down and cried]',
  thought:
    '[thought for a moment|thought hard|scratched {his} head and thought|thought and thought|closed {his} eyes and thought]',
  breath: '[took a deep breath|stood up tall|counted to three|squeezed {his} eyes shut for a moment|swallowed hard]',
  hugged: '[hugged|gave a big hug to|put both arms around]',
  asleep: '[fell asleep|closed {his} eyes and slept|slept soundly|drifted off to sleep|was fast asleep]',
  fromThenOn: '[From that day on|From then on|After that day|Ever since that day|And from that time on]',
  always: '[always|never forgot to|made sure to]',
  sky: `[The sun was shining|The sky was blue|There was not a cloud in the sky|Birds were singing|A soft wind was blowing|White clouds sailed across the sky|
    The air smelled of flowers|Bees hummed in the flowers|The grass was still wet with dew]`,
};

/** The phrases, compiled. */
export const phrases: ReadonlyMap<string, Row> = new Map(
  Object.entries(sources).map(([name, source]) => [name, { name: compile(source) }]),
);
