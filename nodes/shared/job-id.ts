/** The default id of a job: the same for every try within an execution, another for every item and turn of a loop. */
import type { IExecuteFunctions } from 'n8n-workflow';

/** What stands before the item's index: execution, node, and the run where a loop runs the node again. */
export function jobIdPrefix(context: IExecuteFunctions): string {
	const run = Number(context.evaluateExpression('{{ $runIndex }}', 0) ?? 0);
	const turn = run > 0 ? `run ${run}/` : '';
	return `${context.getExecutionId()}/${context.getNode().name}/${turn}`;
}
