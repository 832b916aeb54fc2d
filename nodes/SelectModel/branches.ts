/**
 * Branches of Select Model: outputs of their own for some models. They come after Selected and Rejected, so that a workflow which gets
 * one keeps its connections.
 */
import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';

import type { Catalog } from '../../lib/catalog/schema';
import type { Selection } from '../../lib/selection/types';
import { locatorValue } from '../shared/fields';
import { withList } from '../shared/with-list';

/** Outputs before the branches. */
export const SELECTED = 0;
export const REJECTED = 1;
const FIRST_BRANCH = 2;

/** No expressions: the outputs are on the canvas before there is an item. */
export const branchesProperty: INodeProperties = {
	displayName: 'Branches',
	name: 'branches',
	type: 'fixedCollection',
	noDataExpression: true,
	typeOptions: { multipleValues: true, sortable: true },
	placeholder: 'Add Branch',
	default: {},
	description:
		'Outputs of their own for some models, where they need other ComfyUI nodes than the rest. What no branch takes goes to the first output.',
	options: [
		{
			displayName: 'Branch',
			name: 'values',
			values: [
				{
					...withList('searchBranches', 'e.g. flux'),
					displayName: 'Model or Family',
					name: 'of',
					noDataExpression: true,
					required: true,
					description:
						'Which selections go here: those of this model, or of all models of this family',
				},
			],
		},
	],
};

/**
 * Evaluated by n8n, in the editor and where an output is looked up while a workflow runs. A fault in it would leave the node without
 * outputs: it takes whatever an older version or a hand-written workflow has there.
 */
export const outputsExpression = `={{ (() => {
	const branches = [].concat(($parameter["branches"] || {}).values || []);
	const nameOf = (model) => String((model && typeof model === "object" ? model.value : model) || "");
	return ["Selected", "Rejected"]
		.map((name, index) => (index === 0 && branches.length > 0 ? "Others" : name))
		.concat(branches.map((branch, index) => nameOf((branch || {}).of) || "Branch " + (index + 1)))
		.map((displayName) => ({ type: "main", displayName }));
})() }}`;

/** What each branch takes, in the order of their outputs. */
export function readBranches(context: IExecuteFunctions): string[] {
	const { values = [] } = context.getNodeParameter('branches', 0, {}) as {
		values?: { of?: unknown }[];
	};
	return values.map(({ of }) => String(locatorValue(of) ?? ''));
}

/** The output of a selection. */
export function outputOf(
	selection: Selection,
	branches: readonly string[],
	{ models }: Catalog,
): number {
	if (selection.decision === 'rejected') return REJECTED;
	const { model_name: name } = selection;
	const family = models.find((model) => model.name === name)?.family;
	const branch = branches.findIndex((wanted) => wanted === name || wanted === family);
	return branch < 0 ? SELECTED : FIRST_BRANCH + branch;
}

/** As many as the node shows. */
export function emptyOutputs<T>(branches: readonly string[]): T[][] {
	return Array.from({ length: FIRST_BRANCH + branches.length }, () => []);
}
