/** A selection that has travelled through other programs, checked as far as a run needs it. Decides nothing. */
import { z } from 'zod/v4';

import { invalidInput, RouterError } from '../errors';
import { requestSchema } from '../request/schema';
import { problemsOf } from '../schema/problems';
import { cleanText } from '../text';
import type { SelectedDecision } from './types';

const size = z.int().min(1).max(65_536);
const ratio = z.number().min(0).max(1);
const number = z.number();
const text = z.string();

const filesSchema = z.looseObject({
	checkpoint: text.optional(),
	diffusion_model: text.optional(),
	text_encoders: z.array(text).optional(),
	vae: text.optional(),
});

const parametersSchema = z.object({
	steps: z.int().min(1),
	cfg: number,
	sampler_name: text,
	scheduler: text,
	width: size,
	height: size,
	batch_size: z.int().min(1),
	seed: z.int().min(0).nullable(),
	denoise: ratio,
	prompt: text,
	negative_prompt: text,
	loras: z.array(z.looseObject({ file: text, strength: number })),
});

const estimateSchema = z.object({
	queue_seconds: number,
	load_seconds: number,
	run_seconds: number,
	p50_seconds: number,
	p95_seconds: number,
	on_time_probability: ratio,
	quality: ratio,
	cost: number,
	cost_unit: text,
	vram_peak_bytes: number,
});

const selectedSchema = z.looseObject({
	decision: z.literal('selected'),
	job_id: text.nullable(),
	request: requestSchema,
	selected_at: z.iso.datetime({ offset: true }),
	deadline_at: z.iso.datetime({ offset: true }),
	selection_reason: text,
	model_name: text.min(1),
	preset: text,
	server: text.min(1),
	server_url: text.nullable(),
	files: filesSchema,
	parameters: parametersSchema,
	estimate: estimateSchema,
	queue_number: number.nullable(),
	late: z.boolean(),
	degraded: z.boolean(),
	reservation: z.looseObject({ id: text.min(1).max(500) }).optional(),
	exploration: z.object({ explored: z.boolean(), probability: ratio }).optional(),
});

const HINT =
	'Pass on the selection exactly as Select Model or `comfyui-router select` returned it.';

/**
 * @param selection what `select` returned, as JSON
 * @throws RouterError REQUEST_INVALID naming every fault; NOT_SERVED with the reason where it is a rejection
 */
export function parseSelected(selection: unknown): SelectedDecision {
	refuseRejection(selection);
	const result = selectedSchema.safeParse(selection);
	if (result.success) {
		return { ...result.data, alternatives: [], rejection: null } as unknown as SelectedDecision;
	}
	const problems = problemsOf(result.error).map((problem) => ({ ...problem, hint: HINT }));
	throw invalidInput('REQUEST_INVALID', 'The selection', problems);
}

function refuseRejection(selection: unknown): void {
	const {
		decision,
		selection_reason: reason,
		rejection,
	} = (selection ?? {}) as {
		decision?: unknown;
		selection_reason?: unknown;
		rejection?: { hint?: unknown } | null;
	};
	if (decision !== 'rejected') return;
	throw new RouterError({
		code: 'NOT_SERVED',
		message: cleanText(reason, 2000) || 'The selection is a rejection.',
		hint: cleanText(rejection?.hint, 2000) || 'Change the request.',
	});
}
