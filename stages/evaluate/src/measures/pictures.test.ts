import { expect, test } from 'vitest';
import { captionScores } from './pictures.ts';

test('captions are scored word for word, and object by object', () => {
  const caption = 'a large red circle above a small blue square';
  const scores = (generated: string) => captionScores([{ caption, generated }]);
  expect(scores(caption)).toEqual({ exact: 1, sizes: 1, colours: 1, shapes: 1 });
  expect(scores('a large red circle to the left of a small blue square')).toMatchObject({ exact: 0, colours: 1 });
  expect(scores('a large red cross above a small white square')).toEqual({
    exact: 0,
    sizes: 1,
    colours: 0.5,
    shapes: 0.5,
  });
  expect(scores('a large red circle')).toEqual({ exact: 0, sizes: 0.5, colours: 0.5, shapes: 0.5 });
  expect(scores('')).toEqual({ exact: 0, sizes: 0, colours: 0, shapes: 0 });
  const both = captionScores([
    { caption, generated: caption },
    { caption: 'a large red circle in the top left', generated: 'red red' },
  ]);
  expect(both).toMatchObject({ exact: 0.5, colours: 2 / 3 });
});
