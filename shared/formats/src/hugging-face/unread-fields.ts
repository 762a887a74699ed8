/**
 * @file Fields of a config.json from which no logit follows, by name: of training, of generation, of a tokenizer, of other modalities, of how
 * transformers runs a model. And fields that transformers does not read either, but that say how a model computes: these are taken where they say
 * what is computed here, and refused where they do not.
 */
import type { ArchitectureName } from './config-table.ts';

/** Fields that may have any value. */
const IRRELEVANT = new Set(
  [
    // What wrote the file, and for what.
    '_name_or_path _commit_hash architectures auto_map custom_pipelines model_type name_or_path torch_dtype dtype transformers_version',
    'transformers.js_config is_llama_config unsloth_fixed unsloth_version base_model_name_or_path language',
    // How transformers runs the model.
    '_attn_implementation _attn_implementation_autoset _attn_implementation_internal attn_implementation _flash_attn_2_enabled',
    '_experts_implementation experts_implementation cache_implementation cache_config compile_config use_cache return_dict',
    'return_dict_in_generate output_attentions output_hidden_states output_router_logits output_scores output_logits num_logits_to_keep',
    'logits_to_keep pretraining_tp torchscript use_bfloat16 tf_legacy_loss chunk_size_feed_forward attention_chunk_size_for_cache',
    'use_flash_attn gradient_checkpointing use_reentrant_checkpointing use_parallel_embedding _sliding_window_pattern for_llm_compressor',
    // Training.
    'attention_dropout resid_pdrop embd_pdrop hidden_dropout hidden_dropout_prob attention_probs_dropout_prob initializer_range',
    'neftune_noise_alpha router_jitter_noise altup_lr_multiplier label_smoothing',
    // Tokens, and generation.
    'bos_token_id eos_token_id eos_token_ids pad_token_id unk_token_id sep_token_id cls_token_id mask_token_id decoder_start_token_id',
    'forced_bos_token_id forced_eos_token_id bad_words_ids suppress_tokens begin_suppress_tokens prefix exponential_decay_length_penalty',
    'max_length min_length max_new_tokens do_sample early_stopping num_beams num_beam_groups diversity_penalty temperature top_k top_p',
    'typical_p repetition_penalty length_penalty no_repeat_ngram_size encoder_no_repeat_ngram_size num_return_sequences',
    'remove_invalid_values model_max_length max_sequence_length',
    // Heads for other tasks, and a decoder's place beside an encoder.
    'id2label label2id num_labels problem_type finetuning_task task_specific_params tokenizer_class is_encoder_decoder is_decoder',
    'tie_encoder_decoder cross_attention_hidden_size',
    // Other modalities.
    'audio_config audio_soft_tokens_per_image audio_token_id boa_token_id boi_token_id boi_token_index eoa_token_id eoi_token_id',
    'eoi_token_index image_token_id image_token_index mm_tokens_per_image use_bidirectional_attention_for_images',
    'vision_config vision_soft_tokens_per_image vision_token_id',
  ]
    .join(' ')
    .split(' '),
);

/** What a field must say to agree with what is computed. */
interface Agreement {
  /** The value that agrees, or whether one does. */
  is: unknown;
  /** What transformers computes whatever the field says. */
  because: string;
}

/** Fields of any architecture. */
const ANYWHERE = new Map<string, Agreement>([
  ['is_causal', { is: true, because: 'a token sees none that follow it' }],
  ['add_cross_attention', { is: false, because: 'a decoder by itself has nothing else to attend to' }],
  ['pruned_heads', { is: {}, because: 'heads that are left out are not supported' }],
  ['rotary_pct', { is: 1, because: 'all of a head turns' }],
]);

const halves = (): Agreement => ({ is: false, because: 'coordinates of the two halves of a head turn together' });
const always = (because: string): Agreement => ({ is: true, because });

/** Fields of one architecture. */
const OF_ARCHITECTURE: Partial<Record<ArchitectureName, Map<string, Agreement>>> = {
  LlamaForCausalLM: new Map([['rope_interleaved', halves()]]),
  MistralForCausalLM: new Map([['rope_interleaved', halves()]]),
  Qwen3MoeForCausalLM: new Map([['max_window_layers', anything('its layers slide all or none')]]),
  SmolLM3ForCausalLM: new Map([
    ['max_window_layers', anything('layer_types or no_rope_layers say which layers slide')],
  ]),
  Cohere2ForCausalLM: new Map([
    ['order_of_interleaved_layers', { is: 'local_attn_first', because: 'sliding layers come before the global one' }],
    ['position_embedding_type', { is: 'rope_gptj', because: 'neighbours of a head turn together' }],
    ['use_gated_activation', always('the feed-forward network is gated')],
    ['use_parallel_block', always('attention and feed-forward network read the same input')],
    ['use_embedding_sharing', always('the output layer is the embedding matrix')],
    ['use_qk_norm', { is: false, because: 'queries and keys are not normalised' }],
  ]),
  Gemma3ForCausalLM: new Map([['attn_logit_softcapping', uncapped()]]),
  Gemma3nForCausalLM: new Map([
    ['attn_logit_softcapping', uncapped()],
    ['query_pre_attn_scalar', anything('scores are not scaled')],
  ]),
};

function uncapped(): Agreement {
  return { is: null, because: 'scores are not capped' };
}

/** Any value agrees. */
function anything(because: string): Agreement {
  return { is: undefined, because };
}

/** What is wrong with a field that the reader of its architecture has not read: nothing, that it contradicts, or that it is not known. */
export function judgeUnread(
  architecture: ArchitectureName,
  name: string,
  value: unknown,
): 'harmless' | 'unknown' | { expected: unknown; because: string } {
  if (IRRELEVANT.has(name)) return 'harmless';
  const agreement = OF_ARCHITECTURE[architecture]?.get(name) ?? ANYWHERE.get(name);
  if (agreement !== undefined) {
    const agrees =
      agreement.is === undefined || value === null || JSON.stringify(value) === JSON.stringify(agreement.is);
    return agrees ? 'harmless' : { expected: agreement.is, because: agreement.because };
  }
  return value === null || value === false ? 'harmless' : 'unknown';
}
