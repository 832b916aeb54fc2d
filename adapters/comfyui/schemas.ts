/** The shapes of ComfyUI's answers, as loosely as we can live with: versions differ, and every string is untrusted. */
import { z } from 'zod/v4';

const count = z.number().nonnegative();
/** Any JSON object, as it is. zod's own record looks at `constructor.prototype` and throws where a server sends that key. */
const dictionary = z.custom<Record<string, unknown>>(
	(value) => typeof value === 'object' && value !== null && !Array.isArray(value),
);
/** Missing or odd becomes null. */
const orNull = <T extends z.ZodType>(schema: T) => schema.nullish().catch(null);

export const systemStatsSchema = z.looseObject({
	system: z
		.looseObject({
			comfyui_version: orNull(z.string()),
			argv: z.array(z.unknown()).catch([]),
		})
		.nullish(),
	devices: z.array(z.unknown()),
});

export const deviceSchema = z.looseObject({
	name: orNull(z.string()),
	type: orNull(z.string()),
	vram_total: count,
	vram_free: count,
	torch_vram_total: count.catch(0),
	torch_vram_free: count.catch(0),
});

/** [number, prompt_id, graph, extra_data, outputs, ...]. ComfyUI 0.3 and 0.8 agree on the first four. */
export const promptTupleSchema = z
	.tuple([z.number(), z.coerce.string(), z.unknown()])
	.rest(z.unknown());

export const queueSchema = z.looseObject({
	queue_running: z.array(z.unknown()),
	queue_pending: z.array(z.unknown()),
});

export const historySchema = dictionary;

export const historyEntrySchema = z.looseObject({
	prompt: z.array(z.unknown()).catch([]),
	outputs: dictionary.catch({}),
	status: z
		.looseObject({
			status_str: orNull(z.string()),
			completed: orNull(z.boolean()),
			messages: z.array(z.unknown()).catch([]),
		})
		.nullish()
		.catch(null),
});

export const messageSchema = z
	.tuple([z.string(), z.looseObject({ timestamp: orNull(z.number()) })])
	.rest(z.unknown());

export const executionErrorSchema = z.looseObject({
	node_id: orNull(z.coerce.string()),
	node_type: orNull(z.string()),
	exception_type: orNull(z.string()),
	exception_message: orNull(z.string()),
});

export const receiptSchema = z.looseObject({
	prompt_id: z.coerce.string(),
	number: z.number(),
	node_errors: z.unknown(),
});

export const rejectionSchema = z.looseObject({
	error: z.union([
		z.looseObject({
			type: orNull(z.string()),
			message: orNull(z.string()),
			details: orNull(z.string()),
		}),
		z.string(),
	]),
	node_errors: z.unknown(),
});

export const nodeErrorsSchema = dictionary;

export const nodeErrorSchema = z.looseObject({
	class_type: orNull(z.string()),
	errors: z
		.array(
			z.looseObject({
				type: orNull(z.string()),
				message: orNull(z.string()),
				details: orNull(z.string()),
				extra_info: orNull(z.looseObject({})),
			}),
		)
		.catch([]),
});

export const namesSchema = z.array(z.unknown());

export const sizedFilesSchema = z.array(
	z.looseObject({
		name: z.string(),
		size: orNull(count),
		modified: orNull(z.number()),
	}),
);

export const featuresSchema = z.looseObject({
	max_upload_size: orNull(z.number()),
	supports_preview_metadata: orNull(z.boolean()),
});

export const jobsSchema = z.looseObject({
	jobs: z.array(
		z.looseObject({
			id: z.coerce.string(),
			status: z.string(),
			create_time: orNull(z.number()),
			execution_start_time: orNull(z.number()),
			execution_end_time: orNull(z.number()),
		}),
	),
});

export const uploadSchema = z.looseObject({
	name: z.string().min(1),
	subfolder: z.string().catch(''),
	type: z.string().catch('input'),
});

export const objectSchema = dictionary;
