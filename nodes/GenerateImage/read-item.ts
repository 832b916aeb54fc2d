/** From the parameters of one item to a job. Leaves every check of the request to the router. */
import type { IExecuteFunctions } from 'n8n-workflow';

import { RouterError } from '../../lib/errors';
import type { BindingOverrides, NodeChoice } from '../../lib/workflow/bindings';
import { BINDING_NAMES } from '../../lib/workflow/input-ref';
import type { GenerateItem } from '../../service/generate';
import { isRecord, jsonParameter } from '../shared/fields';
import { readGraph } from '../shared/read-graph';
import { type RawRequest, readRequest } from '../shared/read-request';
import { readInputFiles } from './input-files';
import { type Options, readOptions } from './read-options';

/** @throws RouterError, or n8n's own error where an expression fails */
export function readItem(
	context: IExecuteFunctions,
	itemIndex: number,
	defaultJobId: string,
): GenerateItem {
	const workflow = readGraph(context, itemIndex);
	const options = readOptions(context, itemIndex);
	return {
		...whatToRun(context, itemIndex, defaultJobId, options),
		...(workflow ? { workflow, overrides: readOverrides(context, itemIndex) } : {}),
		...readInputFiles(context, itemIndex, options),
	};
}

function whatToRun(
	context: IExecuteFunctions,
	itemIndex: number,
	defaultJobId: string,
	{ explain = false, ifLate }: Options,
): Pick<GenerateItem, 'request' | 'selection'> {
	if (context.getNodeParameter('requestFrom', itemIndex) === 'selection') {
		return { selection: readSelection(context, itemIndex) };
	}
	const request = readRequest(context, itemIndex, defaultJobId);
	return {
		request: {
			...request,
			...deadlineOf(context, itemIndex, request),
			explain: request.explain ?? explain,
			if_late: request.if_late ?? ifLate,
		},
	};
}

function readSelection(context: IExecuteFunctions, itemIndex: number): unknown {
	const value = context.getNodeParameter('selection', itemIndex, '');
	const selection = value === '' ? undefined : jsonParameter(value, 'Selection');
	if (isRecord(selection)) return selection;
	throw new RouterError({
		code: 'REQUEST_INVALID',
		message: 'The item has no selection.',
		hint: "Put Select Model before this node, or set Selection to {{ $('Select Model').item.json.selection }}.",
	});
}

function deadlineOf(
	context: IExecuteFunctions,
	itemIndex: number,
	request: RawRequest,
): { deadline_seconds?: number } {
	const seconds = Number(context.getNodeParameter('targetSeconds', itemIndex, 0));
	const hasOwn = request.deadline_seconds != null || request.deadline_at != null;
	return seconds > 0 && !hasOwn ? { deadline_seconds: seconds } : {};
}

/** Several places of one role are kept in their order. */
function readOverrides(context: IExecuteFunctions, itemIndex: number): BindingOverrides {
	const { places = [] } = context.getNodeParameter('bindings', itemIndex, {}) as {
		places?: { role?: string; node?: string | number; input?: string }[];
	};
	const overrides: BindingOverrides = {};
	for (const { role, node, input } of places) {
		if (String(node ?? '') === '') continue;
		const choice: NodeChoice = { node: String(node), ...(input ? { input } : {}) };
		const name = BINDING_NAMES.find((known) => known === role);
		if (name) overrides[name] = [...[overrides[name] ?? []].flat(), choice];
		else if (role === 'sampler' || role === 'model') overrides[role] = choice;
	}
	return overrides;
}
