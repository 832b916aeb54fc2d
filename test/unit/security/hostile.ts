/** Makes hostile input out of good input, and holds what every reader of it promises. */
import fc from 'fast-check';
import { expect } from 'vitest';

import { RouterError } from '../../../lib/errors';

/** As JSON.parse gives them: own keys that pollute where somebody assigns them, texts and numbers at the edge. */
const VALUES: readonly string[] = [
	'null',
	'true',
	'[]',
	'{}',
	'""',
	'"x"',
	'-1',
	'0',
	'0.5',
	'3',
	'1e308',
	'-1e308',
	'1e400',
	'9007199254740993',
	'"2026-13-45T99:99:99Z"',
	'"2026-01-31T12:00:00Z"',
	'"../../../../etc/passwd"',
	'"C:\\\\Windows\\\\con.png"',
	'"http://169.254.169.254/latest"',
	'"\\ud800"',
	'"\\u0000\\u001b[2J\\u202e"',
	'"__proto__"',
	'"constructor"',
	'"toString"',
	'["1", 0]',
	'["__proto__", 0]',
	'["constructor", 1e9]',
	'[[[[[[[[[[[[1]]]]]]]]]]]]',
	'{"toString": 1, "valueOf": 1}',
	'{"__proto__": {"polluted": true}}',
	'{"constructor": {"prototype": {"polluted": true}}}',
	'{"prototype": {"polluted": true}, "length": -1}',
	JSON.stringify('a'.repeat(3000)),
	JSON.stringify('"'.repeat(500)),
	JSON.stringify(Array.from({ length: 300 }, (_, index) => index)),
	`${'['.repeat(300)}1${']'.repeat(300)}`,
];
const KEYS = [
	'__proto__',
	'constructor',
	'prototype',
	'toString',
	'hasOwnProperty',
	'',
	'x_a',
	'0',
];

export interface Edit {
	/** Which place, counted over all of them. */
	at: number;
	kind: 'replace' | 'remove' | 'add' | 'swap';
	key: string;
	value: string;
}

export const edits: fc.Arbitrary<Edit[]> = fc.array(
	fc.record({
		at: fc.nat(),
		kind: fc.constantFrom<Edit['kind'][]>('replace', 'replace', 'remove', 'add', 'swap'),
		key: fc.constantFrom(...KEYS),
		value: fc.constantFrom(...VALUES),
	}),
	{ minLength: 1, maxLength: 4 },
);

type Container = Record<string, unknown>;

/** A copy of `good` with the edits made in it; never touches a prototype itself. */
export function damaged(good: unknown, changes: readonly Edit[]): unknown {
	const root = { value: JSON.parse(JSON.stringify(good)) as unknown };
	for (const { at, kind, key, value } of changes) {
		const places = placesIn(root);
		const [holder, name] = places[at % places.length] as [Container, string];
		const hostile = JSON.parse(value) as unknown;
		if (kind === 'replace') put(holder, name, hostile);
		else if (kind === 'add') put(holder[name] as Container, key, hostile);
		else if (kind === 'remove' && holder !== root) remove(holder, name);
		else put(holder, name, valueAt(places[(at >> 3) % places.length]));
	}
	return root.value;
}

function valueAt(place: [Container, string] | undefined): unknown {
	return place && Object.hasOwn(place[0], place[1]) ? place[0][place[1]] : null;
}

function remove(holder: Container, name: string): void {
	if (Array.isArray(holder)) holder.splice(Number(name), 1);
	else delete holder[name];
}

function put(holder: unknown, key: string, value: unknown): void {
	if (typeof holder !== 'object' || holder === null) return;
	if (Array.isArray(holder) && !/^\d+$/.test(key)) return;
	// the same object twice would make a circle, which no JSON has
	const copy = JSON.parse(JSON.stringify(value)) as unknown;
	Object.defineProperty(holder, key, {
		value: copy,
		enumerable: true,
		configurable: true,
		writable: true,
	});
}

/** Every place that holds a value, with its holder; a few hundred at most. */
function placesIn(root: Container): [Container, string][] {
	const places: [Container, string][] = [];
	const waiting: Container[] = [root];
	for (let holder = waiting.pop(); holder && places.length < 500; holder = waiting.pop()) {
		for (const key of Object.keys(holder).slice(0, 100)) {
			places.push([holder, key]);
			const value = holder[key];
			if (typeof value === 'object' && value !== null) waiting.push(value as Container);
		}
	}
	return places;
}

/** Of one test. Far above what it takes, because the machine may be busy with others. */
export const FUZZ_TIMEOUT_MS = 180_000;
/** Between two turns of the event loop, so that the test runner hears from its worker. */
const RUNS_AT_ONCE = 1_000;

export async function fuzz<T>(
	input: fc.Arbitrary<T>,
	numRuns: number,
	check: (input: T) => void,
): Promise<void> {
	for (let left = numRuns; left > 0; left -= RUNS_AT_ONCE) {
		fc.assert(fc.property(input, check), { numRuns: Math.min(left, RUNS_AT_ONCE) });
		await new Promise((resolve) => setImmediate(resolve));
	}
}

const INHERITED = Object.getOwnPropertyNames(Object.prototype).sort().join();
const INHERITED_OF_LISTS = Object.getOwnPropertyNames(Array.prototype).sort().join();

export function expectNoPollution(): void {
	if (Object.getOwnPropertyNames(Object.prototype).sort().join() !== INHERITED)
		throw new Error('Object.prototype was changed.');
	if (Object.getOwnPropertyNames(Array.prototype).sort().join() !== INHERITED_OF_LISTS)
		throw new Error('Array.prototype was changed.');
}

/** Far more than any one sentence of ours, far less than an input that is repeated whole. */
const LONGEST_TEXT = 5_000;

/**
 * Runs a reader of hostile input: only a RouterError may come out (or `expected`), with texts of bounded length, and
 * nothing that every object inherits may have changed.
 * @returns what it returned, or undefined where it refused
 */
export function refusesOrReturns<T>(
	read: () => T,
	expected: (error: unknown) => boolean = () => false,
): T | undefined {
	try {
		return read();
	} catch (error) {
		if (expected(error)) return undefined;
		if (!(error instanceof RouterError)) throw error;
		expect(error.message.length).toBeLessThan(LONGEST_TEXT);
		expect(error.hint.length).toBeLessThan(LONGEST_TEXT);
		for (const { path, message, hint } of error.problems)
			if (path.length + message.length + hint.length > LONGEST_TEXT)
				throw new Error(
					`A problem of ${path.length}, ${message.length}, ${hint.length} characters.`,
				);
		return undefined;
	} finally {
		expectNoPollution();
	}
}

/** What a reader makes of an input may be larger than it, but only so much. */
export function expectBounded(output: unknown, input: unknown, factor = 10): void {
	const size = (value: unknown): number => JSON.stringify(value)?.length ?? 0;
	if (size(output) > factor * size(input) + 20_000)
		throw new Error(`${size(output)} characters from ${size(input)}.`);
}
