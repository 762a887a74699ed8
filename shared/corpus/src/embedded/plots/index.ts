/** @file All plots. */

import type { Plot } from '../story.ts';
import { animalPlots } from './animals.ts';
import { everydayPlots } from './everyday.ts';
import { friendPlots } from './friends.ts';
import { growingUpPlots } from './growing-up.ts';
import { homePlots } from './home.ts';
import { indoorPlots } from './indoors.ts';
import { kindnessPlots } from './kindness.ts';
import { learningPlots } from './learning.ts';
import { magicPlots } from './magic.ts';
import { outdoorPlots } from './outdoors.ts';
import { weatherPlots } from './weather.ts';
import { wildPlots } from './wild.ts';

/**
 * The plots, each as likely as any other.
 *
 * A plot is a cast and a text in the language of `template.ts`. This one could be added to any of the files:
 *
 *     const lostHat = plot(
 *       'a hat in the wind',
 *       { hero: children, parent: family, color: '[red|blue]', place: outings },
 *       `{once} {He} had {a} {color} hat.
 *
 *       {fineDay}, {he} went {place.to} with {his} {parent.kind}. [Whoosh!|A gust of wind came.] The hat was gone! ...`,
 *     );
 *
 * A role is filled from a table of rows, or is a choice that the whole story keeps; `{once}` and `{fineDay}` are phrases
 * of `phrases.ts`. In the text, a line that is indented more goes on with the line above. What a plot must satisfy is
 * checked by `plots.test.ts`; every change here changes the corpus.
 */
export const plots: readonly Plot[] = [
  ...homePlots,
  ...indoorPlots,
  ...everydayPlots,
  ...friendPlots,
  ...kindnessPlots,
  ...outdoorPlots,
  ...weatherPlots,
  ...animalPlots,
  ...wildPlots,
  ...magicPlots,
  ...learningPlots,
  ...growingUpPlots,
];
