/** From a plan to the items of the three outputs. */
import type { IDataObject, INodeExecutionData } from 'n8n-workflow';

import type { RouterError } from '../../lib/errors';
import type {
	Assignment,
	BatchPlan,
	PlannedSelection,
	RefusedJob,
} from '../../lib/optimizer/types';

/** In the order in which the jobs start; those of one server in its running order. */
export function plannedItems(
	items: readonly INodeExecutionData[],
	itemIndices: readonly number[],
	plan: BatchPlan,
	selections: readonly PlannedSelection[],
): INodeExecutionData[] {
	const places = new Map<number, IDataObject>();
	for (const { assignments } of plan.servers) {
		assignments.forEach((one, position) =>
			places.set(one.index, placeOf(one, position, assignments.length)),
		);
	}
	return selections.map(({ index, selection }) =>
		withItem(items, itemIndices[index] ?? 0, {
			job_id: selection.job_id,
			model_name: selection.model_name,
			preset: selection.preset,
			server: selection.server,
			selection_reason: selection.selection_reason,
			selection: selection as unknown as IDataObject,
			plan: places.get(index) ?? {},
		}),
	);
}

function placeOf(one: Assignment, position: number, all: number): IDataObject {
	const { start_seconds, finish_seconds, load_seconds, run_seconds, cost, quality, late } = one;
	return {
		...{ position: position + 1, jobs_on_server: all, start_seconds, finish_seconds },
		...{ load_seconds, run_seconds, cost, quality, late },
	};
}

export function refusedItem(
	items: readonly INodeExecutionData[],
	itemIndex: number,
	{ job_id, code, message, hint }: Omit<RefusedJob, 'index' | 'code'> & { code: string },
): INodeExecutionData {
	return withItem(items, itemIndex, {
		job_id,
		model_name: null,
		selection_reason: message,
		rejection: { code, message, hint },
	});
}

export function unreadableItem(
	items: readonly INodeExecutionData[],
	itemIndex: number,
	{ code, message, hint }: RouterError,
): INodeExecutionData {
	return refusedItem(items, itemIndex, { job_id: null, code, message, hint });
}

function withItem(
	items: readonly INodeExecutionData[],
	itemIndex: number,
	more: IDataObject,
): INodeExecutionData {
	const item = items[itemIndex];
	return {
		json: { ...item?.json, ...more },
		...(item?.binary ? { binary: item.binary } : {}),
		pairedItem: { item: itemIndex },
	};
}

/** One item about the whole: does it hold, what it costs, who does what, and what other budgets would bring. */
export function summaryItem(plan: BatchPlan, items: number): INodeExecutionData {
	const servers = plan.servers.map(({ assignments, ...server }) => ({
		...server,
		jobs: assignments.length,
	}));
	const refused = countByCode(plan.refused);
	return {
		json: { ...plan, servers, refused } as unknown as IDataObject,
		pairedItem: Array.from({ length: items }, (_item, item) => ({ item })),
	};
}

function countByCode(refused: readonly RefusedJob[]): IDataObject {
	const counts: Record<string, number> = {};
	for (const { code } of refused) counts[code] = (counts[code] ?? 0) + 1;
	return counts;
}
