/** @file Which documents are held out for validation. */

/**
 * Every (1 / share)-th document is held out, spread evenly over the corpus: with a share of 0.1 the 10th, 20th, 30th … A
 * corpus that is sorted, by date or by subject, is so represented in both parts, and a document's part depends on nothing
 * but its index.
 *
 * @param index of the document in the corpus, from 0
 * @param share between 0 and 1
 */
export function isHeldOut(index: number, share: number): boolean {
  return Math.floor((index + 1) * share) > Math.floor(index * share);
}
