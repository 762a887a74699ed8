/** @file Formats whose numbers can be written as bit planes. */

/** Formats of a number after the other; others have blocks, or scales beside them, and next to nothing to be saved. */
export const PLANE_FORMATS: readonly string[] = ['f32', 'f16', 'bf16'];
