/**
 * The one way an error leaves a node of ours: as a NodeOperationError that names the item and says what to do.
 * Never passes a cause on: a driver's error may hold headers or a connection string.
 */
import type { IDataObject, INode } from 'n8n-workflow';
import { NodeApiError, NodeOperationError } from 'n8n-workflow';

import { helpLink } from '../../adapters/files/help-link';
import { type Problem, RouterError } from '../../lib/errors';

const SHOWN_PROBLEMS = 20;

function problemLine(problem: Problem): string {
	return `${problem.path || '(root)'}: ${problem.message} ${problem.hint}`.trim();
}

function descriptionOf(error: RouterError): string {
	return `${adviceOf(error)}\nMore: ${helpLink(error.code)}`;
}

function adviceOf(error: RouterError): string {
	if (error.problems.length < 2) return error.hint;
	const lines = error.problems.slice(0, SHOWN_PROBLEMS).map(problemLine);
	const hidden = error.problems.length - lines.length;
	return [...lines, ...(hidden > 0 ? [`and ${hidden} more`] : [])].join('\n');
}

/** Maps anything thrown inside a node to what n8n shows; an n8n error passes unchanged. */
export function toNodeError(
	node: INode,
	error: unknown,
	itemIndex?: number,
): NodeOperationError | NodeApiError {
	if (error instanceof NodeOperationError || error instanceof NodeApiError) return error;
	if (error instanceof RouterError) {
		return withMessage(
			new NodeOperationError(node, error.message, {
				itemIndex,
				description: descriptionOf(error),
				level: 'warning',
			}),
			error.message,
		);
	}
	return new NodeOperationError(node, error instanceof Error ? error.message : String(error), {
		itemIndex,
		description: foreignDescription(error),
	});
}

/** n8n replaces a message that holds a system code (ECONNREFUSED) by a general one, which names no server. */
function withMessage(shown: NodeOperationError, message: string): NodeOperationError {
	shown.message = message;
	shown.messages = [];
	return shown;
}

/** n8n's own errors (an expression that fails, a missing credential) explain themselves; others are ours to fix. */
function foreignDescription(error: unknown): string {
	const { description, name, message } = (error ?? {}) as Record<string, unknown>;
	if (typeof description === 'string' && description !== '') return description;
	if (/any credentials?\s+set|credentials? with ID/i.test(String(message)))
		return 'Choose a credential at the top of the node, or create one there.';
	if (/Expression|User|Operational|Application/.test(String(name)))
		return 'Check the parameters of the node.';
	return `This is a fault of the node itself. Please report it with the steps that led here.\nMore: ${helpLink('INTERNAL')}`;
}

/** An error as data, for items that come out although they failed. */
export function errorDetails(error: unknown): IDataObject {
	if (!(error instanceof RouterError)) return { code: 'INTERNAL', help: helpLink('INTERNAL') };
	const problems = error.problems.slice(0, SHOWN_PROBLEMS).map((problem) => ({ ...problem }));
	return {
		code: error.code,
		hint: error.hint,
		help: helpLink(error.code),
		...(problems.length > 0 ? { problems } : {}),
	};
}
