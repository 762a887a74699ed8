/** @file What stages hand on to each other: kinds of artifacts, and the ports that take them. Steps are wired by these (graph.ts). */

/**
 * The kinds of artifacts. What an artifact of a kind has, whoever made it:
 *
 *     corpus         documents of a training and a validation split
 *     tokenizer      tokenizer.json; the metadata says which tokens end a text; tokenizer_config.json where there is a template of conversations
 *     rows           token ids of both splits, in rows of one context
 *     model          configuration and weights
 *     adapter        what a model learnt besides, as updates of low rank of its matrices; the metadata says of which model
 *     measurements   tables of what was measured of other artifacts
 *     files          files for other programs
 */
export type ArtifactKind = 'corpus' | 'tokenizer' | 'rows' | 'model' | 'adapter' | 'measurements' | 'files';

/** What a stage takes of one kind. */
export interface Port {
  kind: ArtifactKind;
  /** `optional`: only where the pipeline file says so. `many`: at least one; all that the pipeline has, where the file does not choose. */
  takes: 'one' | 'optional' | 'many';
}

/** A port that has to be filled. */
export const one = (kind: ArtifactKind): Port => ({ kind, takes: 'one' });

/** A port that is filled where the pipeline file says by what. */
export const optional = (kind: ArtifactKind): Port => ({ kind, takes: 'optional' });

/** A port for any number of artifacts. */
export const many = (kind: ArtifactKind): Port => ({ kind, takes: 'many' });

/** Kinds that hold or understand token ids: those that come together have to be of one tokenizer. */
export const OF_TOKENS: ReadonlySet<ArtifactKind> = new Set(['tokenizer', 'rows', 'model', 'adapter']);
