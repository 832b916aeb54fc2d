/** /history. */
import { empty, json } from '../http';
import { type EndedPrompt, historyEntry } from '../history';
import type { Route } from '../router';

export const historyRoutes: Route[] = [
	{
		method: 'GET',
		pattern: /^\/history$/,
		handle: ({ query }, { history }) => {
			const maxItems = integerOf(query.get('max_items'));
			const offset = integerOf(query.get('offset')) ?? -1;
			return json(shown(page(history.all(), maxItems, offset)));
		},
	},
	{
		method: 'GET',
		pattern: /^\/history\/([^/]+)$/,
		handle: ({ params }, { history }) => {
			const ended = history.get(params[0] ?? '');
			return json(ended ? shown([ended]) : {});
		},
	},
	{
		method: 'POST',
		pattern: /^\/history$/,
		handle: async (context, { history }) => {
			const body = (await context.json()) as { clear?: unknown; delete?: unknown };
			if (body.clear) history.clear();
			if (Array.isArray(body.delete))
				for (const promptId of body.delete) history.delete(String(promptId));
			return empty();
		},
	},
];

/** The last `maxItems` unless an offset says from where. */
function page(entries: EndedPrompt[], maxItems: number | null, offset: number): EndedPrompt[] {
	const start =
		offset < 0 && maxItems !== null ? Math.max(0, entries.length - maxItems) : Math.max(0, offset);
	return entries.slice(start, maxItems === null ? undefined : start + maxItems);
}

function shown(entries: EndedPrompt[]): Record<string, unknown> {
	return Object.fromEntries(entries.map((ended) => [ended.prompt.promptId, historyEntry(ended)]));
}

/** @throws RangeError where Python's int() would raise (ends as a 500, as in ComfyUI) */
function integerOf(value: string | null): number | null {
	if (value === null) return null;
	if (!/^\s*[+-]?\d+\s*$/.test(value)) throw new RangeError('not an integer');
	return Number(value);
}
