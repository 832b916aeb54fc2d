/** The words for places in a graph, shared by what finds and what writes them. */

/** One input of one node. */
export interface InputRef {
	nodeId: string;
	input: string;
}

/** What can be bound to a place of the caller's choice. */
export const BINDING_NAMES = [
	'steps',
	'cfg',
	'sampler_name',
	'scheduler',
	'seed',
	'denoise',
	'width',
	'height',
	'batch_size',
	'positive',
	'negative',
	'text_encoders',
	'vae',
] as const;
export type BindingName = (typeof BINDING_NAMES)[number];
