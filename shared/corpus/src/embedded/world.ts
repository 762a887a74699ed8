/** @file The two worlds of the stories, and how each role is filled where a plot does not say otherwise. */

import { townThieves, wildThieves, patients } from './lexicon/creatures.ts';
import { animals, children, elders, neighbors, parents, relatives, teachers } from './lexicon/people.ts';
import { places, rooms } from './lexicon/places.ts';
import { breakables, dishes, flyers, foods, pastimes, presents, skills, toys, treasures } from './lexicon/things.ts';
import { dens, wildPlaces } from './lexicon/wild.ts';
import { cast, of, table } from './story.ts';

const town = {
  name: 'town',
  heroes: children,
  places,
  rooms,
  elders: neighbors,
  thieves: townThieves,
  home: `in {a} [little|small|tall|narrow|old|new|cozy|sunny] [white|yellow|blue|red|green|brick|wooden|stone] [house|house|cottage] [by the sea|near the
    woods|on a hill|next to a [bakery|school|windmill|church]|across from the [park|station|library]|by the [river|canal]|at the end of a [quiet|long|dusty] street|under two
    [tall|old|crooked] trees|in a [busy|quiet|pretty] town|in a small village|behind a [wall|hedge] of roses|at the foot of [a mountain|a cliff]]`,
};

const woods = {
  name: 'woods',
  heroes: animals,
  places: wildPlaces,
  rooms: dens,
  elders,
  thieves: wildThieves,
  home: `in {a} [snug|deep|dry|tiny|round|cozy|warm|secret|tidy|narrow] [den|hollow|home|burrow] [under a [green|steep|sandy] hill|between two [gray|mossy|tall]
    rocks|beneath {a} [old|dead|giant] [oak|beech|elm]|near the waterfall|at the edge of the [woods|field]|behind a [wild rose|holly|bramble] bush|beside [the stream|a
    spring|the swamp]|under the roots of a [pine|willow|birch]]`,
};

/** The world where children live. */
export const townOnly = table([town]);

/** The world where animals live. */
export const woodsOnly = table([woods]);

/** Roles that any plot may use. */
export const defaultCast = cast({
  world: table([town, town, woods].map((world, i) => ({ ...world, name: `${world.name} ${i}` }))),
  hero: of('world', 'heroes'),
  friend: of('world', 'heroes'),
  other: of('world', 'heroes'),
  elder: of('world', 'elders'),
  relative: relatives,
  parent: parents,
  teacher: teachers,
  place: of('world', 'places'),
  act: of('place', 'acts'),
  act2: of('place', 'acts'),
  act3: of('place', 'acts'),
  high: of('place', 'high'),
  spot: of('place', 'spots'),
  spot2: of('place', 'spots'),
  spot3: of('place', 'spots'),
  stranger: of('place', 'folk'),
  room: of('world', 'rooms'),
  nook: of('room', 'spots'),
  nook2: of('room', 'spots'),
  nook3: of('room', 'spots'),
  thief: of('world', 'thieves'),
  patient: patients,
  pastime: pastimes,
  pastime2: pastimes,
  toy: toys,
  toy2: toys,
  flyer: flyers,
  breakable: breakables,
  treasure: treasures,
  food: foods,
  food2: foods,
  dish: dishes,
  present: presents,
  skill: skills,
});
