/**
 * Limits of size that an untrusted JSON value must keep before anything else looks at it, so that checking costs
 * bounded time and memory whatever was sent. Knows no schema.
 */
import type { Problem } from '../errors';
import { formatPath } from './problems';

export interface Bounds {
	/** Deepest nesting of lists and objects. */
	maxDepth: number;
	/** Most entries of one list. */
	maxEntries: number;
	/** Most values in total. */
	maxValues: number;
}

const FORBIDDEN_KEYS = ['__proto__', 'constructor'];

/**
 * @returns what is too large or could not come from harmless JSON (own `__proto__` and `constructor` keys change what
 * readers take an object for); empty when the value may be checked further. Visits at most `maxValues` values, cyclic input included.
 */
export function boundsProblems(input: unknown, bounds: Bounds): Problem[] {
	const problems: Problem[] = [];
	const waiting: Array<{ value: unknown; path: PropertyKey[] }> = [{ value: input, path: [] }];
	let visited = 0;
	for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
		const { value, path } = next;
		visited++;
		if (typeof value !== 'object' || value === null) continue;
		const fault = faultOf(value, path, visited + waiting.length, bounds);
		if (fault !== null) problems.push(fault);
		// what is too large is not looked into: one fault says enough
		if (fault !== null && fault.stop) {
			if (fault.all) break;
			continue;
		}
		if (Array.isArray(value))
			value.forEach((entry, index) => waiting.push({ value: entry, path: [...path, index] }));
		else for (const key of Object.keys(value)) push(waiting, value, key, path);
	}
	return problems.map(({ path, message, hint }) => ({ path, message, hint }));
}

function push(
	waiting: Array<{ value: unknown; path: PropertyKey[] }>,
	object: object,
	key: string,
	path: PropertyKey[],
): void {
	if (FORBIDDEN_KEYS.includes(key)) return;
	waiting.push({ value: (object as Record<string, unknown>)[key], path: [...path, key] });
}

interface Fault extends Problem {
	/** Nothing below is looked at. */
	stop: boolean;
	/** Nothing at all is looked at any more. */
	all: boolean;
}

function faultOf(value: object, path: PropertyKey[], seen: number, bounds: Bounds): Fault | null {
	const at = formatPath(path.slice(0, 12));
	const size = Array.isArray(value) ? value.length : Object.keys(value).length;
	if (size > bounds.maxEntries) {
		return {
			path: at,
			message: `has ${size} entries, more than the ${bounds.maxEntries} that are accepted`,
			hint: `Keep at most ${bounds.maxEntries} entries here.`,
			stop: true,
			all: false,
		};
	}
	if (path.length >= bounds.maxDepth) {
		return {
			path: at,
			message: `is nested deeper than ${bounds.maxDepth} levels`,
			hint: 'Check for a file that was pasted into itself; no such depth is needed.',
			stop: true,
			all: true,
		};
	}
	if (seen + size > bounds.maxValues) {
		return {
			path: '',
			message: `has more than ${bounds.maxValues} values`,
			hint: 'Split the file, or remove what is not used.',
			stop: true,
			all: true,
		};
	}
	const forbidden = FORBIDDEN_KEYS.find((key) => Object.hasOwn(value, key));
	if (forbidden !== undefined) {
		return {
			path: formatPath([...path, forbidden]),
			message: 'has a key that is not allowed',
			hint: `Remove the key "${forbidden}".`,
			stop: false,
			all: false,
		};
	}
	return null;
}
