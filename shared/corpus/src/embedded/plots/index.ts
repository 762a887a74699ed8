/** @file All plots. */

import type { Plot } from '../story.ts';
import { dayPlots } from './days.ts';
import { friendPlots } from './friends.ts';
import { growingPlots } from './growing.ts';
import { helpingPlots } from './helping.ts';
import { homePlots } from './home.ts';
import { outdoorPlots } from './outdoors.ts';

/**
 * The plots, each as likely as any other.
 *
 * A plot is a text in the language of `template.ts`, and a cast of those roles that it fills in its own way; the others
 * are those of `world.ts`. This one could be added to any of the files:
 *
 *     const lostHat = plot(
 *       'a hat in the wind',
 *       { color: '[red|blue]' },
 *       `{open} {His} {relative.kind} gave {him} {a} {color} hat.
 *
 *       {day}, {hero:s} went {place.to}, where {he} {act.past}. {suddenly}, the hat was gone!
 *       <friend: [Was it the wind?|I can see it, {hero}.]> ...`,
 *     );
 *
 * `{open}` and `{day}` are phrases of `phrases.ts`. In the text, a line that is indented more goes on with the line above.
 * What a plot must satisfy is checked by `plots.test.ts`; every change here changes the corpus.
 */
export const plots: readonly Plot[] = [
  ...outdoorPlots,
  ...homePlots,
  ...friendPlots,
  ...growingPlots,
  ...helpingPlots,
  ...dayPlots,
];
