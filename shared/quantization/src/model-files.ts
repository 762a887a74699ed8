/** @file Names of files in the artifact of a model. */

/** The weights, with the configuration in the table's metadata. */
export const WEIGHTS_FILE = 'weights.arrow';
