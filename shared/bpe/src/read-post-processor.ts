/** @file Reads the `post_processor` of tokenizer.json: which special tokens are put before a text. */
import { isRecord } from './tokenizer-json-errors.ts';

/**
 * The special tokens that Hugging Face's tokenizers put before a text, as they are written: those before $A of a `TemplateProcessing`, or the `cls` of
 * RoBERTa's and BERT's. Of a sequence of steps, the first that puts any.
 */
export function tokensBeforeText(postProcessor: unknown): string[] {
  if (!isRecord(postProcessor)) return [];
  const { type, processors, single, cls } = postProcessor;
  switch (type) {
    case 'Sequence':
      return (
        listOf(processors)
          .map(tokensBeforeText)
          .find((tokens) => tokens.length > 0) ?? []
      );
    case 'TemplateProcessing':
      return tokensOf(listOf(single), postProcessor['special_tokens']);
    case 'RobertaProcessing':
    case 'BertProcessing': {
      const [token] = listOf(cls);
      return typeof token === 'string' ? [token] : [];
    }
    default:
      return [];
  }
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** A special token of a template has a name, and stands for one or several tokens. */
function tokensOf(pieces: readonly unknown[], named: unknown): string[] {
  const text = pieces.findIndex((piece) => isRecord(piece) && isRecord(piece['Sequence']));
  return pieces.slice(0, Math.max(0, text)).flatMap((piece) => {
    const special = isRecord(piece) && isRecord(piece['SpecialToken']) ? piece['SpecialToken']['id'] : undefined;
    if (typeof special !== 'string') return [];
    const entry = isRecord(named) && Object.hasOwn(named, special) ? named[special] : undefined;
    const tokens = isRecord(entry) ? listOf(entry['tokens']).filter((each) => typeof each === 'string') : [];
    return tokens.length > 0 ? tokens : [special];
  });
}
