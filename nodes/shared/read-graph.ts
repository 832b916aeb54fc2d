/** Finds the user's own graph for one item. Its checks are the library's. */
import type { IExecuteFunctions } from 'n8n-workflow';

import { RouterError } from '../../lib/errors';
import type { ApiGraph } from '../../lib/workflow/graph';
import { parseGraph } from '../../lib/workflow/parse-graph';
import { jsonParameter, valueAt } from './fields';

/**
 * @returns undefined where no graph is to be filled in
 * @throws RouterError WORKFLOW_UI_FORMAT, WORKFLOW_INVALID
 */
export function readGraph(context: IExecuteFunctions, itemIndex: number): ApiGraph | undefined {
	const given = givenGraph(context, itemIndex);
	return given === undefined ? undefined : parseGraph(given);
}

function givenGraph(context: IExecuteFunctions, itemIndex: number): unknown {
	const from = context.getNodeParameter('workflowFrom', itemIndex, 'none') as string;
	if (from === 'json') {
		return jsonParameter(context.getNodeParameter('workflowJson', itemIndex), 'Workflow JSON');
	}
	if (from !== 'field') return undefined;
	const path = context.getNodeParameter('workflowField', itemIndex, '') as string;
	const value = valueAt(context.getInputData()[itemIndex]?.json, path);
	if (value !== undefined) return jsonParameter(value, `The field "${path}"`);
	throw new RouterError({
		code: 'WORKFLOW_INVALID',
		message: `The item has no field "${path}" with a workflow.`,
		hint: 'Check Workflow Field; dots lead into objects, as in body.graph.',
	});
}
