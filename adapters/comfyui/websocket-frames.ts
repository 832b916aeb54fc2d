/**
 * What a text frame of ComfyUI's WebSocket says about a prompt. Untrusted input: anything else is no event.
 * `executing` with node null is the last frame of a prompt, whatever its end; `execution_success` comes before the
 * history entry can be read, so it is none (server.py and execution.py of ComfyUI 0.3 to 0.12).
 */
import { z } from 'zod/v4';

import type { ServerEvent } from '../../lib/ports';

const frameSchema = z.object({ type: z.string(), data: z.looseObject({ prompt_id: z.string() }) });
const nodeSchema = z.object({ node: z.string().nullable() });
const progressSchema = z.object({
	node: z.string().nullish(),
	value: z.number().nonnegative(),
	max: z.number().positive(),
});

/** @returns null for frames that are no event of a prompt */
export function parseFrame(text: string): ServerEvent | null {
	const frame = frameSchema.safeParse(jsonOrNull(text));
	if (!frame.success) return null;
	const { type, data } = frame.data;
	const promptId = data.prompt_id;
	switch (type) {
		case 'execution_start':
			return { type: 'started', promptId };
		case 'executing': {
			const parsed = nodeSchema.safeParse(data);
			if (!parsed.success) return null;
			const { node } = parsed.data;
			return node === null ? { type: 'ended', promptId } : { type: 'node', promptId, nodeId: node };
		}
		case 'progress': {
			const parsed = progressSchema.safeParse(data);
			if (!parsed.success) return null;
			const { node, value, max } = parsed.data;
			return { type: 'progress', promptId, nodeId: node ?? '', value, max };
		}
		default:
			return null;
	}
}

function jsonOrNull(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return null;
	}
}
