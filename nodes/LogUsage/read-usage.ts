/** Turns the parameters of one item into what is to be logged. Leaves every check of its content to the service. */
import type { IExecuteFunctions } from 'n8n-workflow';

import { RouterError } from '../../lib/errors';
import {
	TIMING_SOURCES,
	type TimingSource,
	USAGE_STATUSES,
	type UsageStatus,
} from '../../lib/usage/types';
import type { LogUsageInput } from '../../service/log-usage';
import { isRecord, jsonParameter, withoutBlanks } from '../shared/fields';

function selectionOf(context: IExecuteFunctions, itemIndex: number): unknown {
	const value = context.getNodeParameter('selection', itemIndex, '');
	const selection = value === '' ? undefined : jsonParameter(value, 'Selection');
	if (isRecord(selection)) return selection;
	throw new RouterError({
		code: 'USAGE_INVALID',
		message: 'The item has no selection.',
		hint: "If a node after Select Model replaced the item, set Selection to {{ $('Select Model').item.json.selection }}.",
	});
}

function textOrNull(value: unknown): string | null {
	return value === undefined || value === null || value === '' ? null : String(value);
}

/** @param defaultJobId the job's id where the selection brings none */
export function readUsage(
	context: IExecuteFunctions,
	itemIndex: number,
	defaultJobId: string,
): LogUsageInput {
	const parameter = (name: string) => context.getNodeParameter(name, itemIndex, undefined as never);
	const timing = TIMING_SOURCES.find((known) => known === parameter('timing')) as TimingSource;
	const status = USAGE_STATUSES.find((known) => known === parameter('status')) as
		UsageStatus | undefined;
	const { server, ...more } = withoutBlanks(
		context.getNodeParameter('additionalFields', itemIndex, {}) as Record<string, unknown>,
	);
	return {
		selection: selectionOf(context, itemIndex),
		timing,
		status: status ?? null,
		server: textOrNull(server),
		given: timing === 'given' ? { actual_seconds: parameter('actualSeconds'), ...more } : more,
		context: {
			jobId: defaultJobId,
			workflowId: textOrNull(context.getWorkflow().id),
			executionId: textOrNull(context.getExecutionId()),
			promptId: textOrNull(parameter('promptId')),
		},
	};
}
