/** The comparison itself must be able to fail: every way in which an answer can drift is caught. */
import { describe, expect, it } from 'vitest';

import { recording, recordingNames } from './recordings';
import { shapeProblems } from './shape';

type Dictionary = Record<string, unknown>;

/** Every object in a value, with its place in it. */
function* objectsIn(value: unknown): Generator<Dictionary> {
	if (Array.isArray(value)) for (const element of value) yield* objectsIn(element);
	else if (typeof value === 'object' && value !== null) {
		yield value as Dictionary;
		for (const inner of Object.values(value)) yield* objectsIn(inner);
	}
}

const bodies = recordingNames()
	.filter((name) => !name.startsWith('ws_') && !name.startsWith('object_info_'))
	.map((name) => ({ name, body: recording(name).body }))
	.filter(({ body }) => typeof body === 'object' && body !== null && !('_binary_bytes' in body));

describe('shapeProblems', () => {
	it.each(bodies)('accepts $name as its own shape', ({ body }) => {
		expect(shapeProblems(body, structuredClone(body))).toEqual([]);
	});

	it.each(bodies)('notices every single key that is taken out of $name', ({ body }) => {
		const copy = structuredClone(body);
		for (const object of objectsIn(copy)) {
			for (const [key, value] of Object.entries(object)) {
				delete object[key];
				expect(shapeProblems(body, copy), `without ${key}`).not.toEqual([]);
				object[key] = value;
			}
		}
	});

	it.each([
		['a key too many', { a: 1 }, { a: 1, b: 2 }],
		['another type', { a: 1 }, { a: '1' }],
		['null for a value', { a: 1 }, { a: null }],
		['another error type', { type: 'no_prompt' }, { type: 'invalid_prompt' }],
		['another status', { status_str: 'success' }, { status_str: 'error' }],
		['the other truth', { completed: true }, { completed: false }],
		['an empty list', { jobs: [{ id: 1 }] }, { jobs: [] }],
		['an element of another shape', { jobs: [{ id: 1 }] }, { jobs: [{ id: 1 }, { ID: 1 }] }],
		[
			'another order of events',
			[
				['start', {}],
				['end', { a: 1 }],
			],
			[
				['end', { a: 1 }],
				['start', {}],
			],
		],
		['another set of nodes', { nodes: ['1', '2'] }, { nodes: ['1', '3'] }],
	])('notices %s', (_, expected, actual) => {
		expect(shapeProblems(expected, actual)).not.toEqual([]);
	});
});
