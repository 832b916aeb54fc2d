/**
 * Logs what jobs planned and what they really took. Owns where the figures come from and that no row is lost: a run
 * whose record cannot be had is logged with its wall time and says why. Each input has its own result.
 */
import { RouterError } from '../lib/errors';
import type { Clock, ComfyUiPort, UsageStore } from '../lib/ports';
import {
	plannedRow,
	type UsageContext,
	withGiven,
	withStamps,
	withWallTime,
} from '../lib/usage/build-row';
import { type GivenUsage, parseGivenUsage } from '../lib/usage/given';
import { checkUsageRows, usageInvalid } from '../lib/usage/row';
import { readSelectionFacts, type SelectionFacts } from '../lib/usage/selection-facts';
import type { TimingSource, UsageReceipt, UsageRow, UsageStatus } from '../lib/usage/types';
import { eachLimited } from './each-limited';
import { findHistory, type HistoryOutcome } from './find-history';

export interface LogUsageInput {
	/** What `select` returned, as JSON. */
	selection: unknown;
	/** Where the times come from. */
	timing: TimingSource;
	context: UsageContext;
	/** How it ended, where the caller knows better than ComfyUI. */
	status?: UsageStatus | null;
	/** Figures of the caller; they win over every other source. */
	given?: unknown;
	/** Name of the server that ran it, where it is not the selection's. */
	server?: string | null;
}

export type LogUsageResult =
	| { logged: true; row: UsageRow; receipt: UsageReceipt; note: string | null }
	| { logged: false; error: RouterError };

export interface LogUsagePorts {
	store: Pick<UsageStore, 'recordUsage'>;
	/** Asked for the runs' records, where `timing` is `comfyui`. */
	servers?: readonly ComfyUiPort[];
	clock: Clock;
}

export interface LogUsageOptions {
	/** Wait this long for runs that have not ended, ms. Default 0. */
	waitMs?: number;
	/** Records asked for at the same time. Default 8. */
	concurrency?: number;
	signal?: AbortSignal;
}

interface Prepared {
	row: UsageRow;
	note: string | null;
}

/**
 * @returns one result per input, in order; an input that cannot be logged does not keep the others from it
 * @throws RouterError POSTGRES_* when the store fails: then all can be logged again, nothing is written twice
 */
export async function logUsage(
	ports: LogUsagePorts,
	inputs: readonly LogUsageInput[],
	options: LogUsageOptions = {},
): Promise<LogUsageResult[]> {
	const prepared = await eachLimited(inputs, options.concurrency ?? 8, (input) =>
		prepare(ports, input, options),
	);
	const good = prepared.filter((one): one is Prepared => !(one instanceof RouterError));
	const receipts = await ports.store.recordUsage(good.map((one) => one.row));
	let next = 0;
	return prepared.map((one): LogUsageResult => {
		if (one instanceof RouterError) return { logged: false, error: one };
		const receipt = receipts[next++] as UsageReceipt;
		return { logged: true, row: { ...one.row, attempt: receipt.attempt }, receipt, note: one.note };
	});
}

async function prepare(
	ports: LogUsagePorts,
	input: LogUsageInput,
	options: LogUsageOptions,
): Promise<Prepared | RouterError> {
	try {
		const facts = readSelectionFacts(input.selection);
		const given = parseGivenUsage(input.given);
		const measured = await measure(ports, input, facts, options);
		const row = finish(measured.row, input, facts, given);
		const checked = checkUsageRows([row]);
		if (checked.problems.length > 0) return usageInvalid(checked.problems);
		return { row: checked.rows[0] as UsageRow, note: measured.note };
	} catch (error) {
		if (error instanceof RouterError) return error;
		throw error;
	}
}

