/** @file Why nothing was recorded. Apart from all that needs the addon, so that code which runs elsewhere, too, may ask for it. */

/** Kernels cannot be recorded whose results JavaScript looks at, as it would not when they run again. */
export class NotRecordable extends Error {}
