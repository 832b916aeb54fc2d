/**
 * Objects that refuse unknown keys except the extension points every file of ours has: `$schema`, `notes` and `x_*`.
 * The extension keys are kept in the parsed value but are not part of its type.
 */
import { z } from 'zod/v4';

/** True for a key that anybody may add anywhere. */
export function isExtensionKey(key: string): boolean {
	return key === '$schema' || key === 'notes' || key.startsWith('x_');
}

/** A strict object with extension keys allowed. Unknown keys are reported as zod's `unrecognized_keys`. */
export function extensible<Shape extends z.ZodRawShape>(
	shape: Shape,
): z.ZodObject<Shape, z.core.$strip> {
	const known = new Set(Object.keys(shape));
	const refuseUnknownKeys = (payload: z.core.ParsePayload<object>) => {
		const unknown = Object.keys(payload.value).filter(
			(key) => !known.has(key) && !isExtensionKey(key),
		);
		if (unknown.length === 0) return;
		payload.issues.push({
			code: 'unrecognized_keys',
			keys: unknown,
			input: payload.value,
			path: [],
			continue: true,
		} as z.core.$ZodRawIssue);
	};
	const check: z.core.$ZodCheck<object> = {
		_zod: {
			check: refuseUnknownKeys,
			// without `when`, zod skips checks of an object that has another fault, and the faults come one by one
			def: { check: 'custom', when: ({ value }: { value: unknown }) => isObject(value) },
			onattach: [],
		},
	} as unknown as z.core.$ZodCheck<object>;
	return z.looseObject(shape).check(check) as unknown as z.ZodObject<Shape, z.core.$strip>;
}

function isObject(value: unknown): value is object {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