function finish(
	row: UsageRow,
	input: LogUsageInput,
	facts: SelectionFacts,
	given: GivenUsage,
): UsageRow {
	const status = input.status ?? given.status;
	const corrected = status && status !== row.status ? withStatus(row, status) : row;
	const named = input.server ? { ...corrected, server: input.server } : corrected;
	return withGiven(named, facts, status ? { ...given, status } : given);
}

function withStatus(row: UsageRow, status: UsageStatus): UsageRow {
	const wasPlan = row.timing_source === null;
	return {
		...row,
		status,
		on_time: wasPlan ? row.on_time : status === 'success' ? row.on_time : false,
	};
}

async function measure(
	ports: LogUsagePorts,
	input: LogUsageInput,
	facts: SelectionFacts,
	options: LogUsageOptions,
): Promise<Prepared> {
	const row = plannedRow(facts, input.context);
	if (facts.decision === 'rejected' || input.timing === 'given') return { row, note: null };
	const nowMs = ports.clock.nowMs();
	if (input.timing === 'wall') {
		const status = input.status ?? 'success';
		return { row: withWallTime(row, facts, nowMs, { status }), note: null };
	}
	const promptId = input.context.promptId;
	if (!promptId) throw missingPrompt();
	const servers = likelyServers(
		ports.servers ?? [],
		input.server ?? facts.server,
		facts.server_url,
	);
	if (servers.length === 0) throw unknownServer(input.server ?? facts.server ?? null);
	const outcome = await findHistory(servers, promptId, ports.clock, options);
	if (outcome.found) {
		return { row: withStamps(row, facts, outcome.entry, ports.clock.nowMs()), note: null };
	}
	return withoutRecord(row, facts, input, outcome, ports.clock.nowMs());
}

/** The run's end is not known: its wall time is logged, and the row says that and why. */
function withoutRecord(
	row: UsageRow,
	facts: SelectionFacts,
	input: LogUsageInput,
	outcome: HistoryOutcome & { found: false },
	nowMs: number,
): Prepared {
	const [errorCode, note] = WITHOUT_RECORD[outcome.why];
	if (input.status) {
		return { row: withWallTime(row, facts, nowMs, { status: input.status }), note };
	}
	const status = outcome.why === 'pending' ? 'timeout' : 'error';
	return { row: withWallTime(row, facts, nowMs, { status, errorCode, errorMessage: note }), note };
}

const WITHOUT_RECORD: Record<'pending' | 'unknown' | 'unreachable', [string, string]> = {
	pending: [
		'COMFYUI_TIMEOUT',
		'The prompt had not ended when it was logged; the time is the wall time until then.',
	],
	unknown: [
		'COMFYUI_PROMPT_UNKNOWN',
		'The server does not know the prompt (restarted, or its history was cleared); the time is the wall time.',
	],
	unreachable: [
		'COMFYUI_UNREACHABLE',
		'The server did not answer, so how the prompt ended is not known; the time is the wall time.',
	],
};

/** The named server alone where it is among them; else by address; else all of them. */
function likelyServers(
	servers: readonly ComfyUiPort[],
	name: string | null | undefined,
	url: string | null | undefined,
): readonly ComfyUiPort[] {
	const byName = servers.filter((server) => server.name === name);
	if (byName.length > 0) return byName;
	const byUrl = servers.filter((server) => url && server.url === url.replace(/\/+$/, ''));
	return byUrl.length > 0 ? byUrl : servers;
}

function missingPrompt(): RouterError {
	return new RouterError({
		code: 'USAGE_INVALID',
		message: 'The prompt_id is missing, so ComfyUI cannot be asked for its times.',
		hint: 'Pass on the prompt_id that POST /prompt answered, or take the times from given fields or since the selection.',
	});
}

function unknownServer(name: string | null): RouterError {
	return new RouterError({
		code: 'USAGE_INVALID',
		message: `No ComfyUI server is given to ask for the times of a run on ${name ?? 'an unnamed server'}.`,
		hint: 'Add the server to the ComfyUI credential, or take the times from given fields or since the selection.',
	});
}
