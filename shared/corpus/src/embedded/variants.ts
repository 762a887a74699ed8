/** @file Words and contractions of the same meaning, either of which may stand: everyone or everybody, did not or didn't. */

/** What a literal may say in other ways: each stands before a space, so that a word follows. */
const VARIANTS: readonly (readonly [phrase: string, ...others: string[]])[] = [
  ['could not', "couldn't"],
  ['did not', "didn't"],
  ['was not', "wasn't"],
  ['do not', "don't"],
  ['does not', "doesn't"],
  ['is not', "isn't"],
  ['will not', "won't"],
  ['it is', "it's"],
  ['that is', "that's"],
  ['what is', "what's"],
  ['I am', "I'm"],
  ['I will', "I'll"],
  ['we will', "we'll"],
  ['you are', "you're"],
  ['let us', "let's"],
  ['everybody', 'everyone'],
  ['somebody', 'someone'],
  ['nobody', 'no one'],
  ['anybody', 'anyone'],
  ['at once', 'right away'],
  ['very', 'really', 'quite'],
  ['big', 'large'],
  ['began to', 'started to'],
  ['wanted to', 'hoped to'],
  ['ran to', 'rushed to', 'hurried to', 'raced to'],
  ['ran back', 'rushed back', 'hurried back'],
  ['went home', 'walked home', 'ran home', 'trotted home'],
  ['went to', 'walked to', 'set off to'],
  ['found', 'discovered'],
  ['but', 'but', 'but', 'yet'],
  ['shouted', 'yelled'],
  ['looked at', 'stared at', 'gazed at'],
  ['until', 'till'],
  ['afraid of', 'scared of', 'frightened of'],
  ['next to', 'beside'],
  ['threw', 'tossed'],
  ['saw', 'spotted'],
  ['a bit of', 'a piece of'],
  ['nothing but', 'only'],
  ['on the way home', 'on the way back', 'going home'],
  ['laughed', 'chuckled', 'giggled'],
];

const others = new Map(VARIANTS.map(([phrase, ...same]) => [phrase.toLowerCase(), same]));
const PATTERN = new RegExp(`\\b(${VARIANTS.map(([phrase]) => phrase).join('|')})(?= )`, 'gi');

/** A literal cut into pieces: those at odd positions are phrases that may be said in the ways that are listed, the first as written. */
export function variantsOf(literal: string): (string | readonly string[])[] {
  return literal.split(PATTERN).map((piece, index) => {
    if (index % 2 === 0) return piece;
    const isCapital = /^[A-Z]/.test(piece);
    const same = others.get(piece.toLowerCase())!;
    return [piece, ...same.map((other) => (isCapital ? other.charAt(0).toUpperCase() + other.slice(1) : other))];
  });
}
