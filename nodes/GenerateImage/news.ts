/** What a person who watches the editor is told: while it runs, and at the end. Owns that steps do not flood the console. */
import type { IExecuteFunctions } from 'n8n-workflow';

import { formatSeconds } from '../../lib/units';
import type { GenerateResult, ProgressEvent } from '../../service/generate';
import { toNodeError } from '../shared/to-node-error';
import { isDone, type Outcome } from './result-items';

const QUARTERS = 4;

/** Says each change once; of the steps, every quarter. */
export function progressTeller(
	context: IExecuteFunctions,
	itemOf: (index: number) => number,
): (event: ProgressEvent) => void {
	const last = new Map<number, string>();
	return (event) => {
		const line = lineOf(event);
		if (last.get(event.index) === line) return;
		last.set(event.index, line);
		// shown in the browser's console of whoever runs the workflow by hand
		context.sendMessageToUI?.(`Item ${itemOf(event.index)}: ${line}`);
	};
}

function lineOf(event: ProgressEvent): string {
	switch (event.phase) {
		case 'waiting':
			return event.expected_start_seconds === null
				? `waiting: ${event.reason}`
				: `waiting, expected to start in ${formatSeconds(Math.round(event.expected_start_seconds))}`;
		case 'submitted':
			return `submitted to ${event.server}: ${event.model_name} / ${event.preset}, prompt ${event.prompt_id}`;
		case 'running':
			if (event.value === null || event.max === null) return `running on ${event.server}`;
			return `running on ${event.server}, ${quarter(event.value, event.max)} %`;
		case 'retry':
			return `again: ${event.reason}`;
		case 'ended':
			return event.status === 'failed' ? `failed: ${event.reason}` : event.status;
	}
}

function quarter(value: number, max: number): number {
	return (Math.floor((value / Math.max(1, max)) * QUARTERS) * 100) / QUARTERS;
}

/** Summaries at the node's output; older versions of n8n do not have the method. */
export function showHints(context: IExecuteFunctions, outcomes: readonly Outcome[]): void {
	const results = outcomes.flatMap(({ result }) => (result ? [result] : []));
	const failed = outcomes.filter((outcome) => !isDone(outcome));
	const messages = [
		failed[0] &&
			`Failed: ${failed.length} of ${outcomes.length}. First: ${reasonOf(context, failed[0])}`,
		first(results, 'Quality given up', (result) => result.status === 'done' && result.degraded),
		first(results, 'Late', (result) => result.status === 'done' && result.on_time === false),
		notLogged(results),
		withoutPlace(results),
	].filter((message): message is string => typeof message === 'string');
	showNotices(context, messages);
}

/** What the decisions went without: reservations of others, quotas. */
export function showNotices(context: IExecuteFunctions, messages: readonly string[]): void {
	for (const message of messages) {
		context.addExecutionHints?.({ message, type: 'warning', location: 'outputPane' });
	}
}

function reasonOf(context: IExecuteFunctions, { error }: Outcome): string {
	return toNodeError(context.getNode(), error).message;
}

function first(
	results: readonly GenerateResult[],
	what: string,
	holds: (result: GenerateResult) => boolean,
): string | null {
	const found = results.filter(holds);
	return found[0]
		? `${what}: ${found.length} of ${results.length}. First: ${found[0].reason}`
		: null;
}

function notLogged(results: readonly GenerateResult[]): string | null {
	const errors = results.flatMap((result) => result.log_errors);
	return errors[0] ? `Attempts not logged: ${errors.length}. ${errors[0].message}` : null;
}

function withoutPlace(results: readonly GenerateResult[]): string | null {
	const names = results.flatMap(({ attempts }) => attempts.flatMap((attempt) => attempt.unbound));
	if (names.length === 0) return null;
	return `The workflow has no place for: ${[...new Set(names)].join(', ')}. Set Places in the Workflow, or leave it.`;
}
